/** What each command does to the state. */
import type { GateSpec, SpecPatch } from '../../gates/spec.ts';
import { milliseconds } from '../../time/duration.ts';
import type { OracleCommand } from './command.ts';
import { admitAll, breaksAt, nextMoment } from './admission.ts';
import type { Entry } from './model.ts';
import { modelOf } from './modelOf.ts';
import {
  heldOf,
  inTurn,
  queueOf,
  recordOf,
  specOf,
  withRecord,
  type OracleAnswer,
  type OracleState,
  type Waiting,
} from './state.ts';

type Arrive = Extract<OracleCommand, { do: 'arrive' }>;

const quiet = (state: OracleState): OracleAnswer => ({ state, outcomes: [] });

/** Carries a command out, and lets in whoever may enter after it. */
export function transition(state: OracleState, command: OracleCommand): OracleAnswer {
  switch (command.do) {
    case 'arrive':
      return arrive(state, command);
    case 'leave':
      return inTurn(state, (now) => leave(now, command.id), admitAll);
    case 'release':
      return inTurn(state, (now) => quiet(edit(now, command.id, (entry) => ({ ...entry, end: now.now }))), admitAll);
    case 'extend':
      return quiet(
        edit(state, command.id, (entry) =>
          entry.until === null ? entry : { ...entry, until: state.now + command.ms },
        ),
      );
    case 'charge':
      return inTurn(
        state,
        (now) => quiet(edit(now, command.id, (entry) => ({ ...entry, charged: entry.charged ?? command.actual }))),
        admitAll,
      );
    case 'force':
      return inTurn(state, (now) => lose(now, command.id, 'forced'), admitAll);
    case 'change':
      return inTurn(state, (now) => change(now, command.gate ?? only(now), command.patch), admitAll);
    case 'advance':
      return advance(state, command.to);
  }
}

function only(state: OracleState): string {
  const [name, ...more] = Object.keys(state.gates);
  if (name === undefined || more.length > 0) throw new Error('Say which gate: the oracle has not exactly one.');
  return name;
}

/** The most that one request can ever be given. A party of a barrier is one party. */
const capacityOf = (spec: GateSpec): number => (spec.kind === 'barrier' ? 1 : modelOf(spec).capacity(spec));

const isBarrier = (state: OracleState, gate: string): boolean => specOf(recordOf(state, gate)).kind === 'barrier';

/** Changes what somebody holds. */
function edit(state: OracleState, id: string, change: (entry: Entry) => Entry): OracleState {
  return Object.entries(state.gates).reduce(
    (current, [gate, { history }]) =>
      withRecord(current, gate, {
        history: history.map((item) =>
          item.what === 'entry' && item.id === id && item.end === null ? change(item) : item,
        ),
      }),
    state,
  );
}

function arrive(state: OracleState, { id, gate, cost = 1, priority = 0, attempt = false }: Arrive): OracleAnswer {
  const gates = gate === undefined ? [only(state)] : typeof gate === 'string' ? [gate] : gate;
  const possible = gates.every((name) => cost <= capacityOf(specOf(recordOf(state, name))));
  if (!possible) return refuse(state, [id], 'impossible');
  const joined = gates.reduce<OracleState>(
    (current, name) =>
      isBarrier(current, name)
        ? withRecord(current, name, { since: recordOf(current, name).since ?? state.now })
        : current,
    { ...state, waiting: inLine(state, { id, gates, cost, priority }) },
  );
  const answer = admitAll(joined);
  // A try that fails was never there, so that it breaks no barrier.
  if (attempt && answer.state.waiting.some((waiter) => waiter.id === id)) return refuse(state, [id], 'busy');
  return answer;
}

/**
 * Everybody at the end, but readers: those who ask for one read/write lock alone stand with the readers of the next turn, which
 * is that before the first writer who waits while somebody writes, and else the one after it.
 */
function inLine(state: OracleState, waiter: Waiting): Waiting[] {
  const [gate, ...more] = waiter.gates;
  const record = recordOf(state, gate!);
  const single = (one: Waiting): boolean => one.cost < 1 && one.gates.length === 1;
  if (specOf(record).kind !== 'readWriteLock' || more.length > 0 || !single(waiter)) return [...state.waiting, waiter];
  const queue = queueOf(state, gate!);
  const equals = queue.filter(({ priority }) => priority === waiter.priority);
  const writing = equals[0] === queue[0] && heldOf(state, gate!).some(({ cost }) => cost === 1);
  const readers = equals.findIndex(single);
  const from = readers >= 0 ? readers : writing ? 0 : 1;
  const next = equals.slice(from).find((one) => !single(one));
  const at = next === undefined ? state.waiting.length : state.waiting.indexOf(next);
  return state.waiting.toSpliced(at, 0, waiter);
}

