/** What gates say of themselves: plain data, for `inspect`, `waits` and the events `rxbaton.gate.*`. */
import type { GateSpec } from './spec.ts';

export type MaybePromise<T> = T | Promise<T>;

/** Why a lease was lost. */
export type LossReason = 'expired' | 'forced' | 'taken-over' | 'unreachable' | 'stalled' | 'data-loss' | 'closed';

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
  /** Read/write locks: whether somebody reads, and takes a small part of the lock, or writes, and takes all of it. */
  readonly mode?: 'read' | 'write';
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
  /** Read/write locks: what it is held for. */
  readonly mode?: 'read' | 'write';
  /** How long it has been held, ms. */
  readonly held: number;
  /** How much of the lease is left, ms; `Infinity` without a `ttl` or with renewal. */
  readonly left: number;
}

export interface WaiterState {
  readonly who: string;
  readonly cost: number;
  /** Read/write locks: what it is wanted for. */
  readonly mode?: 'read' | 'write';
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
  /** What could be taken now, in units of cost. Read/write locks: 1 where nobody is inside. */
  readonly available: number;
  /** Milliseconds until the head of the queue can enter, if time alone lets it in; `Infinity` if somebody has to leave. */
  readonly opensIn: number;
  /** Milliseconds of pause left, 0 when not paused. */
  readonly pausedFor: number;
  /** Barriers: generation, counted from 0. */
  readonly generation?: number;
}
