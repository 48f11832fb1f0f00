import type { LimiterSpec } from '../spec.ts';
import { type Policy, rounding, type Settings } from './policy.ts';

/** Above what was used, in a packed account. */
const room = 2 ** 16;

/** A window opens at the first admission and lasts `per`. Two of them back to back can pass twice the limit: that is its nature. */
export class FixedWindow implements Policy {
  readonly timed = true;
  readonly lease = false;
  capacity: number;
  private per: number;
  private opened = -Infinity;
  private used = 0;

  constructor({ limit, per }: LimiterSpec) {
    this.capacity = limit;
    this.per = per;
  }

  opensAt(cost: number, now: number): number {
    const closes = this.opened + this.per;
    return closes <= now || this.used + cost <= this.capacity + rounding ? -Infinity : closes;
  }

  take(cost: number, now: number): number {
    if (this.opened + this.per <= now) {
      this.opened = now;
      this.used = 0;
    }
    this.used += cost;
    return this.opened;
  }

  give(): void {
    // A token is spent.
  }

  undo(cost: number, mark: number): void {
    if (mark === this.opened) this.used -= cost;
  }

  available(now: number): number {
    return this.opened + this.per <= now ? this.capacity : Math.max(0, this.capacity - this.used);
  }

  fresh(now: number): boolean {
    return this.opened + this.per <= now;
  }

  /** Both numbers in one, where they fit: the window rounded up to a millisecond, and what was used of it. */
  get packed(): number | undefined {
    const opened = Math.ceil(this.opened);
    return Number.isInteger(this.used) && this.used < room && opened < 2 ** 37 ? opened * room + this.used : undefined;
  }

  load(packed: number): void {
    this.opened = Math.floor(packed / room);
    this.used = packed % room;
  }

  /** A window that is over is not opened again by a longer `per`. */
  change(settings: Settings, now: number): void {
    const { limit, per } = settings as LimiterSpec;
    if (this.opened + this.per <= now) this.opened = -Infinity;
    this.capacity = limit;
    this.per = per;
  }
}
