import type { Subscription } from 'rxjs';
import { after } from '../../lib/internal/after.ts';
import { HELD } from '../../lib/gates/port.ts';
import type { LossReason } from '../../lib/gates/state.ts';
import type { Clock } from '../../lib/internal/env.ts';
import type { Link } from './Link.ts';
import type { RedisTicket } from './RedisTicket.ts';
import type { Script } from './scripts.ts';

/** What leases need of their gate. */
export interface Lender {
  /** The connection to its server. */
  readonly link: Link;
  /** The key of the hash that the lease is written in. */
  readonly hash: string;
  /** Whether work has to stop when its lease is over. */
  readonly lapses: boolean;
  lose(ticket: RedisTicket, reason: LossReason): void;
}

interface LeasesOptions {
  readonly clock: Clock & { wall(): number };
  readonly renew: Script;
  /** How far the server's clock and ours may run apart. */
  readonly drift: (ms: number) => number;
  readonly lenderOf: (ticket: RedisTicket) => Lender;
}

/** How many leases one command renews. */
const batch = 128;

/** A timer that rings so late means that this process stood still, ms. */
const stall = 250;

/**
 * The leases that this process holds: renews them, many with one command, and knows when they can no longer be believed in.
 * That is decided here and not by the server: a holder that hears nothing must stop before anybody else can be let in.
 */
export class Leases {
  private readonly all = new Set<RedisTicket>();
  private readonly options: LeasesOptions;
  private alarm: Subscription | null = null;
  private alarmAt = Infinity;

  constructor(options: LeasesOptions) {
    this.options = options;
  }

  /**
   * The server has said until when a lease lasts. Both clocks of this process have to agree: one may stand still while the
   * machine sleeps, the other may be set.
   */
  lasts(ticket: RedisTicket, said: number, ends: number): void {
    const { clock, drift, lenderOf } = this.options;
    const now = clock.now();
    const length = (ends - said) / 1000;
    ticket.lasts = lenderOf(ticket).link.server.earliest(ends) - drift(length);
    ticket.lastsByWall = clock.wall() + (ticket.lasts - now);
    ticket.renewAt = ticket.renews ? now + length / 3 : Infinity;
    ticket.more().until = ticket.renews ? Infinity : ticket.lasts;
    this.all.add(ticket);
    this.arm(Math.min(ticket.renewAt, this.believedUntil(ticket)));
  }

  /** Has to be renewed by then at the latest. */
  claimBy(ticket: RedisTicket, at: number): void {
    if (!this.all.has(ticket) || at >= ticket.renewAt) return;
    ticket.renewAt = at;
    this.arm(at);
  }

  delete(ticket: RedisTicket): void {
    if (this.all.delete(ticket) && this.all.size === 0) this.disarm();
  }