function refuse(state: OracleState, ids: readonly string[], reason: 'impossible' | 'busy' | 'broken'): OracleAnswer {
  return {
    state: { ...state, waiting: state.waiting.filter(({ id }) => !ids.includes(id)) },
    outcomes: ids.map((id) => ({ id, at: state.now, outcome: 'refused', reason })),
  };
}

function leave(state: OracleState, id: string): OracleAnswer {
  const waiter = state.waiting.find((one) => one.id === id);
  if (!waiter) return quiet(state);
  const left = { ...state, waiting: state.waiting.filter((one) => one !== waiter) };
  return waiter.gates.reduce<OracleAnswer>(({ state: current, outcomes }, gate) => {
    const spec = specOf(recordOf(current, gate));
    if (spec.kind !== 'barrier') return { state: current, outcomes };
    if (spec.onLeave === 'break') return breakUp(current, gate);
    return quiet(queueOf(current, gate).length > 0 ? current : withRecord(current, gate, { since: null }));
  }, quiet(left));
}

/** Fails the generation of a barrier for everybody who waits. */
function breakUp(state: OracleState, gate: string): OracleAnswer {
  return refuse(
    withRecord(state, gate, { since: null }),
    queueOf(state, gate).map(({ id }) => id),
    'broken',
  );
}

function lose(state: OracleState, id: string, reason: 'expired' | 'forced'): OracleAnswer {
  const after = edit(state, id, (entry) => ({ ...entry, end: state.now }));
  const held = Object.keys(state.gates).some((gate) => heldOf(state, gate).some((entry) => entry.id === id));
  return { state: after, outcomes: held ? [{ id, at: state.now, outcome: 'lost', reason }] : [] };
}

function change(state: OracleState, gate: string, patch: SpecPatch): OracleAnswer {
  const record = recordOf(state, gate);
  const { pauseUntil, per, ...limits } = patch;
  const before = specOf(record);
  const spec = {
    ...before,
    // A bucket whose burst was its limit keeps it so.
    ...(before.kind === 'limiter' && before.burst === before.limit ? { burst: limits.limit ?? before.limit } : {}),
    ...limits,
    ...(per === undefined ? {} : { per: milliseconds(per, 'per') }),
  } as GateSpec;
  const changed = withRecord(state, gate, {
    history: [...record.history, { what: 'setting', at: state.now, spec }],
    pausedUntil: pauseUntil === undefined ? record.pausedUntil : Number(pauseUntil),
  });
  const tooLarge = queueOf(state, gate).filter(({ cost }) => cost > capacityOf(spec));
  return refuse(
    changed,
    tooLarge.map(({ id }) => id),
    'impossible',
  );
}

/** From moment to moment: at each one what is over ends, and then whoever may enter does. */
function advance(state: OracleState, to: number): OracleAnswer {
  if (to < state.now) throw new Error(`Time does not go back: it is ${state.now}, not ${to}.`);
  const moment = nextMoment(state);
  if (moment > to) return quiet({ ...state, now: to });
  return inTurn({ ...state, now: moment }, lapse, admitAll, (now) => advance(now, to));
}

/** What is over at this moment: leases, and barriers that took too long. */
function lapse(state: OracleState): OracleAnswer {
  const lapsed = Object.keys(state.gates).flatMap((gate) =>
    heldOf(state, gate).filter(({ until }) => until !== null && until <= state.now),
  );
  const late = Object.entries(state.gates).filter(([, record]) => {
    const spec = specOf(record);
    return spec.kind === 'barrier' && breaksAt(spec, record.since) <= state.now;
  });
  return inTurn(
    state,
    ...lapsed.map(
      ({ id }) =>
        (now: OracleState) =>
          lose(now, id, 'expired'),
    ),
    ...late.map(
      ([gate]) =>
        (now: OracleState) =>
          breakUp(now, gate),
    ),
  );
}
