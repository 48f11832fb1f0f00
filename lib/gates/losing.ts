/** How leases are taken away from those who hold them. */
import { begin, end } from '../internal/handover.ts';
import { tell } from './activity.ts';
import { lostError } from './describe.ts';
import type { InMemory } from './inMemory.ts';
import { leasesOf } from './leases.ts';
import { HELD, OVER, type Ticket } from './port.ts';
import type { LossReason } from './state.ts';

/** Takes a lease away. The account first, then the loser's work is torn down, then the next are told. */
export function lose(gate: InMemory, ticket: Ticket, reason: LossReason, note?: string): void {
  ticket.state = OVER;
  begin();
  try {
    gate.free(ticket);
    if (gate.env.activity !== null) tell(gate, 'lost', ticket, { reason: note ?? reason });
    gate.turn();
    for (const inner of ticket.extras?.nested.toReversed() ?? []) {
      if (inner.state === HELD) drop(inner, reason, note);
    }
    drop(ticket, reason, note);
    if (gate.line.head === null) gate.rest();
  } finally {
    end();
  }
}

/** Tells a holder that its lease is gone. */
function drop(ticket: Ticket, reason: LossReason, note: string | undefined): void {
  ticket.state = OVER;
  ticket.abort(lostError(ticket.waiter, ticket, reason, note));
  ticket.waiter.lost(ticket, reason, note);
}

/** Takes leases of a gate and its keys away, by somebody's order. Returns how many. */
export function forceOut(gate: InMemory, fence: number | 'all', reason: string): number {
  const victims = [gate, ...gate.home.keysOf(gate)]
    .flatMap((each) => leasesOf(each))
    .filter((held) => held.state === HELD && (fence === 'all' || held.fence === fence));
  for (const victim of victims) if (victim.state === HELD) lose(victim.core as InMemory, victim, 'forced', reason);
  return victims.length;
}
