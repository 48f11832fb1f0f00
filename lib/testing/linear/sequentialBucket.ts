import { knownOptions, oneOf, positiveNumber } from '../../internal/options.ts';
import type { Duration } from '../../time/duration.ts';
import { earliest, nanoseconds, type SequentialModel } from './sequential.ts';

/** What can be asked of a rate limiter. */
export type LimiterOp =
  | { readonly do: 'admit'; readonly cost?: number }
  /** The place has forgotten what was used. */
  | { readonly do: 'wipe' };

export interface SequentialBucketOptions {
  /** How many in each `per`, in the long run. */
  readonly limit: number;
  readonly per: Duration;
  /** `'token-bucket'` (default): `burst` may go at once. `'leaky-bucket'`: one, whatever its cost, and then one each interval. */
  readonly strategy?: 'token-bucket' | 'leaky-bucket';
  /** Token bucket only. Default `limit`. */
  readonly burst?: number;
  /** How much too soon an admission may seem to come, since clocks do not run alike. Default 1 ms. */
  readonly drift?: Duration;
}

export interface BucketState {
  /** The earliest moment that it can be. */
  readonly now: number;
  /** When the bucket is level again if each admission came as early as the order allows. */
  readonly early: number;
  /** When it is if each came as late as its answer allows. */
  readonly late: number;
}

/**
 * A token bucket or leaky bucket whose clock is only known to lie between call and return: the answer is `true` for admitted
 * and `false` for refused. It finds admissions that are too soon, however late they happened, and refusals while there was
 * room, however late the admissions before; of answers between these bounds nobody can know.
 *
 * @throws ConfigError for options that are unknown or mean nothing.
 * @example
 * ```ts
 * linearizable(sequentialBucket({ limit: 10, per: '1s', burst: 1 }), [
 *   { process: 1, op: { do: 'admit' }, call: 0, return: 1e6, result: true },
 *   { process: 1, op: { do: 'admit' }, call: 2e6, return: 3e6, result: false },
 *   { process: 2, op: { do: 'admit' }, call: 2e6, return: 101e6, result: true },
 * ]);
 * ```
 */
export function sequentialBucket(options: SequentialBucketOptions): SequentialModel<BucketState, LimiterOp, boolean> {
  knownOptions('sequentialBucket', options, ['limit', 'per', 'strategy', 'burst', 'drift']);
  const { limit, per, strategy = 'token-bucket' } = options;
  const smooth = oneOf(strategy, ['token-bucket', 'leaky-bucket'], 'sequentialBucket.strategy') === 'leaky-bucket';
  const interval = nanoseconds(per, 'sequentialBucket.per') / positiveNumber(limit, 'sequentialBucket.limit');
  const burst = positiveNumber(options.burst ?? limit, 'sequentialBucket.burst');
  const drift = nanoseconds(options.drift ?? 1, 'sequentialBucket.drift', { zero: true });
  const initial = { now: 0, early: 0, late: 0 };

  return {
    initial,
    key: () => '',
    covers: (a, b) => a.now <= b.now && a.early <= b.early && a.late >= b.late,
    step: earliest((state, { op, result, to }) => {
      if (op.do === 'wipe') return [{ ...initial, now: state.now }];
      const { cost = 1 } = op;
      // How long before the bucket is level it may go.
      const ahead = (smooth ? 0 : burst - cost) * interval;
      if (ahead < 0) return result === true ? [] : [state];
      const now = Math.max(state.now, state.early - ahead - drift);
      const admitted = {
        now,
        early: Math.max(state.early, now) + cost * interval,
        late: Math.max(state.late, to) + cost * interval,
      };
      const canRefuse = state.late - ahead + drift > state.now;
      return [...(result === false ? [] : [admitted]), ...(result !== true && canRefuse ? [state] : [])];
    }),
  };
}
