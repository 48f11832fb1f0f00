import type { MutexSpec, ReadWriteSpec, SemaphoreSpec } from '../spec.ts';
import type { Policy, Settings } from './policy.ts';

const permitsOf = (spec: Settings): number => (spec.kind === 'semaphore' ? spec.permits : 1);

/** Permits that go round: a mutex has one, and so has a read/write lock, whose readers share it. */
export class Permits implements Policy {
  readonly timed = false;
  readonly lease = true;
  capacity: number;
  private used = 0;

  constructor(spec: MutexSpec | SemaphoreSpec | ReadWriteSpec) {
    this.capacity = permitsOf(spec);
  }

  opensAt(cost: number): number {
    return this.used + cost <= this.capacity ? 0 : Infinity;
  }

  take(cost: number): number {
    this.used += cost;
    return 0;
  }

  give(cost: number): void {
    this.used -= cost;
  }

  undo(cost: number): void {
    this.used -= cost;
  }

  available(): number {
    return Math.max(0, this.capacity - this.used);
  }

  fresh(): boolean {
    return this.used === 0;
  }

  change(settings: Settings): void {
    this.capacity = permitsOf(settings);
  }
}
