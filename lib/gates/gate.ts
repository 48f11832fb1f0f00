/** What users hold in their hands: grants, gates, and the options of asking for them. */
import type { Observable } from 'rxjs';
import type { Duration } from '../time/duration.ts';
import type { GateState, MaybePromise } from './state.ts';
import type { GateSpec, SpecPatch } from './spec.ts';

/** Proof that its holder may go on. */
export interface Grant {
  /** The name of the gate. */
  readonly gate: string;
  /** Rises with every grant of a coordinator. Hand it to what you guard, so that it can refuse a holder who was overtaken. */
  readonly fence: number | null;
  /** Aborts when the grant is given back (its reason is `'released'`) or lost (a `LeaseLostError`). Hand it to work that unsubscribing cannot stop. */
  readonly signal: AbortSignal;
  /** Milliseconds spent in the queue. */
  readonly waited: number;
  /** Barriers: how many parties were there before, else 0. */
  readonly index: number;
  /** The place could not vouch for the gate and admitted on its own account. */
  readonly degraded: boolean;
  /** Whether it is still held. Synchronous. */
  valid(): boolean;
  /** Moves the end of a lease to `ms` from now, by default its `ttl`. `false`: it is no longer held. */
  extend(duration?: Duration): MaybePromise<boolean>;
  /** Quotas: what the work really cost, at most once. The difference goes back to the period it was taken from. */
  charge(actual: number): MaybePromise<void>;
}

/** A grant for a block of code: it goes back at the end of the block, or by `release()`. */
export interface Entered extends Grant, AsyncDisposable {
  /** Gives it back. More than once is harmless. */
  release(): void;
}

/** How one request asks for a gate. */
export interface AcquireOptions {
  /** Permits, tokens or units to take. Default 1. */
  readonly cost?: number;
  /** The longest wait; 0 tries once; default: no end. */
  readonly timeout?: Duration;
  /**
   * Leaves the queue when it aborts. Once granted, it ends no lease: end the work to give back. Only `run`, whose work is a
   * promise, rejects its caller and aborts `grant.signal`; the grant still goes back when the work has settled.
   */
  readonly signal?: AbortSignal;
  /** Integer, -4096 to 4095, higher first. Default 0. */
  readonly priority?: number;
  /** Acts for the holder of this grant: what it holds is not waited for twice. */
  readonly owner?: Grant;
  /** How `inspect`, `waits` and errors call this request. */
  readonly label?: string;
  /** One queue and one account for each key, all with the settings of the gate. */
  readonly key?: string;
}

/** A live gate of one coordinator. */
export interface Gate {
  readonly name: string;
  readonly spec: GateSpec;
  /** Cold: each subscription is a request of its own. See the law of `acquire` in `docs/guarantees.md`. */
  acquire(options?: AcquireOptions): Observable<Grant>;
  /** Changes limits, also of all keys, while people hold and wait. Those who hold keep what they have. */
  change(patch: SpecPatch): MaybePromise<void>;
  /**
   * Nobody enters the gate or one of its keys before `time`: a Date or milliseconds since 1970. A server's `retry-after` header
   * is seconds from now, `Date.now() + 1000 * Number(header)`, or a date, `new Date(header)`.
   */
  pauseUntil(time: Date | number): MaybePromise<void>;
  /** Takes leases of the gate and its keys away from their holders; their work is torn down with `LeaseLostError`. Returns how many. */
  force(fence: number | 'all', reason: string): MaybePromise<number>;
  inspect(key?: string): MaybePromise<GateState>;
}

/** Anything that names a gate: a description, a live gate, or a bare name. */
export type GateRef = Gate | GateSpec | AllOf | string;

/** One gate of several. */
export interface Member {
  readonly gate: Gate | GateSpec | string;
  readonly cost: number;
  readonly key: string | undefined;
}

/** Several gates as one. Made by `allOf`. */
export interface AllOf {
  readonly kind: 'all';
  readonly members: readonly Member[];
}