  /** Renews a lease now, whatever its time. Answers whether it is still held; rejects if nobody knows. */
  renewNow(ticket: RedisTicket): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.send(this.options.lenderOf(ticket).link, [ticket], (held) => resolve(held.get(ticket) === true), reject);
    });
  }

  /** There is a connection again: the server may have forgotten. */
  renewAll(link: Link): void {
    for (const ticket of this.all)
      if (this.options.lenderOf(ticket).link === link) ticket.renewAt = ticket.renews ? -Infinity : Infinity;
    this.ring(false);
  }

  private believedUntil(ticket: RedisTicket): number {
    return this.options.lenderOf(ticket).lapses ? ticket.lasts : Infinity;
  }

  private arm(at: number): void {
    if (at >= this.alarmAt) return;
    this.disarm();
    if (at === Infinity) return;
    const { clock } = this.options;
    this.alarmAt = at;
    this.alarm = after(clock, Math.max(0, Math.ceil(at - clock.now())), () => {
      this.disarm();
      this.ring(clock.now() - at > stall);
    });
  }

  private disarm(): void {
    this.alarm?.unsubscribe();
    this.alarm = null;
    this.alarmAt = Infinity;
  }

  private ring(stalled: boolean): void {
    const { clock, lenderOf } = this.options;
    // Before anything is renewed: after a long sleep it may be somebody else's by now.
    for (const ticket of [...this.all]) {
      const now = clock.now();
      const lapsed = now >= ticket.lasts || clock.wall() >= ticket.lastsByWall;
      if (!lapsed || ticket.lasts === Infinity || !lenderOf(ticket).lapses || ticket.state !== HELD) continue;
      lenderOf(ticket).lose(ticket, !ticket.renews ? 'expired' : stalled ? 'stalled' : 'unreachable');
    }
    const now = clock.now();
    const due = new Map<Link, RedisTicket[]>();
    let next = Infinity;
    for (const ticket of this.all) {
      // Those that are nearly due come along, so that leases of one length are soon renewed together.
      if (ticket.renewAt - now <= ticket.length / 12 && !ticket.renewing) {
        const { link } = lenderOf(ticket);
        const others = due.get(link);
        if (others === undefined) due.set(link, [ticket]);
        else others.push(ticket);
      } else if (!ticket.renewing) next = Math.min(next, ticket.renewAt);
      next = Math.min(next, this.believedUntil(ticket));
    }
    for (const [link, some] of due)
      for (let from = 0; from < some.length; from += batch) this.send(link, some.slice(from, from + batch));
    this.arm(next);
  }

  private send(
    link: Link,
    tickets: readonly RedisTicket[],
    onDone?: (held: ReadonlyMap<RedisTicket, boolean>) => void,
    onFail?: (cause: unknown) => void,
  ): void {
    const { clock, renew, lenderOf } = this.options;
    for (const ticket of tickets) ticket.renewing = true;
    // A renewal that comes late does no harm, but to extend what its holder has given up keeps others waiting.
    const shortest = Math.min(...tickets.map(({ length }) => length));
    const args = [`${link.server.at(clock.now() + shortest)}`];
    for (const ticket of tickets) args.push(ticket.id, `${ticket.length * 1000}`);
    link.run(
      renew,
      tickets.map((ticket) => lenderOf(ticket).hash),
      args,
      ([code, now, ...answers]) => {
        const held = new Map<RedisTicket, boolean>();
        for (const [i, ticket] of tickets.entries()) {
          ticket.renewing = false;
          if (!this.all.has(ticket)) continue;
          if (code === 0) {
            // Late by the server's clock, which is known better now.
            this.retry(ticket, 0);
            continue;
          }
          const [found, fence, ends] = answers[i] as readonly [code: number, fence: number, ends: number];
          held.set(ticket, found === 1 && fence === ticket.order);
          if (held.get(ticket) === true) {
            ticket.suspect = false;
            this.lasts(ticket, now, ends);
          } else this.gone(ticket, fence);
        }
        onDone?.(held);
      },
      (cause) => {
        for (const ticket of tickets) {
          ticket.renewing = false;
          ticket.suspect = true;
          // Three tries fit into the life of a lease.
          this.retry(ticket, ticket.length / 6);
        }
        onFail?.(cause);
      },
    );
  }

  private retry(ticket: RedisTicket, pause: number): void {
    if (!ticket.renews || !this.all.has(ticket)) return;
    ticket.renewAt = this.options.clock.now() + pause;
    this.arm(ticket.renewAt);
  }

  /** The server does not know the lease. `fence` is the last one that its gate has given; 0: it knows not even the gate. */
  private gone(ticket: RedisTicket, fence: number): void {
    const { lenderOf } = this.options;
    const lender = lenderOf(ticket);
    if (!lender.lapses) {
      // Charged in full when its time was over: nothing that its work has to hear of.
      this.delete(ticket);
      ticket.lasts = Infinity;
    } else if (fence > ticket.order) lender.lose(ticket, 'taken-over');
    else lender.lose(ticket, fence === 0 || fence < ticket.order ? 'data-loss' : 'expired');
  }
}
