import type { MonoTypeOperatorFunction } from 'rxjs';
import { type InlineLimiter, limiterOf } from '../lib/gates/inlineLimiter.ts';
import { paced, type RateLimitOptions } from './rateLimit.ts';

/**
 * Lets values pass so that no window of length `per`, wherever it begins, ever holds more than `limit`.
 *
 * ```
 * source   -abcde----------|
 * limit 2 in 5
 * result   -ab---cd---e----|
 * ```
 *
 * Exact: it remembers the times of the last `limit` admissions. Queueing, completion and unsubscribing are those of `rateLimit`, of which this is the `'sliding-window'` strategy.
 * The limiter belongs to this operator and is shared by its subscriptions; with a `name` it is the gate of that name.
 *
 * @throws ConfigError for a bad option, at once. Errors with `OverflowError`, and as `acquire` does.
 * @example What an API counts over any minute
 * ```ts
 * calls$.pipe(slidingWindow({ limit: 60, per: '1m' }));
 * ```
 */
export function slidingWindow<T>(
  limiter: InlineLimiter<'sliding-window'>,
  options?: RateLimitOptions<T>,
): MonoTypeOperatorFunction<T> {
  return paced(limiterOf('sliding-window', limiter, 'slidingWindow()'), options, 'slidingWindow()');
}
