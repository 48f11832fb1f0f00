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
  if (gate.alarm !== null && at >= gate.alarm.at && !idle) return;
  gate.alarm?.timer.unsubscribe();
  gate.alarm = null;
  if (at === Infinity) return;
  const delay = Math.min(Math.max(0, Math.ceil(at - clock.now())), longestDelay);
  const timer = clock.schedule(() => {
    ring(gate);
  }, delay);
  gate.alarm = { at, timer };
}

/** Gives a lease that is not renewed its end. */
export function endIn(gate: InMemory, lease: Ticket, ms: number): void {
  lease.more().until = gate.env.clock.now() + ms;
  arm(gate);
}

function wakesAt(gate: InMemory): number {
  const { policy, line } = gate;
  const { head } = line;
  let at = line.breaksAt;
  if (head !== null) {
    // A joint request may be due here and wait for another gate: that one will wake it, and this one has no more to do.
    const now = head.extras?.joint ? (gate.seen = gate.env.clock.now()) : -Infinity;
    const opens = policy.timed ? policy.opensAt(head.waiter.ask.cost, gate.seen, line.size) : Infinity;
    if (gate.pausedUntil !== null && gate.pausedUntil > now) at = Math.min(at, gate.pausedUntil);
    else if (opens > now) at = Math.min(at, opens);
  }
  if (!gate.lapses) return at;
  for (let { held } = gate; held !== null; held = held.next) at = Math.min(at, held.extras!.until);
  return at;
}

function ring(gate: InMemory): void {
  gate.alarm = null;
  const now = gate.env.clock.now();
  begin();
  try {
    if (gate.line.breaksAt <= now) {
      const { parties, timeout } = gate.settings as BarrierSpec;
      breakBarrier(gate, `only ${gate.line.size} of ${parties} arrived in ${span(timeout)}`);
    }
    const lapsed: Ticket[] = [];
    for (let { held } = gate; held !== null; held = held.next) {
      if (held.extras !== null && held.extras.until <= now) lapsed.push(held);
    }
    for (const ticket of lapsed) if (ticket.state === HELD) lose(gate, ticket, 'expired');
    gate.turn();
  } finally {
    end();
  }
}
