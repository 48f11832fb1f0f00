/** Reentrant locks: who holds one is let in again, under the same lease. */
import { HELD, released, type Ticket } from './port.ts';

/** Lets in who holds this gate already. */
export function nest(ticket: Ticket, outer: Ticket): void {
  ticket.more().outer = outer;
  outer.more().nested.push(ticket);
  ticket.order = outer.order;
  ticket.state = HELD;
  ticket.waiter.granted(ticket);
}

/** The inner work is over; the lease stays with the outer one. */
export function unnest(ticket: Ticket, outer: Ticket): void {
  const others = outer.more().nested;
  others.splice(others.lastIndexOf(ticket), 1);
  ticket.abort(released);
}
