import type { MutexSpec, SemaphoreSpec } from '../../gates/spec.ts';
import { entriesOf, type Model } from './model.ts';

const permits = (spec: MutexSpec | SemaphoreSpec): number => (spec.kind === 'mutex' ? 1 : spec.permits);

/** Mutexes and semaphores: what is held and what is asked must fit into the permits. Only a departure makes room. */
export const leaseModel: Model<MutexSpec | SemaphoreSpec> = {
  capacity: permits,
  admits(history, spec, cost) {
    const held = entriesOf(history).filter(({ end }) => end === null);
    return held.reduce((sum, entry) => sum + entry.cost, cost) <= permits(spec);
  },
  moments: () => [],
};
