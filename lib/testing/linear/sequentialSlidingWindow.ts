import { knownOptions, positiveNumber } from '../../internal/options.ts';
import type { Duration } from '../../time/duration.ts';
import { tolerance } from '../models/model.ts';
import { earliest, nanoseconds, type SequentialModel } from './sequential.ts';
import type { LimiterOp } from './sequentialBucket.ts';

export interface SequentialWindowOptions {
  /** How many, or how much cost, in each `per`. */
  readonly limit: number;
  readonly per: Duration;
  /** How much too soon an admission may seem to come, since clocks do not run alike. Default 1 ms. */
  readonly drift?: Duration;
}

export interface SlidingWindowState {
  /** The earliest moment that it can be. */
  readonly now: number;
  /** The admissions that may still count, in their order, with the earliest and the latest moment at which each can have been. */
  readonly log: readonly { readonly early: number; readonly late: number; readonly cost: number }[];
}

/**
 * A limiter that never lets more than `limit` into any window of `per`, with the answers and the bounds of `sequentialBucket`.
 *
 * @throws ConfigError for options that are unknown or mean nothing.
 * @example
 * ```ts
 * linearizable(sequentialSlidingWindow({ limit: 10, per: '1s' }), historyOf(readFileSync(file, 'utf8')));
 * ```
 */
export function sequentialSlidingWindow(
  options: SequentialWindowOptions,
): SequentialModel<SlidingWindowState, LimiterOp, boolean> {
  knownOptions('sequentialSlidingWindow', options, ['limit', 'per', 'drift']);
  const limit = positiveNumber(options.limit, 'sequentialSlidingWindow.limit');
  const per = nanoseconds(options.per, 'sequentialSlidingWindow.per');
  const drift = nanoseconds(options.drift ?? 1, 'sequentialSlidingWindow.drift', { zero: true });

  return {
    initial: { now: 0, log: [] },
    key: () => '',
    covers: (a, b) => a.now <= b.now && atLeast(b.log, a.log, 'early') && atLeast(a.log, b.log, 'late'),
    step: earliest((state, { op, result, to }) => {
      if (op.do === 'wipe') return [{ now: state.now, log: [] }];
      const { cost = 1 } = op;
      const log = state.log.filter(({ late }) => late + per + drift > state.now);
      let over = log.reduce((sum, admission) => sum + admission.cost, cost) - limit;
      const refused = over > tolerance && result !== true ? [{ ...state, log }] : [];
      if (cost > limit || result === false) return refused;
      let { now } = state;
      let gone = 0;
      for (; over > tolerance; gone++) {
        now = Math.max(now, log[gone]!.early + per - drift);
        over -= log[gone]!.cost;
      }
      return [{ now, log: [...log.slice(gone), { early: now, late: to, cost }] }, ...refused];
    }),
  };
}

/** Whether at any time no less of `log` counts than of the other, if each admission was at this bound. */
function atLeast(log: SlidingWindowState['log'], other: SlidingWindowState['log'], bound: 'early' | 'late'): boolean {
  const since = (admissions: SlidingWindowState['log'], time: number): number =>
    admissions.reduce((sum, admission) => (admission[bound] >= time ? sum + admission.cost : sum), 0);
  return other.every((admission) => since(log, admission[bound]) >= since(other, admission[bound]));
}
