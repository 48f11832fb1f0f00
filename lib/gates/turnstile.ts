import type { CoordinationError } from '../errors.ts';
import { begin, end, handOver } from '../internal/handover.ts';
import { tell } from './activity.ts';
import { arm, endIn } from './alarm.ts';
import { breakBarrier } from './breakBarrier.ts';
import { changeGate } from './changing.ts';
import { deadlockOf, enclosingLease } from './deadlock.ts';
import { busyError, impossibleError, stateOf, whoIs } from './describe.ts';
import type { Alarm, Home, InMemory } from './inMemory.ts';
import { lend, takeBack } from './leases.ts';
import { Line, nobody } from './line.ts';
import { forceOut } from './losing.ts';
import { nest, unnest } from './nesting.ts';
import type { Policy } from './policies/policy.ts';
import { type BackendEnv, HELD, OVER, QUEUED, released, RESERVED, Ticket, type Waiter } from './port.ts';
import type { GateSpec, SpecPatch } from './spec.ts';
import { taught } from './turns.ts';
import type { GateState } from './state.ts';

/**
 * A gate in memory: how one enters, waits, is let in, leaves and gives back, once for all kinds of gates. When the head of
 * the queue may enter is the policy's to say. What happens more rarely has files of its own.
 *
 * Every public method leaves the account whole before anybody is told, since whoever is told may come back at once.
 */
export class Turnstile implements InMemory {
  readonly spec: GateSpec;
  readonly key: string | undefined;
  readonly env: BackendEnv;
  readonly policy: Policy;
  readonly lease: boolean;
  line: Line = nobody;
  held: Ticket | null = null;
  retired = false;
  resting = true;
  listed = false;
  readonly home: Home;
  readonly base: InMemory | null;
  keys: Map<string, InMemory | number> | null = null;
  readonly lapses: boolean;
  settings: GateSpec;
  /** Reserved for those who have still to hear of it: newcomers queue behind them. */
  due = 0;
  seen = 0;
  pausedUntil: number | null;
  timed: boolean;
  alarm: Alarm | null = null;

  constructor(
    spec: GateSpec,
    key: string | undefined,
    policy: Policy,
    env: BackendEnv,
    home: Home,
    base: InMemory | null,
  ) {
    this.spec = spec;
    this.key = key;
    this.policy = policy;
    this.lease = policy.lease;
    this.base = base;
    this.settings = base === null ? spec : base.settings;
    this.pausedUntil = base === null ? null : base.pausedUntil;
    this.timed = policy.timed || this.pausedUntil !== null;
    this.lapses = lapseOf(spec) < Infinity;
    this.env = env;
    this.home = home;
  }

  /** The way of most requests through a free gate is kept short, so that a compiler can see through all of it. */
  enter(waiter: Waiter): void {
    const ticket = new Ticket(this, waiter);
    waiter.ticket = ticket;
    this.resting = false;
    const { cost } = waiter.ask;
    const alone = this.line.head === null && this.due === 0;
    if (alone && (this.timed ? this.opensByNow(cost) : this.policy.opensAt(cost, 0, 1) <= 0)) {
      this.book(ticket);
      this.told(ticket);
    } else {
      this.wait(ticket);
    }
  }

  pass(cost: number): number {
    const heard = this.env.activity !== null;
    if (this.lease || heard || this.line.head !== null || this.due > 0 || !this.opensByNow(cost)) return -1;
    return this.policy.take(cost, this.seen);
  }

  passed(mark: number): void {
    const { policy } = this;
    if (policy.dispatched !== undefined) {
      policy.dispatched(mark, (this.seen = this.env.clock.now()));
      if (this.line.head !== null) arm(this);
    }
    this.rest();
  }

  private opensByNow(cost: number): boolean {
    const { policy } = this;
    if (this.paused() || cost > policy.capacity) return false;
    if (!policy.timed) return policy.opensAt(cost, 0, 1) <= 0;
    // An exact window is stamped after its waiter was told; if it has room by the last time seen, one look at the clock is enough.
    if (policy.dispatched !== undefined && policy.opensAt(cost, this.seen, 1) <= this.seen) return true;
    return policy.opensAt(cost, (this.seen = this.env.clock.now()), 1) <= this.seen;
  }

