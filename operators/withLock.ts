import { defer, type MonoTypeOperatorFunction, type Observable } from 'rxjs';
import type { AcquireOptions, GateRef } from '../lib/gates/gate.ts';
import { Gated } from '../lib/gates/gated.ts';
import { checked, type GateRequest, requestOf } from '../lib/gates/gateRequest.ts';
import type { Holder } from '../lib/gates/holder.ts';
import type { Ticket } from '../lib/gates/port.ts';

/**
 * Subscribes to the source only while it holds a gate, for as long as the source lives.
 *
 * ```
 * source, alone        --a--b--|
 * gate held by others  ^-----!
 * result               --------a--b--|
 * ```
 *
 * Nothing is dropped: the source is not subscribed to before the gate opens, and each subscription queues once. Completes and
 * errors with the source, after its teardown and after the gate was reserved for the next in the queue. Unsubscribing leaves the
 * queue, or tears the source down and gives the gate back. Of a rate limiter it takes one token for each subscription, of a
 * semaphore or quota `cost` units. A lost lease unsubscribes the source and errors with `LeaseLostError`.
 *
 * @param gate A description, a live gate, a name or an `allOf`; or a function that gives one, called at each subscription.
 * @param options As for `acquire`.
 * @throws ConfigError for a bad gate or option, at once. Errors as `acquire` does.
 * @see exclusive to run a piece of work for each value instead
 * @example One agent at a time on a customer's record
 * ```ts
 * const update$ = defer(() => updateProfile(customer)).pipe(withLock(`customer:${customer.id}`));
 * ```
 */
export function withLock<T>(gate: GateRef | (() => GateRef), options?: AcquireOptions): MonoTypeOperatorFunction<T> {
  return typeof gate === 'function' ? withLockOf(gate, options) : withRequest(requestOf(gate, options, caller));
}

const caller = 'withLock()';

/** Apart from the one above, so that a context is made of what its closure needs and no more. */
function withRequest<T>(request: GateRequest): MonoTypeOperatorFunction<T> {
  return (source) => new Gated(request, subscribeTo<T>, source);
}

function withLockOf<T>(gate: () => GateRef, options: AcquireOptions | undefined): MonoTypeOperatorFunction<T> {
  if (options !== undefined) checked(options, caller);
  return (source) => defer(() => new Gated(requestOf(gate(), options, caller), subscribeTo<T>, source));
}

function subscribeTo<T>(holder: Holder<T>, _ticket: Ticket, source: Observable<T>): void {
  source.subscribe(holder);
}
