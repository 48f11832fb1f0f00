import { type ObservableInput, type ObservedValueOf, type OperatorFunction, Subscriber } from 'rxjs';
import type { Frame } from '../lib/internal/context.ts';
import { reportUnhandled } from '../lib/internal/env.ts';
import { begin, end } from '../lib/internal/handover.ts';
import { Backlog, type BacklogOptions, backlogOptions } from '../lib/internal/backlog.ts';
import { expected } from '../lib/internal/options.ts';
import type { Sink } from '../lib/internal/sink.ts';
import { chain, type Destination, Operation } from '../lib/internal/stream.ts';
import { follow } from '../lib/gates/follow.ts';
import type { AcquireOptions, GateRef, Grant } from '../lib/gates/gate.ts';
import { askerOf, checked, GateRequest } from '../lib/gates/gateRequest.ts';
import { Holder } from '../lib/gates/holder.ts';
import type { Ticket } from '../lib/gates/port.ts';

export interface ExclusiveOptions extends AcquireOptions, BacklogOptions {}

/**
 * Runs a piece of work for each value while holding a gate, one after the other, in the order of arrival.
 *
 * ```
 * source       -a-b----c------|
 * project(a)    ---x|
 * project(b)        ---y|            b waits until a is over, and for the gate
 * project(c)            ---z|
 * result       ----x---y---z--|
 * ```
 *
 * Each subscription has one request in the gate's queue, so that subscriptions that share a gate take turns; the other values
 * wait in a buffer of its own, `maxQueue` long, and `overflow` says what happens beyond that. A `timeout` runs from when a value
 * asks for the gate, not while it is in the buffer. Completes, and tears the source down, when the source has completed and
 * the last work is over. Errors with the source, the work or the request, at once; what waited is dropped. Unsubscribing drops
 * what waits and stops the work; work that is a promise keeps the gate until it has settled, and its `grant.signal` aborts at
 * once.
 *
 * @param gate A description, a live gate, a name or an `allOf`; or a function that picks one for a value.
 * @param project The work for a value: an Observable, a promise or any other input of RxJS.
 * @param options As for `acquire`, and `maxQueue` (default 10,000) with `overflow` (default `'error'`).
 * @throws ConfigError for a bad gate or option, at once. Errors with `OverflowError`, and as `acquire` does.
 * @see withLock to hold the gate for as long as a source lives
 * @example One call to the model at a time
 * ```ts
 * topics$.pipe(exclusive('openai_api', (topic, { signal }) => research(topic, signal))).subscribe(publish);
 * ```
 */
export function exclusive<T, O extends ObservableInput<unknown>>(
  gate: GateRef | ((value: T) => GateRef),
  project: (value: T, grant: Grant) => O,
  options: ExclusiveOptions = {},
): OperatorFunction<T, ObservedValueOf<O>> {
  if (typeof project !== 'function')
    expected('The work of exclusive()', 'a function of the value and the grant', project);
  const backlog = backlogOptions(options, 'exclusive()');
  checked(options, 'exclusive()', own);
  const plan: Plan<T, ObservedValueOf<O>> = {
    project: project as Plan<T, ObservedValueOf<O>>['project'],
    request: typeof gate === 'function' ? null : request(gate, options),
    requestFor: (value) => request((gate as (value: T) => GateRef)(value), options),
    backlog,
    owner: options.owner,
  };
  const begin = (destination: Destination<ObservedValueOf<O>>): Exclusive<T, ObservedValueOf<O>> =>
    new Exclusive(destination, plan);
  return (source) => new Operation(source, begin);
}

/** What all subscriptions of an operator have in common. */
interface Plan<T, R> {
  readonly project: (value: T, grant: Grant) => ObservableInput<R>;
  /** The request of every value, where the gate is the same for all. */
  readonly request: GateRequest | null;
  readonly requestFor: (value: T) => GateRequest;
  readonly backlog: Required<BacklogOptions>;
  readonly owner: Grant | undefined;
}

const own = ['maxQueue', 'overflow'];

const request = (ref: GateRef, options: AcquireOptions): GateRequest =>
  new GateRequest(ref, options, 'exclusive()', own);

class Exclusive<T, R> extends Subscriber<T> {
  private readonly parent: Frame | null;
  private readonly plan: Plan<T, R>;
  /** The consumer of every piece of work. It goes on to the next value once the gate has been reserved. */
  private readonly results: Sink<R> = {
    next: (result) => {
      this.destination.next(result);
    },
    error: (error) => {
      this.fail(error);
    },
    complete: () => {
      this.current = null;
      if (!this.pumping) this.pump();
    },
  };
  /** Made when a value has to wait. */
  private backlog: Backlog<T> | null = null;
  private current: Holder<R> | null = null;
  /** The value of the current work: one at a time. */
  private value: T | undefined = undefined;
  private pumping = false;
  private sourceOver = false;

  constructor(destination: Destination<R>, plan: Plan<T, R>) {
    super();
    chain(this, destination);
    this.plan = plan;
    this.parent = askerOf(plan.owner);
  }

  perform(holder: Holder<R>, ticket: Ticket): void {
    const value = this.value as T;
    this.value = undefined;
    follow(holder, this.plan.project(value, ticket), ticket);
  }

  protected override _next(value: T): void {
    if (this.current === null && !this.pumping) {
      // Closed to values that come from inside: they are behind this one.
      this.pumping = true;
      this.begin(value);
      this.pumping = false;
      if (this.sourceOver || this.waiting) this.pump();
    } else {
      this.keep(value);
    }
  }

  private get waiting(): boolean {
    return this.backlog !== null && this.backlog.length > 0;
  }

  private keep(value: T): void {
    try {
      this.backlog ??= new Backlog(this.plan.backlog, 'exclusive()');
      this.backlog.push(value);
    } catch (error) {
      this.fail(error);
    }
  }

  private begin(value: T): void {
    try {
      const { plan } = this;
      const request = plan.request ?? plan.requestFor(value);
      // The function that picks the gate may have unsubscribed.
      if (this.closed) return;
      const core = request.core(this.parent);
      this.value = value;
      this.current = Holder.of(this.results, this.parent, request.ask, performFor<T, R>, this);
      this.current.request(core, request.signal);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Begins what waits. A loop, since work that is over at once comes back here from inside `begin`. */
  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    while (this.current === null && !this.closed && this.waiting) this.begin(this.backlog!.shift()!);
    this.pumping = false;
    if (this.sourceOver && this.current === null && !this.waiting && !this.closed) super._complete();
  }

  /** Not `error()`, which is deaf once the source has completed. The consumer hears of it before the next in the queue does. */
  private fail(error: unknown): void {
    if (this.closed) return;
    const { destination } = this;
    begin();
    try {
      this.unsubscribe();
      destination.error(error);
    } finally {
      end();
    }
  }

  protected override _error(error: unknown): void {
    this.fail(error);
  }

  protected override _complete(): void {
    this.sourceOver = true;
    if (this.current === null && !this.waiting && !this.pumping) super._complete();
  }

  override unsubscribe(): void {
    if (this.closed) return;
    const { current } = this;
    this.backlog = null;
    // Who waits leaves before the teardown, which may free the gate.
    if (current?.ticket?.waiting) current.unsubscribe();
    try {
      super.unsubscribe();
    } catch (error) {
      // A teardown that throws must not keep the gate closed.
      reportUnhandled(error);
    }
    this.current = null;
    current?.unsubscribe();
  }
}

function performFor<T, R>(holder: Holder<R>, ticket: Ticket, operator: Exclusive<T, R>): void {
  operator.perform(holder, ticket);
}
