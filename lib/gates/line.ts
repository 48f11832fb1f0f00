import type { Ticket } from './port.ts';

/** A doubly linked list through the tickets themselves: everything but a late priority is O(1). */
export class Line {
  head: Ticket | null = null;
  tail: Ticket | null = null;
  size = 0;
  /** How many of them are parts of requests for several gates. */
  joints = 0;
  /** Barriers: when those who wait give up. */
  breaksAt: number = Infinity;

  /** Joins behind everybody of the same or a higher priority. */
  join(ticket: Ticket): void {
    const { priority } = ticket.waiter.ask;
    let before = this.tail;
    while (before !== null && before.waiter.ask.priority < priority) before = before.prev;
    this.insert(ticket, before);
  }

  insert(ticket: Ticket, before: Ticket | null): void {
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
    if (this.head === null) this.breaksAt = Infinity;
    if (ticket.extras?.joint) this.joints--;
  }
}

/** Nobody waits: the line of every gate until somebody does, since most never have one. */
export const nobody: Line = new Line();
