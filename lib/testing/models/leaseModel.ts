import type { MutexSpec, ReadWriteSpec, SemaphoreSpec } from '../../gates/spec.ts';
import { entriesOf, type Model } from './model.ts';

type Lease = MutexSpec | SemaphoreSpec | ReadWriteSpec;

const permits = (spec: Lease): number => (spec.kind === 'semaphore' ? spec.permits : 1);

/** Mutexes, semaphores and read/write locks: what is held and what is asked must fit into the permits. Only a departure makes room. */
export const leaseModel: Model<Lease> = {
  capacity: permits,
  admits(history, spec, cost) {
    const held = entriesOf(history).filter(({ end }) => end === null);
    return held.reduce((sum, entry) => sum + entry.cost, cost) <= permits(spec);
  },
  moments: () => [],
};
