import type { LimiterSpec } from '../spec.ts';
import type { Policy, Settings } from './policy.ts';

/** Divisions such as 1000 / 3 leave a rest; a nanosecond of patience keeps it from costing another timer. */
const rounding = 1e-6;

/** Timers ring at whole milliseconds. Who enters this little late does not make those behind later, or the pace would be lost. */
const tick = 1;

/**
 * Token bucket and leaky bucket, both in one number: the theoretical arrival time, when the bucket would be level again
 * (the generic cell rate algorithm, ITU-T I.371). A token bucket lets `burst` go ahead of it; a leaky bucket lets nobody,
 * so that one enters at once and each next one an interval later.
 */
export class Gcra implements Policy {
  readonly timed = true;
  readonly lease = false;
  capacity = 0;
  private readonly smooth: boolean;
  private interval = 0;
  private burst = 0;
  private levelAt = 0;

  constructor(spec: LimiterSpec) {
    this.smooth = spec.strategy === 'leaky-bucket';
    this.set(spec);
  }

  private set({ limit, per, burst }: LimiterSpec): void {
    this.interval = per / limit;
    this.burst = burst;
    this.capacity = this.smooth ? Infinity : burst;
  }

  opensAt(cost: number): number {
    return (this.smooth ? this.levelAt : this.levelAt + (cost - this.burst) * this.interval) - rounding;
  }

  take(cost: number, now: number): number {
    this.levelAt = (now - this.levelAt < tick ? this.levelAt : now) + cost * this.interval;
    return 0;
  }

  give(): void {
    // A token is spent.
  }

  undo(cost: number): void {
    this.levelAt -= cost * this.interval;
  }

  available(now: number): number {
    const ahead = Math.max(0, this.levelAt - now) / this.interval;
    return Math.max(0, this.smooth ? (ahead > 0 ? 0 : 1) : Math.floor(this.burst - ahead + rounding));
  }

  fresh(now: number): boolean {
    return this.levelAt <= now;
  }

  get packed(): number {
    return this.levelAt;
  }

  load(packed: number): void {
    this.levelAt = packed;
  }

  /** What was taken stays taken: the debt keeps its size in tokens and is paid at the new pace. */
  change(settings: Settings, now: number): void {
    const debt = Math.max(0, this.levelAt - now) / this.interval;
    this.set(settings as LimiterSpec);
    this.levelAt = now + debt * this.interval;
  }
}
