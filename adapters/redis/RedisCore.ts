import type { CoordinationError } from '../../lib/errors.ts';
import { tell } from '../../lib/gates/activity.ts';
import { lostError } from '../../lib/gates/describe.ts';
import { unnest } from '../../lib/gates/nesting.ts';
import { type BackendEnv, type GateCore, HELD, OVER, released, RESERVED, type Waiter } from '../../lib/gates/port.ts';
import type { GateSpec, SpecPatch } from '../../lib/gates/spec.ts';
import type { GateActivity, GateState, LossReason } from '../../lib/gates/state.ts';
import { begin, end, handOver } from '../../lib/internal/handover.ts';
import { IN, TOO_LATE, WAITS } from './answers.ts';
import type { Home } from './Home.ts';
import type { Link, Reply } from './Link.ts';
import { RedisTicket } from './RedisTicket.ts';
import { type Asked, Requests } from './Requests.ts';

/**
 * A gate in Redis as this process sees it, or several that are taken together. Who may enter is decided there; here is what
 * becomes of a request: asked, let in, given back, lost, and what is still to be said of it. After each loss of the connection
 * that is said again.
 */
export abstract class RedisCore implements Asked, GateCore {
  abstract readonly spec: GateSpec;
  abstract readonly key: string | undefined;
  abstract readonly lease: boolean;
  abstract readonly retired: boolean;
  abstract readonly joint: boolean;
  /** The gates that a request is for. */
  abstract readonly gates: readonly RedisCore[];
  readonly env: BackendEnv;
  readonly link: Link;
  readonly requests: Requests;
  /** How many requests are for it, in any state. */
  present = 0;
  protected readonly home: Home;

  constructor(env: BackendEnv, home: Home, link: Link) {
    this.env = env;
    this.home = home;
    this.link = link;
    this.requests = new Requests(this, home);
  }

  abstract run(...call: Parameters<Asked['run']>): void;
  /** What it is called by the server, and what has to be known of it before it is asked for; `null`: it is answered already. */
  protected abstract ticketFor(waiter: Waiter): RedisTicket | null;
  /** Notes what the server has lent. */
  protected abstract book(ticket: RedisTicket, reply: Reply): void;
  /** The tickets of a request at each of its gates. */
  protected abstract partsOf(ticket: RedisTicket): readonly RedisTicket[];
  abstract atFault(index: unknown): GateCore;
  abstract tooMuch(ticket: RedisTicket, capacity: number): readonly [gate: GateCore, cost: number];
  abstract extend(ticket: RedisTicket, ms: number | undefined): boolean | Promise<boolean>;
  abstract charge(ticket: RedisTicket, actual: number): Promise<void>;
  abstract change(patch: SpecPatch): Promise<void>;
  abstract force(fence: number | 'all', reason: string): Promise<number>;
  abstract inspect(): Promise<GateState>;

  enter(waiter: Waiter): void {
    const ticket = this.ticketFor(waiter);
    if (ticket === null) return;
    for (const gate of this.gates) gate.present++;
    this.home.keep(ticket);
    this.requests.add(ticket);
  }

  tell(action: GateActivity['action'], ticket: RedisTicket, more?: Partial<GateActivity>): void {
    if (this.env.activity === null) return;
    for (const part of this.partsOf(ticket)) tell(part.core, action, part, more);
  }

  admit(ticket: RedisTicket, reply: Reply): void {
    ticket.state = RESERVED;
    this.requests.delete(ticket);
    this.book(ticket, reply);
    begin();
    try {
      handOver(ticket);
    } finally {
      end();
    }
  }

  deliver(ticket: RedisTicket): void {
    if (ticket.state !== RESERVED) return;
    if (this.env.activity !== null && !this.announced(ticket)) return;
    this.enters(ticket);
    ticket.since = Math.round(this.home.clock.now());
    if (!this.lease) this.leave(ticket);
    ticket.waiter.granted(ticket);
  }

  private enters(ticket: RedisTicket): void {
    ticket.state = this.lease ? HELD : OVER;
    for (const part of this.partsOf(ticket)) part.state = part.core.lease ? HELD : OVER;
  }

  /** Whether its waiter is still to be told, now that others have heard of it, who may have ended it. */
  private announced(ticket: RedisTicket): boolean {
    if (this.lease) this.enters(ticket);
    this.tell('granted', ticket);
    return ticket.state !== OVER;
  }

