import type { Clock } from '../../internal/env.ts';
import type { QuotaSpec } from '../spec.ts';
import { type Policy, rounding, type Settings } from './policy.ts';

/**
 * A budget for each calendar period, counted from the anchor, so that periods never drift. What a grant reserves is
 * settled once; a difference goes to the period it was taken from, or nowhere if that is over.
 */
export class Budget implements Policy {
  readonly timed = true;
  readonly lease = true;
  capacity: number;
  private per: number;
  private readonly anchor: number;
  private readonly clock: Clock & { wall(): number };
  private period = -Infinity;
  /** Counts the periods that have begun here. Unlike their numbers it is not used again when `per` changes. */
  private generation = 0;
  private used = 0;

  constructor({ limit, per, anchor }: QuotaSpec, clock: Clock & { wall(): number }) {
    this.capacity = limit;
    this.per = per;
    this.anchor = anchor;
    this.clock = clock;
  }

  /** Begins the period of the calendar. Never goes back, whatever the calendar does. */
  private turn(): void {
    const period = Math.floor((this.clock.wall() - this.anchor) / this.per);
    if (period <= this.period) return;
    this.period = period;
    this.generation++;
    this.used = 0;
  }

  opensAt(cost: number, now: number): number {
    this.turn();
    if (this.used + cost <= this.capacity + rounding) return -Infinity;
    return now + (this.anchor + (this.period + 1) * this.per - this.clock.wall());
  }

  take(cost: number): number {
    this.used += cost;
    return this.generation;
  }

  give(): void {
    // Not charged otherwise, a reservation cost what it reserved.
  }

  undo(cost: number, mark: number): void {
    if (mark === this.generation) this.used -= cost;
  }

  charge(cost: number, mark: number, actual: number): void {
    this.turn();
    if (mark === this.generation) this.used = Math.max(0, this.used + actual - cost);
  }

  available(): number {
    this.turn();
    return Math.max(0, this.capacity - this.used);
  }

  fresh(): boolean {
    this.turn();
    return this.used === 0;
  }

  change(settings: Settings): void {
    const { limit, per } = settings as QuotaSpec;
    this.turn();
    this.capacity = limit;
    if (per === this.per) return;
    // Another length, another numbering: what was used counts in the period that has now begun.
    this.per = per;
    this.period = Math.floor((this.clock.wall() - this.anchor) / per);
  }
}
