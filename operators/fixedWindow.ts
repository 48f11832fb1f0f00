import type { MonoTypeOperatorFunction } from 'rxjs';
import { type InlineLimiter, limiterOf } from '../lib/gates/inlineLimiter.ts';
import { paced, type RateLimitOptions } from './rateLimit.ts';

/**
 * Lets up to `limit` values pass in a window of length `per` that opens with the first of them.
 *
 * ```
 * source   -abcde----------|
 * limit 2 in 5
 * result   -ab---(cd)-e----|
 * ```
 *
 * Two windows back to back can pass twice the limit within one `per`: that is its nature. `slidingWindow` never does. Queueing, completion and unsubscribing are those of `rateLimit`, of which this is the `'fixed-window'` strategy.
 * The limiter belongs to this operator and is shared by its subscriptions; with a `name` it is the gate of that name.
 *
 * @throws ConfigError for a bad option, at once. Errors with `OverflowError`, and as `acquire` does.
 * @example What an API counts from your first call
 * ```ts
 * calls$.pipe(fixedWindow({ limit: 1000, per: '1h' }));
 * ```
 */
export function fixedWindow<T>(
  limiter: InlineLimiter<'fixed-window'>,
  options?: RateLimitOptions<T>,
): MonoTypeOperatorFunction<T> {
  return paced(limiterOf('fixed-window', limiter, 'fixedWindow()'), options, 'fixedWindow()');
}
