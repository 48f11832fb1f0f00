/** How much can be held of a semaphore; of a lock to read or write more than there are parties. */
export const permits = { mutex: 1, semaphore: 3, 'read-write': 16 } as const;

/** Locks to use at the same time, each of them several times by several parties. */
export interface Round {
  readonly kind: keyof typeof permits;
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
