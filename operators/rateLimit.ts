import { type MonoTypeOperatorFunction, Subscriber } from 'rxjs';
import type { CoordinationError } from '../lib/errors.ts';
import { checkCost, costOf } from '../lib/gates/ask.ts';
import { lostError } from '../lib/gates/describe.ts';
import type { AcquireOptions, GateRef, Grant } from '../lib/gates/gate.ts';
import { askerOf, checked, GateRequest } from '../lib/gates/gateRequest.ts';
import { aborted, type Patience, patience } from '../lib/gates/patience.ts';
import type { Ask, GateCore, Ticket, Waiter } from '../lib/gates/port.ts';
import type { LossReason } from '../lib/gates/state.ts';
import { limiterOf } from '../lib/gates/inlineLimiter.ts';
import type { LimiterOptions } from '../lib/gates/rateLimiter.ts';
import { Backlog, type BacklogOptions, backlogOptions } from '../lib/internal/backlog.ts';
import { currentFrame, type Frame, runIn } from '../lib/internal/context.ts';
import { reportUnhandled } from '../lib/internal/env.ts';
import { begin, end } from '../lib/internal/handover.ts';
import { expected } from '../lib/internal/options.ts';
import type { Sink } from '../lib/internal/sink.ts';
import { chain, type Destination, Operation } from '../lib/internal/stream.ts';

export interface RateLimitOptions<T> extends Omit<AcquireOptions, 'cost' | 'key'>, BacklogOptions {
  /** What a value costs: a number, or a function of the value. Default 1. */
  readonly cost?: number | ((value: T) => number);
  /** Whose account a value goes to: a key, or a function of the value. Default: one account for all. */
  readonly key?: string | ((value: T) => string);
}

/** A limiter: a gate, settings of one that belongs to this operator alone, or a function that picks a gate for a value. */
export type Pace<T> = GateRef | LimiterOptions | ((value: T) => GateRef);

/**
 * Lets values pass at the pace of a limiter, in their order.
 *
 * ```
 * source   -abcd----------|
 * limit 2 in 5
 * result   -ab---cd-------|
 * ```
 *
 * Values that are not due wait in a buffer, `maxQueue` long, and `overflow` says what happens beyond that. Nothing overtakes: a
 * value that is not due holds up the ones behind it, whatever their key. Each subscription has one request in the limiter's
 * queue; a `timeout` runs from when a value is first in the buffer. Completes, and tears the source down, when the source has
 * completed and the last value has passed. Errors with the source or a request, at once; what waited is dropped. Unsubscribing
 * drops what waits and takes the request back.
 *
 * Settings given inline make a limiter that belongs to this operator and is shared by all its subscriptions, so that a `retry`
 * does not refill it. With a lease (`from: 'release'`, a semaphore) the grant goes back when the consumer has taken the value.
 *
 * @param limiter A description, a live gate, a name; settings for a limiter of its own; or a function that picks a gate.
 * @param options `cost` and `key`, as values or as functions of the value; the rest as for `acquire`; `maxQueue` (default
 * 10,000) with `overflow` (default `'error'`).
 * @throws ConfigError for a bad option, at once. Errors with `OverflowError`, and as `acquire` does.
 * @example Two requests a second for each user, ten thousand tokens a minute for all
 * ```ts
 * prompts$.pipe(
 *   rateLimit({ limit: 2, per: '1s' }, { key: ({ user }) => user }),
 *   rateLimit({ limit: 10_000, per: '1m' }, { cost: ({ text }) => 1 + text.length / 4 }),
 * );
 * ```
 */
export function rateLimit<T>(limiter: Pace<T>, options?: RateLimitOptions<T>): MonoTypeOperatorFunction<T> {
  return paced(limiter, options, 'rateLimit()');
}

/** `rateLimit` under the name by which its caller is known in errors. */
export function paced<T>(
  limiter: Pace<T>,
  options: RateLimitOptions<T> | undefined,
  caller: string,
): MonoTypeOperatorFunction<T> {
  const terms = termsOf(limiter, options ?? {}, caller);
  const begin = (destination: Destination<T>): Paced<T> => new Paced(destination, terms);
  return (source) => new Operation(source, begin);
}

interface Terms<T> {
  readonly requestFor: (value: T) => GateRequest;
  /** The request of every value, where none is special. */
  readonly request: GateRequest | null;
  readonly costOf: ((value: T) => number) | null;
  readonly backlog: Required<BacklogOptions>;
  readonly owner: Grant | undefined;
  readonly caller: string;
}

function termsOf<T>(limiter: Pace<T>, options: RateLimitOptions<T>, caller: string): Terms<T> {
  const { cost, key, ...rest } = options;
  const keyFor = typeof key === 'function' ? key : null;
  const more = ['maxQueue', 'overflow'];
  /** What is the same for every value, checked now. An `allOf` refuses a cost, so that it has to hear of any. */
  const wishes: AcquireOptions = {
    ...rest,
    ...(cost === undefined ? null : { cost: typeof cost === 'function' ? 1 : cost }),
    ...(key === undefined || typeof key === 'function' ? null : { key }),
  };
  checked(wishes, caller, more);
  const make = (ref: GateRef, value: T): GateRequest =>
    new GateRequest(ref, keyFor === null ? wishes : { ...wishes, key: keyFor(value) }, caller, more);
  const costFor = typeof cost === 'function' ? cost : null;
  const terms = { costOf: costFor, backlog: backlogOptions(options, caller), owner: options.owner, caller };
  if (typeof limiter === 'function')
    return { ...terms, request: null, requestFor: (value) => make(limiter(value), value) };
  const ref = gateOf(limiter, caller);
  if (keyFor !== null) return { ...terms, request: null, requestFor: (value) => make(ref, value) };
  const request = new GateRequest(ref, wishes, caller, more);
  return { ...terms, request, requestFor: () => request };
}

