/** Descriptions of gates: plain data, valid in any backend. */
import type { Duration } from '../time/duration.ts';

/** How a rate limiter counts. */
export type Strategy = 'sliding-window' | 'token-bucket' | 'fixed-window' | 'leaky-bucket';

interface Named {
  readonly name: string;
}

export interface Leased {
  /** Milliseconds; `Infinity`: no end. */
  readonly ttl: number;
  /** Whether the lease is kept while the work runs. */
  readonly renew: boolean;
}

export interface MutexSpec extends Named, Leased {
  readonly kind: 'mutex';
  readonly reentrant: boolean;
}

export interface SemaphoreSpec extends Named, Leased {
  readonly kind: 'semaphore';
  readonly permits: number;
}

export interface QuotaSpec extends Named {
  readonly kind: 'quota';
  readonly limit: number;
  readonly per: number;
  readonly anchor: number;
}

export interface BarrierSpec extends Named {
  readonly kind: 'barrier';
  readonly parties: number;
  readonly timeout: number;
  readonly onLeave: 'break' | 'forget';
}

export interface LimiterSpec extends Named {
  readonly kind: 'limiter';
  readonly strategy: Strategy;
  readonly limit: number;
  readonly per: number;
  /** Token bucket: how many may go at once; for the others the same as `limit`. */
  readonly burst: number;
  readonly from: 'dispatch' | 'release';
}

export interface ReadWriteSpec extends Named, Leased {
  readonly kind: 'readWriteLock';
  /** Which way in. The live lock is one for both. */
  readonly mode: 'read' | 'write';
}

export type GateSpec = MutexSpec | SemaphoreSpec | ReadWriteSpec | QuotaSpec | BarrierSpec | LimiterSpec;

/** What can change while a gate is in use. */
export interface SpecPatch {
  /** Semaphores. */
  readonly permits?: number;
  /** Quotas and limiters. */
  readonly limit?: number;
  /** Quotas and limiters. */
  readonly per?: Duration;
  /** Token buckets. */
  readonly burst?: number;
  /** Barriers. */
  readonly parties?: number;
  /** Nobody enters before this time: a Date, or milliseconds since 1970. */
  readonly pauseUntil?: Date | number;
}

/** Whether two descriptions of one name agree. */
export function sameSpec(a: GateSpec, b: GateSpec): boolean {
  if (a === b) return true;
  for (const key of Object.keys(a) as (keyof GateSpec)[]) if (a[key] !== b[key]) return false;
  return true;
}

/** What a reader takes of a read/write lock. So small that there is room for a million, and exact in sums. */
const readerShare: number = 2 ** -20;

/** What one of a description costs. */
export const unitOf = (spec: GateSpec): number =>
  spec.kind === 'readWriteLock' && spec.mode === 'read' ? readerShare : 1;

/** The description of the gate itself, whichever way in was meant. */
export const gateOf = (spec: GateSpec): GateSpec =>
  spec.kind === 'readWriteLock' && spec.mode === 'read' ? { ...spec, mode: 'write' } : spec;

/** Whether somebody reads or writes, at a lock where that makes a difference. */
export const modeOf = (spec: GateSpec, cost: number): { readonly mode?: 'read' | 'write' } =>
  spec.kind === 'readWriteLock' ? { mode: cost < 1 ? 'read' : 'write' } : {};

/** What a gate is called: its name, and its key if it has one. */
export const titleOf = ({ spec, key }: { readonly spec: GateSpec; readonly key: string | undefined }): string =>
  key === undefined ? spec.name : `${spec.name}[${key}]`;
