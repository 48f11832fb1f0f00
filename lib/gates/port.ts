/**
 * The port between the faces of a gate (`Observable`, `run`, `enter`, operators) and the place where it lives. A callback
 * contract: memory calls back inside `enter`, a remote place later; no Promise and no Observable is on the path.
 */
import type { Clock } from '../internal/env.ts';
import type { Frame } from '../internal/context.ts';
import type { CoordinationError } from '../errors.ts';
import type { GateSpec, SpecPatch } from './spec.ts';
import type { Ticket } from './ticket.ts';

export type MaybePromise<T> = T | Promise<T>;

/** Why a lease was lost. */
export type LossReason = 'expired' | 'forced' | 'taken-over' | 'unreachable' | 'stalled' | 'data-loss' | 'closed';

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
  /** Leaves the queue. Idempotent in any state; no callback afterwards; racing a grant, the core gives the grant back itself. */
  cancel(ticket: Ticket): void;
  /** Gives a lease back and reserves for the next. Idempotent, never throws, locally final at once. */
  release(ticket: Ticket): void;
  /** The turn of a reserved grant has come: tells its waiter. */
  deliver(ticket: Ticket): void;
  /** Moves the end of a lease to `ms` from now. `false`: it is no longer held. */
  extend(ticket: Ticket, ms: number): MaybePromise<boolean>;
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
  /** One core that admits to all of them at once; `null`: the face takes them one after the other, in one fixed order. */
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
  /** The last fence given; one counter for the whole coordinator, so that fences rise for ever. */
  fence: number;
  /** Errors that belong to nobody's request. */
  report(error: unknown): void;
}

/** Takes `rxbaton.gate.*` events. */
export type ActivitySink = (activity: GateActivity) => void;

/** What happened at a gate. `action` is the last part of the event's name: `rxbaton.gate.granted`. */
export interface GateActivity {
  readonly action: 'queued' | 'granted' | 'released' | 'refused' | 'left' | 'lost' | 'changed' | 'deadlock';
  readonly gate: string;
  readonly key?: string;
  readonly kind: GateSpec['kind'];
  readonly at: number;
  readonly who?: string;
  readonly cost?: number;
  readonly fence?: number | null;
  readonly priority?: number;
  readonly waited?: number;
  readonly held?: number;
  readonly limit?: number;
  readonly reason?: string;
  readonly cycle?: readonly WaitEdge[];
}

/** Who waits for what, held by whom, since when (milliseconds ago). */
export interface WaitEdge {
  readonly waiter: string;
  readonly gate: string;
  readonly holders: readonly string[];
  readonly since: number;
}

export interface HolderState {
  readonly who: string;
  readonly fence: number | null;
  readonly cost: number;
  /** How long it has been held, ms. */
  readonly held: number;
  /** How much of the lease is left, ms; `Infinity` without a `ttl` or with renewal. */
  readonly left: number;
}

export interface WaiterState {
  readonly who: string;
  readonly cost: number;
  readonly priority: number;
  /** How long it has waited, ms. */
  readonly waited: number;
}

/** A gate as `inspect` sees it: plain data, waiters in the order in which they will be served. */
export interface GateState {
  readonly name: string;
  readonly key?: string;
  readonly kind: GateSpec['kind'];
  readonly spec: GateSpec;
  readonly holders: readonly HolderState[];
  readonly waiting: readonly WaiterState[];
  /** What could be taken now, in units of cost. */
  readonly available: number;
  /** Milliseconds until the head of the queue can enter, if time alone lets it in; `Infinity` if somebody has to leave. */
  readonly opensIn: number;
  /** Milliseconds of pause left, 0 when not paused. */
  readonly pausedFor: number;
  /** Barriers: generation, counted from 0. */
  readonly generation?: number;
}
