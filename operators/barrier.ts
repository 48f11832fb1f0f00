import type { MonoTypeOperatorFunction } from 'rxjs';
import type { AcquireOptions, GateRef } from '../lib/gates/gate.ts';
import { barrierOf } from '../lib/gates/inlineLimiter.ts';
import type { BacklogOptions } from '../lib/internal/backlog.ts';
import { paced } from './rateLimit.ts';

/**
 * Holds each value back until all parties have brought one, and then lets a whole generation pass at once.
 *
 * ```
 * source a   -a------d----|
 * source b   ----b-----e--|
 * result a   ----a-----d--|
 * result b   ----b-----e--|
 * ```
 *
 * A number of parties makes a barrier that belongs to this operator: pipe every party through the same one. Values of one party
 * wait in order, each for a generation of its own. Completes when the source has completed and its last value has passed.
 * Unsubscribing while a value waits breaks the generation for the others (`BarrierBrokenError`), unless the barrier says
 * `onLeave: 'forget'`; so does a `timeout` of the barrier. The next value begins a new generation.
 *
 * The barrier counts values and knows no parties: one that completes brings no more, and leaves the others waiting for a
 * generation that will not fill. Let all parties bring the same number of values, or give the barrier a `timeout`.
 *
 * @param gate How many parties, or a barrier: its description, live gate or name.
 * @throws ConfigError for a bad option, at once. Errors with `BarrierBrokenError`, and as `rateLimit` does.
 * @example Three agents, round by round
 * ```ts
 * const round = barrier<Finding>(3);
 * merge(...agents.map((agent$) => agent$.pipe(round))).pipe(bufferCount(3)).subscribe(compare);
 * ```
 */
export function barrier<T>(
  gate: number | GateRef,
  options?: AcquireOptions & BacklogOptions,
): MonoTypeOperatorFunction<T> {
  return paced(typeof gate === 'number' ? barrierOf({ parties: gate }, 'barrier()') : gate, options, 'barrier()');
}
