import type { Ticket } from './port.ts';

/** Whose leases: a list through the tickets themselves. Newest first: one pointer into the gate is one write barrier less than two. */
export interface Lender {
  held: Ticket | null;
}

export function lend(lender: Lender, ticket: Ticket): void {
  const { held } = lender;
  ticket.next = held;
  if (held !== null) held.prev = ticket;
  lender.held = ticket;
}

export function takeBack(lender: Lender, ticket: Ticket): void {
  const { prev, next } = ticket;
  if (prev === null) lender.held = next;
  else prev.next = next;
  if (next !== null) next.prev = prev;
  ticket.prev = ticket.next = null;
}

/** Oldest first. */
export function leasesOf(lender: Lender): Ticket[] {
  const leases: Ticket[] = [];
  for (let ticket = lender.held; ticket !== null; ticket = ticket.next) leases.push(ticket);
  return leases.reverse();
}
