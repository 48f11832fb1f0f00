import type { MonoTypeOperatorFunction } from 'rxjs';
import { type InlineLimiter, limiterOf } from '../lib/gates/inlineLimiter.ts';
import { paced, type RateLimitOptions } from './rateLimit.ts';

/**
 * Lets values pass from a token bucket: up to `burst` at once after a rest, then `limit` in each `per`.
 *
 * ```
 * source   -abcde----------|
 * burst 3, 1 in 4
 * result   -abc-d---e------|
 * ```
 *
 * Up to twice the limit can pass in one `per`, when a full bucket meets a full stream: that is its nature. `slidingWindow` never does. Queueing, completion and unsubscribing are those of `rateLimit`, of which this is the `'token-bucket'` strategy.
 * The limiter belongs to this operator and is shared by its subscriptions; with a `name` it is the gate of that name.
 *
 * @throws ConfigError for a bad option, at once. Errors with `OverflowError`, and as `acquire` does.
 * @example Bursts of five, ten a second in the long run
 * ```ts
 * calls$.pipe(tokenBucket({ limit: 10, per: '1s', burst: 5 }));
 * ```
 */
export function tokenBucket<T>(
  limiter: InlineLimiter<'token-bucket'>,
  options?: RateLimitOptions<T>,
): MonoTypeOperatorFunction<T> {
  return paced(limiterOf('token-bucket', limiter, 'tokenBucket()'), options, 'tokenBucket()');
}