  private paused(): boolean {
    if (this.pausedUntil === null) return false;
    if (this.env.clock.now() < this.pausedUntil) return true;
    this.pausedUntil = null;
    this.timed = this.policy.timed;
    return false;
  }

  /** Books an entry and links a lease among the holders. */
  private book(ticket: Ticket): void {
    ticket.mark = this.policy.take(ticket.waiter.ask.cost, this.seen);
    ticket.state = RESERVED;
    if (!this.lease) return;
    ticket.order = ++this.env.fence;
    lend(this, ticket);
    if (this.lapses) endIn(this, ticket, lapseOf(this.spec));
  }

  /** Tells a waiter that it has entered. */
  private told(ticket: Ticket): void {
    if (this.env.activity !== null && !this.announced(ticket)) return;
    ticket.state = this.lease ? HELD : OVER;
    ticket.waiter.granted(ticket);
    // Work that ended while it was being started needs no time of its own.
    if (ticket.state === HELD || !this.lease) this.dispatched(ticket);
  }

  /** Whether its waiter is still to be told, now that others have heard of it, who may have ended it. */
  private announced(ticket: Ticket): boolean {
    if (this.lease) ticket.state = HELD;
    tell(this, 'granted', ticket);
    return ticket.state !== OVER;
  }

  /** What can only be known once the waiter has been told. Parts of a joint request come here by themselves. */
  dispatched(ticket: Ticket): void {
    if (this.lease) ticket.since = Math.round(this.env.clock.now());
    else this.passed(ticket.mark);
  }

  deliver(ticket: Ticket): void {
    this.due--;
    if (ticket.state === RESERVED) this.told(ticket);
  }

  private wait(ticket: Ticket): void {
    const { waiter } = ticket;
    if (waiter.ask.cost > this.policy.capacity) {
      this.refuse(ticket, impossibleError(this, waiter.ask.cost));
      return;
    }
    if (this.enclosed(ticket)) return;
    this.join(ticket);
    if (this.env.activity !== null) tell(this, 'queued', ticket);
    this.turn();
    if (ticket.state !== QUEUED) return;
    const error = waiter.ask.timeout === 0 ? null : deadlockOf(this, ticket);
    if (error === null && waiter.ask.timeout > 0) return;
    this.line.remove(ticket);
    this.refuse(ticket, error ?? busyError(this));
    this.turn();
  }

  /** Whether its work is inside already, and it was answered for that reason. */
  private enclosed(ticket: Ticket): boolean {
    const { spec } = this;
    if (spec.kind !== 'readWriteLock' && !(spec.kind === 'mutex' && spec.reentrant)) return false;
    const outer = enclosingLease(ticket.waiter.frame, this);
    if (outer === null) return false;
    if (spec.kind === 'readWriteLock') {
      const answer = taught.turns!.insideAlready(ticket, outer);
      if (answer !== null && answer !== 'in') this.refuse(ticket, answer);
      return answer !== null;
    }
    nest(ticket, outer.extras?.outer ?? outer);
    return true;
  }

  /** Takes a place in the queue. Parts of a joint request come here by themselves. */
  join(ticket: Ticket): void {
    this.resting = false;
    const now = this.env.clock.now();
    ticket.queuedAt = Math.round(now);
    if (this.line === nobody) this.line = new Line();
    if (this.settings.kind === 'barrier' && this.line.head === null) this.line.breaksAt = now + this.settings.timeout;
    if (this.spec.kind === 'readWriteLock' && taught.turns!.reads(ticket) && !ticket.extras?.joint)
      taught.turns!.joinReaders(this.line, ticket, this.policy.opensAt(ticket.waiter.ask.cost, 0, 1) > 0);
    else this.line.join(ticket);
  }

  refuse(ticket: Ticket, error: CoordinationError): void {
    ticket.state = OVER;
    if (this.env.activity !== null) tell(this, 'refused', ticket, { reason: error.code });
    if (this.line.head === null) this.rest();
    ticket.waiter.refused(error);
  }

  /** Lets in from the head of the queue as long as the policy allows it. Nobody overtakes. */
  turn(): void {
    begin();
    try {
      for (let head = this.line.head; head !== null; head = this.line.head) {
        const joint = head.extras?.joint ?? null;
        if (joint !== null) {
          if (!joint.tryEnter()) break;
        } else {
          if (!this.admits(head)) break;
          this.reserve(head);
          handOver(head);
        }
      }
      arm(this);
    } finally {
      end();
    }
  }

