import type { Subscription } from 'rxjs';
import { after } from '../../lib/internal/after.ts';
import type { Clock } from '../../lib/internal/env.ts';
import type { RedisTicket } from './RedisTicket.ts';

/** Something that the server has still to hear: a lease went back, or somebody has left the queue. */
export interface Debt {
  readonly how: 'release' | 'cancel';
  /** From then on the server knows it anyway, by our monotonic clock. */
  readonly lapses: number;
  sent: boolean;
}

/**
 * What this process owes the server. A debt is paid again over each new connection until it is acknowledged. Who waits for
 * all of them waits no longer than until they have lapsed.
 */
export class Debts {
  private readonly all = new Map<RedisTicket, Debt>();
  private readonly clock: Clock;
  private waiting: { readonly resolve: () => void; readonly timer: Subscription }[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get size(): number {
    return this.all.size;
  }

  of(ticket: RedisTicket): Debt | undefined {
    return this.all.get(ticket);
  }

  add(ticket: RedisTicket, debt: Debt): void {
    this.all.set(ticket, debt);
  }

  paid(ticket: RedisTicket): void {
    this.all.delete(ticket);
    if (this.all.size > 0) return;
    for (const { resolve, timer } of this.waiting.splice(0)) {
      timer.unsubscribe();
      resolve();
    }
  }

  /** Whose debts have not been sent over the connection that there is. */
  open(): RedisTicket[] {
    return [...this.all].filter(([, { sent }]) => !sent).map(([ticket]) => ticket);
  }

  /** The connection is gone, and with it what was on its way. */
  unsent(over: (ticket: RedisTicket) => boolean): void {
    for (const [ticket, debt] of this.all) if (over(ticket)) debt.sent = false;
  }

  /** Resolves when everything is acknowledged or has lapsed, or after so many milliseconds. */
  settled(deadline: number = Infinity): Promise<void> {
    if (this.all.size === 0) return Promise.resolve();
    const last = Math.max(...[...this.all.values()].map(({ lapses }) => lapses));
    const ms = Math.min(Math.max(0, last - this.clock.now()), deadline);
    return new Promise((resolve) => {
      const timer = after(this.clock, ms, () => {
        this.waiting = this.waiting.filter((one) => one.resolve !== resolve);
        resolve();
      });
      this.waiting.push({ resolve, timer });
    });
  }
}
