/** One timer for each gate, set to whatever comes first: the head's turn, the end of a lease or of a barrier's patience. */
import { begin, end } from '../internal/handover.ts';
import { breakBarrier } from './breakBarrier.ts';
import { span } from './describe.ts';
import type { InMemory } from './inMemory.ts';
import { lose } from './losing.ts';
import { HELD, type Ticket } from './port.ts';
import type { BarrierSpec } from './spec.ts';

/** The longest delay a host timer keeps: a longer one would fire at once. */
const longestDelay = 2 ** 31 - 1;

/** Sets the timer, if it has to ring earlier than it is set to. */
export function arm(gate: InMemory): void {
  const { clock } = gate.env;
  const at = wakesAt(gate);
  // With nobody left to wake, a timer must not keep the process alive; with somebody, an early one only looks again.
  const idle = at === Infinity && gate.line.head === null;
  if (at >= gate.alarmAt && gate.alarm !== null && !idle) return;
  gate.alarm?.unsubscribe();
  gate.alarm = null;
  gate.alarmAt = at;
  if (at === Infinity) return;
  const delay = Math.min(Math.max(0, Math.ceil(at - clock.now())), longestDelay);
  gate.alarm = clock.schedule(() => {
    ring(gate);
  }, delay);
}

/** Gives a lease that is not renewed its end. */
export function endIn(gate: InMemory, lease: Ticket, ms: number): void {
  lease.more().until = gate.env.clock.now() + ms;
  arm(gate);
}

function wakesAt(gate: InMemory): number {
  const { policy, line } = gate;
  const { head } = line;
  let at = gate.breaksAt;
  if (head !== null) {
    // A joint request may be due here and wait for another gate: that one will wake it, and this one has no more to do.
    const now = head.extras?.joint ? (gate.seen = gate.env.clock.now()) : -Infinity;
    const opens = policy.timed ? policy.opensAt(head.waiter.ask.cost, gate.seen, line.size) : Infinity;
    if (gate.pausedUntil > now) at = Math.min(at, gate.pausedUntil);
    else if (opens > now) at = Math.min(at, opens);
  }
  if (gate.lapse === Infinity) return at;
  for (let held = gate.holders.head; held !== null; held = held.next) at = Math.min(at, held.extras!.until);
  return at;
}

function ring(gate: InMemory): void {
  gate.alarm = null;
  gate.alarmAt = Infinity;
  const now = gate.env.clock.now();
  begin();
  try {
    if (gate.breaksAt <= now) {
      const { parties, timeout } = gate.settings as BarrierSpec;
      breakBarrier(gate, `only ${gate.line.size} of ${parties} arrived in ${span(timeout)}`);
    }
    const lapsed: Ticket[] = [];
    for (let held = gate.holders.head; held !== null; held = held.next) {
      if (held.extras !== null && held.extras.until <= now) lapsed.push(held);
    }
    for (const ticket of lapsed) if (ticket.state === HELD) lose(gate, ticket, 'expired');
    gate.turn();
  } finally {
    end();
  }
}
