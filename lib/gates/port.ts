/**
 * The port between the faces of a gate (`Observable`, `run`, `enter`, operators) and the place where it lives. A callback
 * contract: memory calls back inside `enter`, a remote place later; no Promise and no Observable is on the path.
 */
import { ConfigError, type CoordinationError } from '../errors.ts';
import type { Frame } from '../internal/context.ts';
import type { Clock } from '../internal/env.ts';
import type { Reserved } from '../internal/handover.ts';
import { show } from '../internal/options.ts';
import { type Duration, milliseconds } from '../time/duration.ts';
import type { Entered } from './gate.ts';
import { type GateSpec, type SpecPatch, titleOf } from './spec.ts';
import type { ActivitySink, GateState, LossReason, MaybePromise, WaitEdge } from './state.ts';

/** What a waiter asks for; one object may serve any number of waiters. */
export interface Ask {
  /** Permits, tokens or units; positive, at most what the gate can ever give. */
  readonly cost: number;
  /** -4096 ... 4095, higher first; first come, first served within one priority. */
  readonly priority: number;
  /** Milliseconds; `Infinity`: no end; 0: now or not at all. The face arms the timer. */
  readonly timeout: number;
  /** What `inspect` and errors call the waiter. */
  readonly label: string | undefined;
}

/** Somebody who asks for a gate. The face's own object (a Subscriber, as a rule): one object for each waiter. */
export interface Waiter {
  readonly ask: Ask;
  /** Whom a grant would belong to, for deadlocks and for the context of callbacks; `null` while nobody tracks. */
  readonly frame: Frame | null;
  /** Private to the core, which sets it before it answers; `null` at rest. */
  ticket: Ticket | null;
  /** The answer is yes. At most once; from inside `enter` where the gate is free. */
  granted(ticket: Ticket): void;
  /** The answer is no. Instead of `granted`, at most once. */
  refused(error: CoordinationError): void;
  /** The lease is gone. After `granted` and before `release`, at most once. */
  lost(ticket: Ticket, reason: LossReason, note?: string): void;
}

/** One live gate in the place where it lives. */
export interface GateCore {
  readonly spec: GateSpec;
  /** Which one of a gate's keyed queues and accounts this is. */
  readonly key: string | undefined;
  readonly env: BackendEnv;
  /** Forgotten by its backend: whoever kept it must `open` again before the next `enter`. */
  readonly retired: boolean;
  /** Whether a grant is held until it is given back; else it is a token, spent at once. */
  readonly lease: boolean;
  /** Joins the queue, or enters at once. The answer comes through the waiter, whose `ticket` is what the others take. */
  enter(waiter: Waiter): void;
  /**
   * A token at once for somebody who needs no ticket: what to call `passed` with when it was used, or -1: ask with `enter`.
   * Only where tokens can be had without a wait.
   */
  pass?(cost: number): number;
  /** The token has been used. */
  passed?(mark: number): void;
  /** Leaves the queue. Idempotent in any state; no callback afterwards; racing a grant, the core gives the grant back itself. */
  cancel(ticket: Ticket): void;
  /** Gives a lease back and reserves for the next. Idempotent, never throws, locally final at once. */
  release(ticket: Ticket): void;
  /** The turn of a reserved grant has come: tells its waiter, unless that one has left meanwhile. */
  deliver(ticket: Ticket): void;
  /** Moves the end of a lease to `ms` from now, by default its `ttl`. `false`: it is no longer held. */
  extend(ticket: Ticket, ms: number | undefined): MaybePromise<boolean>;
  /** Says what a reservation of a quota really cost. */
  charge(ticket: Ticket, actual: number): MaybePromise<void>;
  /** Changes limits or pauses, while people hold and wait. */
  change(patch: SpecPatch): MaybePromise<void>;
  /** Takes leases away from their holders, who are told. Returns how many. */
  force(fence: number | 'all', reason: string): MaybePromise<number>;
  inspect(): MaybePromise<GateState>;
}

/** A place where gates live. */
export interface GateBackend {
  readonly kind: string;
  /** Whether other processes share these gates. */
  readonly shared: boolean;
  /** `true`, or why this place cannot have such a gate. */
  supports(spec: GateSpec): true | string;
  /** Synchronous and without I/O. Same name and key, same core, as long as it is remembered. */
  open(spec: GateSpec, key: string | undefined, env: BackendEnv): GateCore;
  /** One core that admits to all of them at once, never a barrier among them; `null`: the face takes them one after the other, in one fixed order. */
  openAll?(shares: readonly { readonly core: GateCore; readonly cost: number }[], env: BackendEnv): GateCore | null;
  /** Forgets a gate that nobody uses and whose account is at the start; `false`: it is in use. */
  forget(core: GateCore): boolean;
  /** The live gate of a name, if there is one. */
  find(name: string): GateCore | null;
  waits(): MaybePromise<readonly WaitEdge[]>;
  /** Resolves when every release and cancel is acknowledged or has expired. */
  settled(): MaybePromise<void>;
  close(options?: { deadline?: number }): Promise<void>;
}

