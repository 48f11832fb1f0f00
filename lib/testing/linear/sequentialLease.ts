import { flag, knownOptions, positiveNumber } from '../../internal/options.ts';
import type { Duration } from '../../time/duration.ts';
import { tolerance } from '../models/model.ts';
import { earliest, nanoseconds, type Operation, type SequentialModel, type Step } from './sequential.ts';

/** What can be asked of a mutex or a semaphore. `id` names the request, `fence` the grant. */
export type LeaseOp =
  /** `behind`: a fence that was given before. The model itself adds it where it has `fifo`. */
  | { readonly do: 'acquire'; readonly id: string; readonly cost?: number; readonly behind?: number }
  /** The end of the lease moves to its `ttl` from now. */
  | { readonly do: 'renew'; readonly fence: number }
  /** Whether its holder takes it to be held. */
  | { readonly do: 'check'; readonly fence: number }
  | { readonly do: 'release'; readonly fence: number }
  /** Takes away the lease of this fence, or all. */
  | { readonly do: 'force'; readonly fence?: number }
  /** Whatever the request has got is given back, and it will get nothing. */
  | { readonly do: 'cancel'; readonly id: string }
  /** The place has forgotten who holds and who waits; not its fences. */
  | { readonly do: 'wipe' };

/**
 * `acquire`: the fence, or `'busy'` for one that does not wait. `renew`, `check` and `release`: whether it was held. The others
 * answer nothing.
 */
export type LeaseResult = { readonly fence: number } | 'busy' | boolean;

export interface SequentialLeaseOptions {
  /** After how long at the earliest a lease may lapse that nobody renews. Default: never. */
  readonly ttl?: Duration;
  /** How much can be held at once. Default 1: a mutex. */
  readonly permits?: number;
  /** Whether nobody may enter who was called after another one was known to wait, by `queued`. Default `false`. */
  readonly fifo?: boolean;
  /** How much sooner a lease may lapse, since clocks do not run alike. Default 1 ms. */
  readonly drift?: Duration;
}

export interface LeaseState {
  /** The earliest moment that it can be. */
  readonly now: number;
  /** The highest one given. */
  readonly fence: number;
  readonly held: readonly {
    readonly id: string;
    /** `null`: nobody has heard of it. */
    readonly fence: number | null;
    readonly cost: number;
    /** When it can lapse at the earliest. */
    readonly until: number;
  }[];
  /** Requests that will get nothing. */
  readonly cancelled: readonly string[];
}

type Held = LeaseState['held'][number];

const nobody: LeaseState = { now: 0, fence: 0, held: [], cancelled: [] };

/**
 * A mutex, or a semaphore with weights: fences rise with each grant; a lease ends when it is given back, forced, or at any
 * time after it could lapse. So two hold at once only if the older one could have lapsed, and the fences tell them apart.
 *
 * Time is judged by its least moments only: each operation is taken to have happened as early as the order allows. An
 * acquire of which nobody heard may hold for any time, or none.
 *
 * @throws ConfigError for options that are unknown or mean nothing.
 * @example Who was stalled must not free the lease of another one
 * ```ts
 * const history: Operation<LeaseOp, LeaseResult>[] = [
 *   { process: 1, op: { do: 'acquire', id: 'a' }, call: 0, return: 1e6, result: { fence: 1 } },
 *   { process: 2, op: { do: 'acquire', id: 'b' }, call: 2e6, return: 12e6, result: { fence: 2 } },
 *   { process: 1, op: { do: 'release', fence: 1 }, call: 13e6, return: 14e6, result: true },
 * ];
 * linearizable(sequentialLease({ ttl: 10 }), history); // throws: it was not held any more
 * ```
 */
