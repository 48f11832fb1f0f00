import type { Ticket } from './port.ts';

/** A doubly linked list through the tickets themselves: everything but a late priority is O(1). */
export class Line {
  head: Ticket | null = null;
  tail: Ticket | null = null;
  size = 0;
  /** How many of them are parts of requests for several gates. */
  joints = 0;

  /** Joins behind everybody of the same or a higher priority. */
  join(ticket: Ticket): void {
    const { priority } = ticket.waiter.ask;
    let before = this.tail;
    while (before !== null && before.waiter.ask.priority < priority) before = before.prev;
    this.insert(ticket, before);
  }

  private insert(ticket: Ticket, before: Ticket | null): void {
    const after = before === null ? this.head : before.next;
    ticket.prev = before;
    ticket.next = after;
    if (before === null) this.head = ticket;
    else before.next = ticket;
    if (after === null) this.tail = ticket;
    else after.prev = ticket;
    this.size++;
    if (ticket.extras?.joint) this.joints++;
  }

  remove(ticket: Ticket): void {
    const { prev, next } = ticket;
    if (prev === null) this.head = next;
    else prev.next = next;
    if (next === null) this.tail = prev;
    else next.prev = prev;
    ticket.prev = ticket.next = null;
    this.size--;
    if (ticket.extras?.joint) this.joints--;
  }
}

/** The leases that are held. Newest first: one pointer into the gate instead of two is one write barrier less for each hold. */
export class Leases {
  head: Ticket | null = null;

  add(ticket: Ticket): void {
    const { head } = this;
    ticket.next = head;
    if (head !== null) head.prev = ticket;
    this.head = ticket;
  }

  remove(ticket: Ticket): void {
    const { prev, next } = ticket;
    if (prev === null) this.head = next;
    else prev.next = next;
    if (next !== null) next.prev = prev;
    ticket.prev = ticket.next = null;
  }

  /** Oldest first. */
  all(): Ticket[] {
    const leases: Ticket[] = [];
    for (let ticket = this.head; ticket !== null; ticket = ticket.next) leases.push(ticket);
    return leases.reverse();
  }
}
