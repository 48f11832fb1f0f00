/**
 * The rules of every gate as one pure function over plain data: slow, without a timer, a callback or a shared line of code
 * with the places where gates really live. What they do is compared with what it says.
 */
import type { GateSpec } from '../gates/spec.ts';
import type { OracleCommand } from './models/command.ts';
import { inTurn, type GateRecord, type OracleAnswer, type OracleState } from './models/state.ts';
import { transition } from './models/transition.ts';

/**
 * The oracle at time 0, with gates that nobody has used.
 *
 * First come, first served within a priority, and a heavy request at the head is never overtaken. A request for several
 * gates waits in all of their queues and enters when it is first in each and each would admit it.
 *
 * @example Who is next?
 * ```ts
 * const { outcomes } = consult(
 *   oracle(mutex('db')),
 *   { do: 'arrive', id: 'a' },
 *   { do: 'arrive', id: 'b' },
 *   { do: 'advance', to: 5 },
 *   { do: 'release', id: 'a' },
 * );
 * // [{ id: 'a', at: 0, outcome: 'granted', index: 0 }, { id: 'b', at: 5, outcome: 'granted', index: 0 }]
 * ```
 */
export function oracle(...specs: readonly GateSpec[]): OracleState {
  const untouched = (spec: GateSpec): GateRecord => ({
    history: [{ what: 'setting', at: 0, spec }],
    pausedUntil: -Infinity,
    since: null,
  });
  return { now: 0, gates: Object.fromEntries(specs.map((spec) => [spec.name, untouched(spec)])), waiting: [] };
}

/** Tells the oracle what happens, one thing after the other, and asks what comes of it. Pure. */
export function consult(state: OracleState, ...commands: readonly OracleCommand[]): OracleAnswer {
  return inTurn(state, ...commands.map((command) => (now: OracleState) => transition(now, command)));
}