export function sequentialLease(
  options: SequentialLeaseOptions = {},
): SequentialModel<LeaseState, LeaseOp, LeaseResult> {
  knownOptions('sequentialLease', options, ['ttl', 'permits', 'fifo', 'drift']);
  const ttl = nanoseconds(options.ttl ?? Infinity, 'sequentialLease.ttl', { zero: true, infinite: true });
  const drift = nanoseconds(options.drift ?? 1, 'sequentialLease.drift', { zero: true });
  const permits = positiveNumber(options.permits ?? 1, 'sequentialLease.permits');
  const fifo = flag(options.fifo ?? false, 'sequentialLease.fifo');

  const lasts = Math.max(0, ttl - drift);
  const free = ({ held }: LeaseState): number => permits - held.reduce((sum, { cost }) => sum + cost, 0);

  /** The states with room for `cost`: as it is, or later, after leases that have lapsed. */
  function withRoom(state: LeaseState, cost: number, first = 0): readonly LeaseState[] {
    if (cost <= free(state) + tolerance) return [state];
    return state.held.flatMap((held, i) => (i < first ? [] : withRoom(lapse(state, held), cost, i)));
  }

  function acquire(state: LeaseState, { op, result }: StepOf<'acquire'>): readonly LeaseState[] {
    const { id, cost = 1, behind = 0 } = op;
    // A heavy waiter can stand before free permits.
    if (result === 'busy') return cost > free(state) + tolerance || (fifo && permits > 1) ? [state] : [];
    const fence = result === undefined ? null : typeof result === 'object' ? result.fence : 0;
    if (state.cancelled.includes(id) || state.fence < behind || (fence !== null && fence <= state.fence)) return [];
    const granted = withRoom(state, cost).map((room) =>
      // Who heard nothing may have given up, so that it was given back unseen.
      grant(room, { id, fence, cost, until: room.now + (fence === null ? 0 : lasts) }),
    );
    return fence === null ? [...granted, state] : granted;
  }

  const moves: { [Name in LeaseOp['do']]: (state: LeaseState, step: StepOf<Name>) => readonly LeaseState[] } = {
    acquire,
    renew: (state, step) =>
      answer(state, step, (held) => exchange(state, held, [{ ...held, until: state.now + lasts }])),
    release: (state, step) => answer(state, step, (held) => exchange(state, held, [])),
    // A holder may be more careful than it must be.
    check: (state, step) => (step.result === false ? [state] : answer(state, step, () => state)),
    force: (state, { op }) => [
      { ...state, held: op.fence === undefined ? [] : state.held.filter(({ fence }) => fence !== op.fence) },
    ],
    cancel: (state, { op }) => [
      {
        ...state,
        held: state.held.filter(({ id }) => id !== op.id),
        cancelled: [...state.cancelled, op.id].sort(),
      },
    ],
    wipe: (state) => [{ ...state, held: [] }],
  };

  return {
    initial: nobody,
    key: ({ fence, held, cancelled }) => JSON.stringify([fence, held.map((one) => [one.id, one.fence]), cancelled]),
    covers: (a, b) => a.now <= b.now && a.held.every(({ until }, i) => until <= Math.max(b.now, b.held[i]!.until)),
    step: earliest((state, step) => {
      const move = moves[step.op.do] as (state: LeaseState, step: Step<LeaseOp, LeaseResult>) => readonly LeaseState[];
      return move(state, step);
    }),
    prepare: fifo ? inOrderOfArrival : (history) => history,
  };
}

/**
 * Who was called after another one was known to wait comes behind it. Fences rise with each grant: so it is enough that the
 * other one's fence was given. Those of whom nobody has heard can have left. After a wipe those who waited come again, and
 * nobody knows in which order.
 */
function inOrderOfArrival(
  history: readonly Operation<LeaseOp, LeaseResult>[],
): readonly Operation<LeaseOp, LeaseResult>[] {
  const wipes = history.filter(({ op }) => op.do === 'wipe');
  const waited = history.flatMap(({ op, call, queued, return: end, result }) => {
    if (op.do !== 'acquire' || queued === undefined || end === null || typeof result !== 'object') return [];
    const wiped = wipes.some((wipe) => wipe.call <= end && (wipe.return === null || wipe.return >= call));
    return wiped ? [] : [{ queued, fence: result.fence }];
  });
  return history.map((operation) => {
    const { op, call } = operation;
    const behind = waited.filter(({ queued }) => queued < call).map(({ fence }) => fence);
    return op.do !== 'acquire' || behind.length === 0
      ? operation
      : { ...operation, op: { ...op, behind: Math.max(...behind) } };
  });
}

type StepOf<Name extends LeaseOp['do']> = Step<Extract<LeaseOp, { do: Name }>, LeaseResult>;

/** What comes of a question for a fence: if it is held, `yes`; nothing, if it is not, or later, when it has lapsed. */
function answer(
  state: LeaseState,
  { op, result }: StepOf<'renew' | 'release' | 'check'>,
  yes: (held: Held) => LeaseState,
): LeaseState[] {
  const held = state.held.find(({ fence }) => fence === op.fence);
  return [
    ...(held && result !== false ? [yes(held)] : []),
    ...(result === true ? [] : [held ? lapse(state, held) : state]),
  ];
}

const exchange = (state: LeaseState, old: Held, by: readonly Held[]): LeaseState => ({
  ...state,
  held: state.held.flatMap((held) => (held === old ? by : [held])),
});

const lapse = (state: LeaseState, held: Held): LeaseState => ({
  ...exchange(state, held, []),
  now: Math.max(state.now, held.until),
});

/** Those of whom nobody has heard stand first: the same ones are then the same state, in whatever order they came. */
const grant = (state: LeaseState, held: Held): LeaseState => ({
  ...state,
  fence: Math.max(state.fence, held.fence ?? 0),
  held: [...state.held, held].sort((a, b) => (a.fence ?? 0) - (b.fence ?? 0) || (a.id < b.id ? -1 : 1)),
});
