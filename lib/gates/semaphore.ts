import { knownOptions, positiveInteger } from '../internal/options.ts';
import { leased, type LeaseOptions, named } from './lease.ts';
import type { SemaphoreSpec } from './spec.ts';

export interface SemaphoreOptions extends LeaseOptions {
  /** How many permits there are, a positive integer. */
  readonly permits: number;
}

/** Describes permits that go round. A request may take several (`cost`); a large one at the head is not overtaken. */
export function semaphore(name: string, options: SemaphoreOptions): SemaphoreSpec {
  const owner = `semaphore('${named('semaphore', name)}')`;
  knownOptions(owner, options, ['permits', 'ttl', 'renew']);
  return {
    kind: 'semaphore',
    name,
    permits: positiveInteger(options.permits, `${owner}.permits`),
    ...leased(owner, options),
  };
}
