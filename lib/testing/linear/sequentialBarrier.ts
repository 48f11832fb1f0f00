import { knownOptions, positiveInteger } from '../../internal/options.ts';
import type { Duration } from '../../time/duration.ts';
import { earliest, nanoseconds, type SequentialModel } from './sequential.ts';

/** `arrive` returns when the barrier has opened or broken. `pass` is the second half of it, by which it is judged. */
export type BarrierOp = { readonly do: 'arrive'; readonly id: string } | { readonly do: 'pass'; readonly id: string };

/**
 * Passed, as which one of its generation, with the number of the generation where it is known; or why it is broken:
 * `'timeout'`, or any other reason, which is believed.
 */
export type BarrierResult = { readonly index: number; readonly generation?: number } | { readonly broken: string };

export interface SequentialBarrierOptions {
  readonly parties: number;
  /** How long after the first arrival it breaks at the earliest for `'timeout'`. Default: never. */
  readonly timeout?: Duration;
  /** How much sooner it may break, since clocks do not run alike. Default 1 ms. */
  readonly drift?: Duration;
}

export interface BarrierState {
  /** The earliest moment that it can be. */
  readonly now: number;
  /** The earliest moment at which the first of those who wait can have come. */
  readonly first: number;
  /** An index says at once in which place it must be: their order does not matter any more. */
  readonly waiting: readonly {
    readonly id: string;
    /** `null`: not heard of. */
    readonly result: BarrierResult | null;
  }[];
  /** Those who may pass, and those who must fail, and have not returned. */
  readonly through: readonly string[];
  readonly failed: readonly string[];
  /** The highest number of a generation that has passed. */
  readonly generation: number;
}

type Party = BarrierState['waiting'][number];

const passes = ({ result }: Party): boolean => result !== null && 'index' in result;
const fails = ({ result }: Party): boolean => result !== null && 'broken' in result;

/**
 * A cyclic barrier: `parties` arrivals make a generation, which passes as a whole, with indices in order of arrival, or breaks
 * as a whole. Generations have rising numbers. An arrival of which nobody heard counts or does not: so a party that leaves
 * and is forgotten never came.
 *
 * @throws ConfigError for options that are unknown or mean nothing.
 * @example
 * ```ts
 * linearizable(sequentialBarrier({ parties: 2 }), [
 *   { process: 1, op: { do: 'arrive', id: 'a' }, call: 0, return: 5e6, result: { index: 0 } },
 *   { process: 2, op: { do: 'arrive', id: 'b' }, call: 4e6, return: 6e6, result: { index: 1 } },
 * ]);
 * ```
 */
export function sequentialBarrier(
  options: SequentialBarrierOptions,
): SequentialModel<BarrierState, BarrierOp, BarrierResult> {
  knownOptions('sequentialBarrier', options, ['parties', 'timeout', 'drift']);
  const parties = positiveInteger(options.parties, 'sequentialBarrier.parties');
  const timeout = nanoseconds(options.timeout ?? Infinity, 'sequentialBarrier.timeout', { infinite: true });
  const drift = nanoseconds(options.drift ?? 1, 'sequentialBarrier.drift', { zero: true });

  function arrive(state: BarrierState, id: string, result: BarrierResult | undefined): readonly BarrierState[] {
    const place = state.waiting.length;
    if (result && 'index' in result && result.index !== place) return [];
    const waiting = [...state.waiting, { id, result: result ?? null }].sort((a, b) => (a.id < b.id ? -1 : 1));
    const counted = { ...state, waiting, first: place === 0 ? state.now : state.first };
    const uncounted = !result
      ? [state]
      : 'broken' in result && result.broken !== 'timeout'
        ? [turnAway(state, id)]
        : [];
    return [...(waiting.length === parties ? open(counted) : [counted]), ...uncounted];
  }

  function pass(state: BarrierState, id: string, result: BarrierResult): readonly BarrierState[] {
    if ('index' in result) return state.through.includes(id) ? [{ ...state, through: without(state.through, id) }] : [];
    if (state.failed.includes(id)) return [{ ...state, failed: without(state.failed, id) }];
    if (!state.waiting.some((party) => party.id === id)) return [];
    const now = result.broken === 'timeout' ? Math.max(state.now, state.first + timeout - drift) : state.now;
    const failed = state.waiting.filter((party) => fails(party) && party.id !== id).map((party) => party.id);
    return [{ ...state, now, first: 0, waiting: [], failed: [...state.failed, ...failed].sort() }];
  }

  return {
    initial: { now: 0, first: 0, waiting: [], through: [], failed: [], generation: -1 },
    key: (state) => JSON.stringify({ ...state, now: 0, first: 0 }),
    covers: (a, b) => a.now <= b.now && a.first <= b.first,
    step: earliest((state, { op, result }) => {
      if (op.do === 'arrive') return arrive(state, op.id, result);
      return result ? pass(state, op.id, result) : [state];
    }),
    prepare: (history) =>
      history.flatMap((operation) => {
        const { op, result } = operation;
        return result === undefined ? [operation] : [operation, { ...operation, op: { do: 'pass', id: op.id } }];
      }),
  };
}

/** All who wait go through. Of those who say otherwise `pass` will know nothing. */
function open(state: BarrierState): readonly BarrierState[] {
  const { waiting } = state;
  const numbers = new Set(
    waiting.flatMap(({ result }) => (result && 'index' in result ? (result.generation ?? []) : [])),
  );
  const [generation = state.generation] = numbers;
  if (numbers.size > 1 || (numbers.size === 1 && generation <= state.generation)) return [];
  const ids = waiting.filter(passes).map(({ id }) => id);
  return [{ ...state, first: 0, waiting: [], through: [...state.through, ...ids].sort(), generation }];
}

const turnAway = (state: BarrierState, id: string): BarrierState => ({
  ...state,
  failed: [...state.failed, id].sort(),
});
const without = (ids: readonly string[], id: string): readonly string[] => ids.filter((other) => other !== id);
