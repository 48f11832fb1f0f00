/** Who enters now, and when somebody may enter next. */
import type { BarrierSpec } from '../../gates/spec.ts';
import { tolerance, type Entry } from './model.ts';
import { modelOf } from './modelOf.ts';
import {
  heldOf,
  queueOf,
  recordOf,
  specOf,
  withRecord,
  type OracleAnswer,
  type OracleOutcome,
  type OracleState,
  type Waiting,
} from './state.ts';

/** Lets in, one after the other, everybody who may enter now. */
export function admitAll(state: OracleState): OracleAnswer {
  const outcomes: OracleOutcome[] = [];
  let current = state;
  for (;;) {
    const group = tripped(current) ?? next(current);
    if (group === null) return { state: current, outcomes };
    const arrived = current.waiting.filter((waiter) => group.includes(waiter));
    outcomes.push(
      ...group.map(
        (one) => ({ id: one.id, at: current.now, outcome: 'granted', index: arrived.indexOf(one) }) as const,
      ),
    );
    current = group.reduce(enter, current);
  }
}

/** The next generation of a barrier that is complete. */
function tripped(state: OracleState): readonly Waiting[] | null {
  for (const [name, record] of Object.entries(state.gates)) {
    const spec = specOf(record);
    if (spec.kind !== 'barrier' || record.pausedUntil > state.now) continue;
    const queue = queueOf(state, name);
    if (queue.length >= spec.parties) return queue.slice(0, spec.parties);
  }
  return null;
}

/** Somebody who is first at all of its gates and whom all of them admit. */
function next(state: OracleState): readonly [Waiting] | null {
  const found = state.waiting.find((waiter) =>
    waiter.gates.every((gate) => {
      const record = recordOf(state, gate);
      const spec = specOf(record);
      return (
        spec.kind !== 'barrier' &&
        record.pausedUntil <= state.now &&
        queueOf(state, gate)[0] === waiter &&
        modelOf(spec).admits(record.history, spec, waiter.cost, state.now)
      );
    }),
  );
  return found ? [found] : null;
}

function enter(state: OracleState, { id, gates, cost }: Waiting): OracleState {
  const left = { ...state, waiting: state.waiting.filter((waiter) => waiter.id !== id) };
  return gates.reduce<OracleState>((current, gate) => {
    const record = recordOf(current, gate);
    const spec = specOf(record);
    if (spec.kind === 'barrier')
      return withRecord(current, gate, { since: queueOf(current, gate).length > 0 ? state.now : null });
    const lapses = 'ttl' in spec && !spec.renew && spec.ttl < Infinity;
    const token = spec.kind === 'limiter' && spec.from === 'dispatch';
    const entry: Entry = {
      what: 'entry',
      id,
      at: state.now,
      cost,
      until: lapses ? state.now + spec.ttl : null,
      end: token ? state.now : null,
      charged: null,
    };
    return withRecord(current, gate, { history: [...record.history, entry] });
  }, left);
}

/** When the barrier breaks unless it is complete before. */
export const breaksAt = (spec: BarrierSpec, since: number | null): number =>
  since === null ? Infinity : since + spec.timeout;

/** The next moment after now at which time alone may change anything; `Infinity`: none. */
export function nextMoment(state: OracleState): number {
  const moments = Object.entries(state.gates).flatMap(([gate, record]) => {
    const spec = specOf(record);
    const [head] = queueOf(state, gate);
    return [
      ...heldOf(state, gate).map(({ until }) => until ?? Infinity),
      ...(spec.kind === 'barrier' ? [breaksAt(spec, record.since)] : []),
      ...(head ? [record.pausedUntil] : []),
      ...(head && spec.kind !== 'barrier' ? modelOf(spec).moments(record.history, spec, head.cost, state.now) : []),
    ];
  });
  return Math.min(...moments.filter((moment) => moment > state.now + tolerance));
}