/** What a coordinator lends its backend. */
export interface BackendEnv {
  readonly clock: Clock & { wall(): number };
  /** Random text for ids that other processes see. */
  random(): string;
  /** Where gate activity goes; asked again for each event, since it is `null` while nobody subscribes. */
  readonly activity: ActivitySink | null;
  readonly deadlock: 'error' | 'report' | 'off';
  /** Whether holds are frames of the causal context, which follow promises. */
  readonly tracks: boolean;
  /** Its gates stand in for those of another place, which cannot be reached. */
  readonly degraded?: boolean;
  /** The last fence given; one counter for the whole coordinator, so that fences rise for ever. */
  fence: number;
  /** Errors that belong to nobody's request. */
  report(error: unknown): void;
}

export const QUEUED = 0;
/** Booked, but its waiter has not been told yet. */
export const RESERVED = 1;
export const HELD = 2;
/** Given back, spent, lost, refused or left. */
export const OVER = 3;
export type TicketState = typeof QUEUED | typeof RESERVED | typeof HELD | typeof OVER;

/** The reason of a signal whose grant was given back: nothing went wrong. */
export const released = 'released';

/** What only few tickets have. */
export interface TicketExtras {
  /** Behind `signal`, made when somebody looks at it. */
  controller: AbortController | null;
  /** Why the signal has aborted, or would have if somebody had looked at it; `undefined`: it has not. */
  reason: unknown;
  /** When the lease lapses, by the gate's clock; `Infinity`: never. */
  until: number;
  /** The lease behind it: it was entered inside that one, or came with it through operators, and is not booked itself. */
  outer: Ticket | null;
  /** Entered inside this one. */
  nested: Ticket[];
  charged: boolean;
  /** The request for several gates that this ticket is a part of. */
  joint: Joint | null;
  /** A request for several gates: its parts. */
  parts: readonly Ticket[];
  /** Requests that wait inside the work that holds this ticket. */
  blocked: Ticket[];
}

/** A request for several gates at once. */
export interface Joint {
  readonly ticket: Ticket;
  /** Enters all gates if it is first in each and each would admit it. */
  tryEnter(): boolean;
}

/**
 * One request at one gate, from the queue to its end. The same object is the place in the queue, the proof of the grant, and
 * the grant that users hold in their hands: a hold makes no other.
 */
export class Ticket implements Entered, Reserved {
  readonly core: GateCore;
  readonly waiter: Waiter;
  state: TicketState = QUEUED;
  /** The fence; 0 until granted, and for tokens. */
  order = 0;
  prev: Ticket | null = null;
  next: Ticket | null = null;
  /** When it joined the queue, whole milliseconds; -1: it never had to. */
  queuedAt = -1;
  /** When it was granted, whole milliseconds; -1: not yet looked at. */
  since = -1;
  /** By which the policy finds its entry. */
  mark = 0;
  extras: TicketExtras | null = null;

  constructor(core: GateCore, waiter: Waiter) {
    this.core = core;
    this.waiter = waiter;
  }

  /** Whose request a grant was, as a frame: for requests that act for the same owner. */
  static frameOf(grant: unknown): Frame | null {
    if (grant instanceof Ticket) return grant.waiter.frame;
    throw new ConfigError(`owner must be a grant of this library, not ${show(grant)}.`);
  }

  get gate(): string {
    return titleOf(this.core);
  }

  get fence(): number | null {
    return this.degraded ? null : this.order || null;
  }

  get signal(): AbortSignal {
    const extras = this.more();
    extras.controller ??= new AbortController();
    const over = this.state === OVER && this.core.lease;
    if (over || extras.reason !== undefined) extras.controller.abort(extras.reason ?? released);
    return extras.controller.signal;
  }

  get waited(): number {
    if (this.queuedAt < 0) return 0;
    // Looked at before the work has really started: now is when it was granted.
    if (this.since < 0) this.since = Math.round(this.core.env.clock.now());
    return Math.max(0, this.since - this.queuedAt);
  }

  get index(): number {
    return this.core.spec.kind === 'barrier' ? this.mark : 0;
  }

  get degraded(): boolean {
    return this.core.env.degraded === true;
  }

  valid(): boolean {
    if (this.state !== HELD && this.core.lease) return false;
    return this.extras === null || this.extras.parts.every((part) => part.valid());
  }

  extend(duration?: Duration): MaybePromise<boolean> {
    const ms =
      duration === undefined ? undefined : milliseconds(duration, `${this.gate}: extend()`, { infinite: true });
    return this.core.extend(this, ms);
  }

  charge(actual: number): MaybePromise<void> {
    if (typeof actual !== 'number' || !(actual >= 0 && actual < Infinity)) {
      throw new ConfigError(`${this.gate}: charge() takes a number from 0 up, not ${show(actual)}.`);
    }
    return this.core.charge(this, actual);
  }

  release(): void {
    this.core.release(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.core.release(this);
    return Promise.resolve();
  }

  /** What a log of it shows. */
  toJSON(): unknown {
    return { gate: this.gate, fence: this.fence };
  }

  /** Its waiter has not been told yet. */
  get waiting(): boolean {
    return this.state === QUEUED || this.state === RESERVED;
  }

  /** For the rare parts. */
  more(): TicketExtras {
    return (this.extras ??= {
      controller: null,
      reason: undefined,
      until: Infinity,
      outer: null,
      nested: [],
      charged: false,
      joint: null,
      parts: [],
      blocked: [],
    });
  }

  /** Aborts `signal`, whether or not somebody has looked at it yet. */
  abort(reason: unknown): void {
    const extras = this.more();
    if (extras.reason !== undefined) return;
    extras.reason = reason;
    extras.controller?.abort(reason);
  }

  deliver(): void {
    this.core.deliver(this);
  }
}
