import type { MonoTypeOperatorFunction, Observable, Subscription } from 'rxjs';
import type { AcquireOptions, GateRef } from '../lib/gates/gate.ts';
import { checked, GateRequest, plainRequest } from '../lib/gates/gateRequest.ts';
import { Holder } from '../lib/gates/holder.ts';
import type { Ticket } from '../lib/gates/port.ts';
import { type Destination, Stream } from '../lib/internal/stream.ts';

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
  if (typeof gate === 'function') {
    if (options !== undefined) checked(options, 'withLock()');
    return (source) => new Locked(source, () => new GateRequest(gate(), options, 'withLock()'));
  }
  const request =
    options === undefined ? plainRequest(gate, 'withLock()') : new GateRequest(gate, options, 'withLock()');
  return (source) => new Locked(source, request);
}

class Locked<T> extends Stream<T> {
  private readonly input: Observable<T>;
  private readonly requestFor: GateRequest | (() => GateRequest);

  constructor(input: Observable<T>, requestFor: GateRequest | (() => GateRequest)) {
    super();
    this.input = input;
    this.requestFor = requestFor;
  }

  protected override start(destination: Destination<T>): Subscription {
    const { requestFor } = this;
    const request = typeof requestFor === 'function' ? requestFor() : requestFor;
    const parent = request.parent();
    const core = request.core(parent);
    const holder = Holder.of(destination, parent, request.ask, subscribeTo<T>, this.input);
    holder.request(core, request.signal);
    return holder;
  }
}

function subscribeTo<T>(holder: Holder<T>, _ticket: Ticket, source: Observable<T>): void {
  source.subscribe(holder);
}