  refuse(ticket: RedisTicket, error: CoordinationError): void {
    ticket.state = OVER;
    if (this.requests.delete(ticket)) this.leave(ticket);
    this.tell('refused', ticket, { reason: error.code });
    ticket.waiter.refused(error);
  }

  cancel(ticket: RedisTicket): void {
    if (ticket.state === HELD) {
      this.release(ticket);
    } else if (ticket.state !== OVER) {
      this.part(ticket);
      this.tell('left', ticket);
    }
  }

  part(ticket: RedisTicket): void {
    const { state } = ticket;
    this.end(ticket);
    this.requests.delete(ticket);
    // What is on its way is answered first, so that no command of a request overtakes another.
    if (ticket.asking) return;
    if (state === RESERVED ? this.lease : ticket.queued || ticket.doubtful) this.owe(ticket, 'cancel');
    else this.leave(ticket);
  }

  leftMeanwhile(ticket: RedisTicket, code: number | null): void {
    // A message let it in before the answer came: it has gone back already, or goes back.
    if (!this.home.tickets.has(ticket.id) || this.home.debts.of(ticket) !== undefined) return;
    if (code === null || (code === IN && this.lease) || code === WAITS || (code === TOO_LATE && ticket.queued))
      this.owe(ticket, 'cancel');
    else this.leave(ticket);
  }

  release(ticket: RedisTicket): void {
    if (ticket.state !== HELD) return;
    const outer = ticket.extras?.outer ?? null;
    if (outer !== null) {
      ticket.state = OVER;
      unnest(ticket, outer);
      return;
    }
    this.end(ticket);
    this.owe(ticket, 'release');
    this.tell('released', ticket);
    for (const part of this.partsOf(ticket)) {
      for (const inner of part.extras?.nested ?? []) {
        inner.state = OVER;
        inner.abort(released);
      }
      part.abort(released);
    }
    ticket.abort(released);
  }

  lose(ticket: RedisTicket, reason: LossReason, note?: string): void {
    if (ticket.state !== HELD) return;
    this.end(ticket);
    const nested = this.partsOf(ticket).flatMap((part) => part.extras?.nested.toReversed() ?? []);
    begin();
    try {
      this.tell('lost', ticket, { reason: note ?? reason });
      for (const lost of [...nested, ticket]) {
        lost.state = OVER;
        lost.abort(lostError(lost.waiter, lost, reason, note));
        lost.waiter.lost(lost, reason, note);
      }
      // Only now: nobody is let in before the loser has heard of it.
      this.owe(ticket, 'release');
    } finally {
      end();
    }
  }

  /** It is over here. */
  private end(ticket: RedisTicket): void {
    ticket.state = OVER;
    for (const part of this.partsOf(ticket)) {
      part.state = OVER;
      this.home.leases.delete(part);
    }
  }

  /** The server has still to hear that it is over. */
  private owe(ticket: RedisTicket, how: 'release' | 'cancel'): void {
    const { home } = this;
    const length = Math.max(...this.partsOf(ticket).map((part) => part.length));
    const lapses = home.clock.now() + (how === 'release' ? length : 2 * home.grace);
    home.debts.add(ticket, { how, lapses, sent: false });
    if (ticket.charging === null) this.pay(ticket);
    else void ticket.charging.finally(() => this.pay(ticket));
  }

  /** Says it, if that can be said now. */
  pay(ticket: RedisTicket): void {
    const { debts } = this.home;
    const debt = debts.of(ticket);
    if (debt === undefined || debt.sent || !this.link.up) return;
    debt.sent = true;
    // Whatever was sent for it and never answered must not be carried out after this.
    const forbid = ticket.doubtful ? ticket.notAfter : 0;
    this.run(
      'release',
      [ticket.id, `${ticket.waiter.ask.cost}`, debt.how, `${forbid}`],
      () => {
        debts.paid(ticket);
        this.leave(ticket);
      },
      () => undefined,
    );
  }

  /** The request is over, here and there. */
  private leave(ticket: RedisTicket): void {
    if (!this.home.tickets.has(ticket.id)) return;
    this.home.drop(ticket);
    for (const gate of this.gates) if (--gate.present === 0) this.home.rests(gate);
  }
}
