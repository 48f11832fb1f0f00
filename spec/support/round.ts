import type { Strategy } from '../../lib/gates/spec.ts';
import type { Operation } from '../../lib/testing/linear/sequential.ts';
import type { BarrierOp, BarrierResult } from '../../lib/testing/linear/sequentialBarrier.ts';
import type { LimiterOp } from '../../lib/testing/linear/sequentialBucket.ts';
import type { LeaseOp, LeaseResult } from '../../lib/testing/linear/sequentialLease.ts';

export type Op = LeaseOp | LimiterOp | BarrierOp;
export type Result = LeaseResult | BarrierResult;
export type History = readonly Operation<Op, Result>[];

/** How much can be held of a semaphore; of a lock to read or write more than there are parties. */
export const permits = { mutex: 1, semaphore: 3, 'read-write': 16 } as const;
export type LeaseKind = keyof typeof permits;
export const isLease = (kind: Round['kind']): kind is LeaseKind => kind in permits;

export const limits = { limit: 3, per: 40 } as const;
export const meeting = { parties: 4, timeout: 1_000 } as const;

/** Gates to use at the same time, each of them several times by several parties. */
export interface Round {
  readonly kind: LeaseKind | Strategy | 'barrier';
  readonly gates: readonly string[];
  /** Length of the leases, which nobody renews, ms. */
  readonly ttl: number;
  readonly parties: number;
  readonly cycles: number;
  /** How long the work takes at most, ms. */
  readonly work: number;
  /** Whether holders look at their grants. */
  readonly checks: boolean;
  /** Whether it freezes with the first lock that it gets. */
  readonly freezes?: boolean;
}
