import type { LimiterSpec } from '../spec.ts';
import { type Policy, rounding, type Settings } from './policy.ts';

/**
 * Never more than `limit` in any `per`, exactly: a log of the admissions that still count, in a ring that grows as needed.
 * An entry is stamped again when its waiter has been told, so that what the consumer measures can only be further apart.
 */
export class SlidingWindow implements Policy {
  readonly timed = true;
  readonly lease: boolean;
  capacity: number;
  private per: number;
  /** Pairs of time and cost; an entry is found by its mark, which counts all entries ever. */
  private ring = new Float64Array(16);
  private oldest = 0;
  private next = 0;
  /** Cost in the log. */
  private logged = 0;
  /** Cost of those who have not ended yet, when it counts from the release. */
  private held = 0;

  constructor({ limit, per, from }: LimiterSpec) {
    this.capacity = limit;
    this.per = per;
    this.lease = from === 'release';
  }

  private at(mark: number): number {
    return (mark * 2) & (this.ring.length - 1);
  }

  /** Drops what no longer counts. */
  private forget(now: number): void {
    while (this.oldest < this.next) {
      const at = this.at(this.oldest);
      if (this.ring[at]! + this.per > now) return;
      this.logged -= this.ring[at + 1]!;
      this.oldest++;
    }
    // Nothing counts: also rids the sum of what fractions of cost leave behind.
    this.logged = 0;
  }

  private log(cost: number, stamp: number, now: number): number {
    if ((this.next - this.oldest) * 2 === this.ring.length) this.forget(now);
    if ((this.next - this.oldest) * 2 === this.ring.length) {
      const before = this.ring;
      this.ring = new Float64Array(before.length * 2);
      for (let mark = this.oldest; mark < this.next; mark++) {
        const from = (mark * 2) & (before.length - 1);
        this.ring.set(before.subarray(from, from + 2), this.at(mark));
      }
    }
    const at = this.at(this.next);
    this.ring[at] = stamp;
    this.ring[at + 1] = cost;
    this.logged += cost;
    return this.next++;
  }

  opensAt(cost: number, now: number): number {
    let over = this.held + this.logged + cost - this.capacity;
    if (over <= rounding) return -Infinity;
    this.forget(now);
    over = this.held + this.logged + cost - this.capacity;
    if (over <= rounding) return -Infinity;
    const last = this.next - 1;
    for (let mark = this.oldest; mark <= last; mark++) {
      const at = this.at(mark);
      // After the last of them the log is empty, whatever the sum of its fractions says.
      over = mark === last ? this.held + cost - this.capacity : over - this.ring[at + 1]!;
      if (over <= rounding) return this.ring[at]! + this.per;
    }
    return Infinity;
  }

  take(cost: number, now: number): number {
    // Not stamped before its waiter was told: until then nothing lets it drop out of the window.
    if (!this.lease) return this.log(cost, Infinity, now);
    this.held += cost;
    return 0;
  }

  give(cost: number, _mark: number, now: number): void {
    if (!this.lease) return;
    this.held -= cost;
    this.log(cost, now, now);
  }

  undo(cost: number, mark: number): void {
    if (this.lease) {
      this.held -= cost;
      return;
    }
    // It keeps its place, since marks count places, but is over and counts for nothing.
    this.ring[this.at(mark)] = -Infinity;
    this.ring[this.at(mark) + 1] = 0;
    this.logged -= cost;
  }

  dispatched(mark: number, now: number): void {
    if (!this.lease) this.ring[this.at(mark)] = now;
  }

  available(now: number): number {
    this.forget(now);
    return Math.max(0, this.capacity - this.logged - this.held);
  }

  fresh(now: number): boolean {
    this.forget(now);
    return this.oldest === this.next && this.held === 0;
  }

  /** What has left the window under the old settings does not come back under the new ones. */
  change(settings: Settings, now: number): void {
    const { limit, per } = settings as LimiterSpec;
    this.forget(now);
    this.capacity = limit;
    this.per = per;
  }
}
