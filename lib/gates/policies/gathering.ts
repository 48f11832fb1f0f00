import type { BarrierSpec } from '../spec.ts';
import type { Policy, Settings } from './policy.ts';

/** A barrier: opens for a whole generation when enough of them wait. */
export class Gathering implements Policy {
  readonly timed = false;
  readonly lease = false;
  readonly capacity = 1;
  generation = 0;
  private parties: number;
  /** How many of the generation that is entering are still outside. */
  private entering = 0;
  /** How many it has. */
  private opening = 0;

  constructor({ parties }: BarrierSpec) {
    this.parties = parties;
  }

  opensAt(cost: number, _now: number, waiting: number): number {
    return cost <= 1 && (this.entering > 0 || waiting >= this.parties) ? 0 : Infinity;
  }

  /** The mark is how many of the generation entered before. */
  take(): number {
    if (this.entering === 0) this.entering = this.opening = this.parties;
    const before = this.opening - this.entering;
    if (--this.entering === 0) this.generation++;
    return before;
  }

  give(): void {
    // The one who arrived last opened it for all: nothing is held.
  }

  undo(): void {
    // Who leaves after the barrier opened has been counted, as the others were told.
  }

  available(): number {
    return 0;
  }

  fresh(): boolean {
    return this.entering === 0;
  }

  change(settings: Settings): void {
    this.parties = (settings as BarrierSpec).parties;
  }
}