function gateOf(limiter: GateRef | LimiterOptions, caller: string): GateRef {
  if (typeof limiter === 'string') return limiter;
  if (typeof limiter !== 'object' || limiter === null)
    return expected(`The limiter of ${caller}`, 'a gate or settings', limiter);
  return 'kind' in limiter || 'spec' in limiter
    ? limiter
    : limiterOf(limiter.strategy ?? 'sliding-window', limiter, caller);
}

class Paced<T> extends Subscriber<T> implements Waiter {
  ask: Ask;
  ticket: Ticket | null = null;
  readonly frame: Frame | null;
  private readonly terms: Terms<T>;
  /** Made when a value has to wait: most never do. */
  private backlog: Backlog<T> | null = null;
  private waitingFor: Patience | null = null;
  /** The value that has asked and was not answered yet, if `asking`. */
  private value: T | undefined = undefined;
  private asking = false;
  private pumping = false;
  private sourceOver = false;

  constructor(destination: Destination<T>, terms: Terms<T>) {
    super();
    chain(this, destination);
    this.terms = terms;
    this.frame = askerOf(terms.owner);
    this.ask = terms.request?.ask ?? { cost: 1, priority: 0, timeout: Infinity, label: undefined };
  }

  protected override _next(value: T): void {
    if (!this.asking && !this.pumping) {
      // Closed to values that come from inside: they are behind this one.
      this.pumping = true;
      this.request(value);
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
      this.backlog ??= new Backlog(this.terms.backlog, this.terms.caller);
      this.backlog.push(value);
    } catch (error) {
      this.fail(error);
    }
  }

  private request(value: T): void {
    try {
      const { terms } = this;
      const request = terms.request ?? terms.requestFor(value);
      const ask =
        terms.costOf === null ? request.ask : { ...request.ask, cost: costOf(terms.costOf(value), terms.caller) };
      // A function that picks the limiter, the key or the cost may have unsubscribed.
      if (this.closed) return;
      this.ask = ask;
      // After the functions: they may use other gates, and one that is idle meanwhile may be forgotten.
      const core = request.core(this.frame);
      if (terms.costOf !== null) checkCost(core, ask.cost);
      if (request.signal?.aborted) throw aborted(core, request.signal);
      const mark = core.pass === undefined ? -1 : core.pass(ask.cost);
      if (mark >= 0) {
        this.passOn(value, core, mark);
        return;
      }
      this.value = value;
      this.asking = true;
      core.enter(this);
      if (this.asking && (request.signal !== undefined || this.ask.timeout < Infinity))
        this.beginPatience(core, request);
    } catch (error) {
      this.fail(error);
    }
  }

  private beginPatience(core: GateCore, { signal }: GateRequest): void {
    if (!this.closed) this.waitingFor = patience(this, core, signal);
  }

  /** A value that is due at once needs no ticket: nobody would look at it. */
  private passOn(value: T, core: GateCore, mark: number): void {
    this.asking = true;
    try {
      this.emit(value, core);
    } finally {
      this.asking = false;
      core.passed!(mark);
    }
  }

  /** The consumer runs in the frame in which it subscribed. */
  private emit(value: T, { env }: GateCore): void {
    if (!env.tracks || currentFrame() === this.frame) this.destination.next(value);
    else runIn(this.frame, pass, this.destination as Sink<T>, value);
  }

  granted(ticket: Ticket): void {
    this.endPatience();
    const value = this.value as T;
    this.value = undefined;
    begin();
    try {
      this.emit(value, ticket.core);
      if (ticket.core.lease) ticket.core.release(ticket);
    } finally {
      this.asking = false;
      end();
    }
    if (this.sourceOver || this.waiting) this.pump();
  }

  refused(error: CoordinationError): void {
    this.fail(error);
  }

  lost(ticket: Ticket, reason: LossReason, note?: string): void {
    this.fail(lostError(this, ticket, reason, note));
  }

  /** Asks for what waits. A loop, since a value that is due comes back here from inside `request`. */
  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    while (!this.asking && !this.closed && this.waiting) this.request(this.backlog!.shift() as T);
    this.pumping = false;
    if (this.sourceOver && !this.asking && !this.waiting && !this.closed) super._complete();
  }

  protected override _complete(): void {
    this.sourceOver = true;
    if (!this.asking && !this.pumping) this.pump();
  }

  /** Not `error()`, which is deaf once the source has completed. The consumer hears of it before the next in the queue does. */
  private fail(error: unknown): void {
    if (this.closed) return;
    const { destination } = this;
    this.asking = false;
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

  private endPatience(): void {
    this.waitingFor?.end();
    this.waitingFor = null;
  }

  override unsubscribe(): void {
    if (this.closed) return;
    const { ticket } = this;
    this.backlog = null;
    this.endPatience();
    // Who waits leaves before the teardown, which may free the gate.
    if (ticket?.waiting) ticket.core.cancel(ticket);
    try {
      super.unsubscribe();
    } catch (error) {
      // A teardown that throws must not leave a request in the queue.
      reportUnhandled(error);
    }
    if (ticket !== null) ticket.core.cancel(ticket);
  }
}

const pass = <T>(destination: Sink<T>, value: T): void => {
  destination.next(value);
};
