import type { MonoTypeOperatorFunction } from 'rxjs';
import { type InlineLimiter, limiterOf } from '../lib/gates/inlineLimiter.ts';
import { paced, type RateLimitOptions } from './rateLimit.ts';

/**
 * Spaces values evenly: one at once, then one each `per / limit`.
 *
 * ```
 * source   -abcde----------|
 * limit 1 in 3
 * result   -a--b--c--d--e--|
 * ```
 *
 * Nothing bursts, not even after a rest. Queueing, completion and unsubscribing are those of `rateLimit`, of which this is the `'leaky-bucket'` strategy.
 * The limiter belongs to this operator and is shared by its subscriptions; with a `name` it is the gate of that name.
 *
 * @throws ConfigError for a bad option, at once. Errors with `OverflowError`, and as `acquire` does.
 * @example A steady drip to a fragile service
 * ```ts
 * calls$.pipe(leakyBucket({ limit: 5, per: '1s' }));
 * ```
 */
export function leakyBucket<T>(
  limiter: InlineLimiter<'leaky-bucket'>,
  options?: RateLimitOptions<T>,
): MonoTypeOperatorFunction<T> {
  return paced(limiterOf('leaky-bucket', limiter, 'leakyBucket()'), options, 'leakyBucket()');
}