  /** Whether the head of the queue may enter now. */
  admits(head: Ticket): boolean {
    if (this.paused()) return false;
    const { policy } = this;
    if (policy.timed) this.seen = this.env.clock.now();
    return policy.opensAt(head.waiter.ask.cost, this.seen, this.line.size) <= this.seen;
  }

  /** Takes a ticket out of the queue and books it. Whoever reserves hands it over too. */
  reserve(ticket: Ticket): void {
    this.line.remove(ticket);
    this.book(ticket);
    this.due++;
    // Whoever is left when a barrier opens begins the next generation.
    if (this.line.head !== null && this.settings.kind === 'barrier')
      this.line.breaksAt = this.env.clock.now() + this.settings.timeout;
  }

  cancel(ticket: Ticket): void {
    if (ticket.state === HELD) {
      this.release(ticket);
    } else if (ticket.state === QUEUED) {
      const wasHead = this.line.head === ticket;
      this.line.remove(ticket);
      ticket.state = OVER;
      if (this.env.activity !== null) tell(this, 'left', ticket);
      if (this.settings.kind === 'barrier' && this.settings.onLeave === 'break') {
        breakBarrier(this, `${whoIs(ticket.waiter)} left`);
      } else if (wasHead) this.turn();
      if (this.line.head === null) this.rest();
    } else if (ticket.state === RESERVED) {
      ticket.state = OVER;
      if (this.lease) takeBack(this, ticket);
      this.policy.undo(ticket.waiter.ask.cost, ticket.mark);
      if (this.env.activity !== null) tell(this, 'left', ticket);
      this.turn();
      this.rest();
    }
  }

  release(ticket: Ticket): void {
    if (ticket.state !== HELD) return;
    ticket.state = OVER;
    if (ticket.extras !== null || this.env.activity !== null) {
      this.releaseAloud(ticket);
      return;
    }
    this.free(ticket);
    this.next();
  }

  /** Somebody hears of it. Whoever comes back from there finds the queue before it, if there is one. */
  private releaseAloud(ticket: Ticket): void {
    const { outer, nested } = ticket.more();
    if (outer !== null) {
      unnest(ticket, outer);
      return;
    }
    this.free(ticket);
    if (this.env.activity !== null) tell(this, 'released', ticket);
    for (const inner of nested) {
      inner.state = OVER;
      inner.abort(released);
    }
    ticket.abort(released);
    this.next();
  }

  private next(): void {
    if (this.line.head === null) this.rest();
    else this.turn();
  }

  /** Unlinks a lease and settles the account. */
  free(ticket: Ticket): void {
    const { policy } = this;
    takeBack(this, ticket);
    if (policy.timed) this.seen = this.env.clock.now();
    policy.give(ticket.waiter.ask.cost, ticket.mark, this.seen);
  }

  extend(ticket: Ticket, ms: number = lapseOf(this.spec)): boolean {
    if (ticket.state !== HELD) return false;
    // A lease that is kept while its work runs has no end to move.
    if (this.lapses) endIn(this, ticket.extras?.outer ?? ticket, ms);
    return true;
  }

  charge(ticket: Ticket, actual: number): void {
    const extras = ticket.more();
    if (this.policy.charge === undefined || extras.charged || ticket.state !== HELD) return;
    extras.charged = true;
    this.policy.charge(ticket.waiter.ask.cost, ticket.mark, actual);
    this.turn();
  }

  change(patch: SpecPatch): void {
    changeGate(this, patch);
  }

  force(fence: number | 'all', reason: string): number {
    return forceOut(this, fence, reason);
  }

  inspect(): GateState {
    return stateOf(this);
  }

  rest(): void {
    if (this.line.head !== null || this.held !== null) return;
    if (this.alarm !== null) arm(this);
    this.resting = true;
    if (!this.listed) this.home.resting(this);
  }
}

/** How long a lease lasts that is not kept while its work runs. */
const lapseOf = (spec: GateSpec): number => ('ttl' in spec && !spec.renew ? spec.ttl : Infinity);
