import type { Subscription } from 'rxjs';
import {
  BarrierBrokenError,
  type CoordinationError,
  DeadlockError,
  LimitImpossibleError,
  BusyError,
} from '../errors.ts';
import { begin, end, handOver } from '../internal/handover.ts';
import { holderState, inTheWay, lostError, span, waiterState, whoIs } from './describe.ts';
import { enclosingLease, findDeadlock, register } from './deadlock.ts';
import { Leases, Line } from './line.ts';
import { type BackendEnv, type GateCore, HELD, OVER, QUEUED, released, RESERVED, Ticket, type Waiter } from './port.ts';
import type { GateActivity, GateState, LossReason } from './state.ts';
import type { Policy } from './policies/policy.ts';
import { patched } from './patched.ts';
import { type GateSpec, type SpecPatch, titleOf } from './spec.ts';

/** The longest delay a host timer keeps: a longer one would fire at once. */
const longestDelay = 2 ** 31 - 1;

/** Where gates are kept. */
export interface Home {
  /** Told when nobody holds or awaits a gate any more. */
  resting(gate: Turnstile): void;
  /** Told before a gate gets other settings: its keys that are not live follow. */
  changing(gate: Turnstile, settings: GateSpec): void;
  /** The live keys of a gate. */
  keysOf(gate: Turnstile): readonly Turnstile[];
}

/**
 * A gate in memory: the queue, the holders, fences, expiry and hand-over, once for all kinds of gates. When the head of
 * the queue may enter is the policy's to say.
 *
 * Every public method leaves the account whole before anybody is told, since whoever is told may come back at once.
 */
export class Turnstile implements GateCore {
  readonly spec: GateSpec;
  readonly key: string | undefined;
  readonly env: BackendEnv;
  readonly policy: Policy;
  readonly lease: boolean;
  readonly line: Line = new Line();
  readonly holders: Leases = new Leases();
  retired = false;
  /** Nobody holds or awaits it. */
  resting = true;
  /** In the list of those that may be forgotten. */
  listed = false;
  private readonly home: Home;
  /** The gate that this is a key of. */
  private readonly base: Turnstile | null;
  /** How long a lease lasts that is not renewed. */
  private readonly lapse: number;
  /** The spec with all changes so far. */
  settings: GateSpec;
  /** Reserved for those who have still to hear of it: newcomers queue behind them. */
  due = 0;
  /** The last time that was read, for policies that can do with an old one. */
  private seen = 0;
  private pausedUntil: number;
  /** Whether the clock has a say: the policy's, or a pause's. */
  private timed: boolean;
  /** Barriers: when this generation breaks. */
  private breaksAt = Infinity;
  private alarm: Subscription | null = null;
  private alarmAt = Infinity;

  constructor(
    spec: GateSpec,
    key: string | undefined,
    policy: Policy,
    env: BackendEnv,
    home: Home,
    base: Turnstile | null,
  ) {
    this.spec = spec;
    this.key = key;
    this.policy = policy;
    this.lease = policy.lease;
    this.base = base;
    this.settings = base === null ? spec : base.settings;
    this.pausedUntil = base === null ? -Infinity : base.pausedUntil;
    this.timed = policy.timed || this.pausedUntil > -Infinity;
    this.lapse = 'ttl' in spec && !spec.renew ? spec.ttl : Infinity;
    this.env = env;
    this.home = home;
  }

  /** The way of most requests through a free gate is kept short, so that a compiler can see through all of it. */
  enter(waiter: Waiter): void {
    const ticket = new Ticket(this, waiter);
    waiter.ticket = ticket;
    this.resting = false;
    if (this.line.head !== null || this.due > 0 || !this.opensNow(waiter.ask.cost)) {
      this.wait(ticket);
      return;
    }
    this.book(ticket);
    this.told(ticket);
  }

  /** Whether a newcomer may enter, nobody being before it. */
  private opensNow(cost: number): boolean {
    return this.timed ? this.opensByNow(cost) : this.policy.opensAt(cost, 0, 1) <= 0;
  }

  private opensByNow(cost: number): boolean {
    const { policy } = this;
    if (this.paused() || cost > policy.capacity) return false;
    if (!policy.timed) return policy.opensAt(cost, 0, 1) <= 0;
    // An exact window is stamped after its waiter was told; if it has room by the last time seen, one look at the clock is enough.
    if (policy.dispatched !== undefined && policy.opensAt(cost, this.seen, 1) <= this.seen) return true;
    return policy.opensAt(cost, (this.seen = this.env.clock.now()), 1) <= this.seen;
  }

  /** Whether it has its first settings and no pause: nothing to remember but the account. */
  quiet(now: number): boolean {
    const { base } = this;
    // What a key has from its gate is remembered there.
    return base === null ? this.pausedUntil <= now && this.settings === this.spec : this.settings === base.settings;
  }

  private paused(): boolean {
    if (this.pausedUntil === -Infinity) return false;
    if (this.env.clock.now() < this.pausedUntil) return true;
    this.pausedUntil = -Infinity;
    this.timed = this.policy.timed;
    return false;
  }

  /** Books an entry and links a lease among the holders. */
  private book(ticket: Ticket): void {
    ticket.mark = this.policy.take(ticket.waiter.ask.cost, this.seen);
    ticket.state = RESERVED;
    if (!this.lease) return;
    ticket.order = ++this.env.fence;
    this.holders.add(ticket);
    if (this.lapse !== Infinity) this.limit(ticket);
  }

  /** A lease that is not renewed has an end. */
  private limit(ticket: Ticket): void {
    ticket.more().until = this.env.clock.now() + this.lapse;
    this.arm();
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
    this.tell('granted', ticket);
    return ticket.state !== OVER;
  }

  /** What can only be known once the waiter has been told. Parts of a joint request come here by themselves. */
  dispatched(ticket: Ticket): void {
    const { policy } = this;
    if (this.lease) {
      ticket.since = Math.round(this.env.clock.now());
      return;
    }
    if (policy.dispatched !== undefined) {
      policy.dispatched(ticket.mark, (this.seen = this.env.clock.now()));
      if (this.line.head !== null) this.arm();
    }
    this.rest();
  }

  deliver(ticket: Ticket): void {
    this.due--;
    if (ticket.state === RESERVED) this.told(ticket);
  }

  private wait(ticket: Ticket): void {
    const { waiter } = ticket;
    if (waiter.ask.cost > this.policy.capacity) {
      this.refuse(ticket, this.impossible(waiter.ask.cost));
      return;
    }
    const outer = this.spec.kind === 'mutex' && this.spec.reentrant ? enclosingLease(waiter.frame, this) : null;
    if (outer !== null) {
      this.nest(ticket, outer.extras?.outer ?? outer);
      return;
    }
    this.join(ticket);
    if (this.env.activity !== null) this.tell('queued', ticket);
    this.turn();
    if (ticket.state !== QUEUED) return;
    const error = waiter.ask.timeout === 0 ? null : this.deadlockOf(ticket);
    if (error === null && waiter.ask.timeout > 0) return;
    this.unqueue(ticket);
    this.refuse(ticket, error ?? this.busy());
    this.turn();
  }

  /** Lets in who holds this gate already. */
  private nest(ticket: Ticket, outer: Ticket): void {
    ticket.more().outer = outer;
    outer.more().nested.push(ticket);
    ticket.order = outer.order;
    ticket.state = HELD;
    ticket.waiter.granted(ticket);
  }

  private unqueue(ticket: Ticket): void {
    this.line.remove(ticket);
    if (this.line.head === null) this.breaksAt = Infinity;
  }

  /** Takes a place in the queue. Parts of a joint request come here by themselves. */
  join(ticket: Ticket): void {
    this.resting = false;
    const now = this.env.clock.now();
    ticket.queuedAt = Math.round(now);
    if (this.settings.kind === 'barrier' && this.line.head === null) this.breaksAt = now + this.settings.timeout;
    this.line.join(ticket);
  }

  /** The answer to a try that found no room. */
  busy(): BusyError {
    return new BusyError(`${titleOf(this)} is not free: ${inTheWay(this.inspect())}.`, {
      details: { gate: titleOf(this) },
    });
  }

  /** Searches the wait-for graph, now that somebody waits: what to refuse it with, or `null`. */
  deadlockOf(ticket: Ticket): DeadlockError | null {
    const { deadlock } = this.env;
    if (deadlock === 'off' || ticket.waiter.frame === null) return null;
    register(ticket);
    const cycle = findDeadlock(ticket, this.env.clock.now());
    if (cycle === null) return null;
    if (this.env.activity !== null) this.tell('deadlock', ticket, { cycle });
    const error = new DeadlockError(
      `${cycle[0]!.waiter} would wait for ${titleOf(ticket.core)} for ever: ` +
        `${cycle.map((e) => `${e.waiter} waits for ${e.gate}, held by ${e.holders.join(', ')}`).join('; ')}.`,
      {
        hint: 'Take all of them in one allOf(...), or always in the same order; work that its caller does not await belongs in detached(fn).',
        details: { gate: titleOf(ticket.core), cycle },
      },
    );
    // Whoever heard of it may have ended the request, or let it in.
    if (deadlock === 'error') return ticket.state === QUEUED ? error : null;
    this.env.report(error);
    return null;
  }

  private refuse(ticket: Ticket, error: CoordinationError): void {
    ticket.state = OVER;
    if (this.env.activity !== null) this.tell('refused', ticket, { reason: error.code });
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
      this.arm();
    } finally {
      end();
    }
  }

  /** Parts of a joint request: why it can never enter, or `null`. */
  refusal(cost: number): LimitImpossibleError | null {
    return cost > this.policy.capacity ? this.impossible(cost) : null;
  }

  /** Parts of a joint request: whether it is first and may enter now. */
  wouldAdmit(part: Ticket): boolean {
    return this.line.head === part && this.admits(part);
  }

  /** Parts of a joint request: it was not to wait, and takes nobody with it. */
  withdraw(part: Ticket, reason: string): void {
    this.unqueue(part);
    part.state = OVER;
    if (this.env.activity !== null) this.tell('refused', part, { reason });
    this.turn();
    this.rest();
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
    this.unqueue(ticket);
    this.book(ticket);
    this.due++;
    // Whoever is left when a barrier opens begins the next generation.
    if (this.line.head !== null && this.settings.kind === 'barrier')
      this.breaksAt = this.env.clock.now() + this.settings.timeout;
  }

  cancel(ticket: Ticket): void {
    if (ticket.state === HELD) {
      this.release(ticket);
    } else if (ticket.state === QUEUED) {
      const wasHead = this.line.head === ticket;
      this.unqueue(ticket);
      ticket.state = OVER;
      if (this.env.activity !== null) this.tell('left', ticket);
      if (this.settings.kind === 'barrier' && this.settings.onLeave === 'break') {
        this.breakAll(`${whoIs(ticket.waiter)} left`);
      } else if (wasHead) this.turn();
      if (this.line.head === null) this.rest();
    } else if (ticket.state === RESERVED) {
      ticket.state = OVER;
      if (this.lease) this.holders.remove(ticket);
      this.policy.undo(ticket.waiter.ask.cost, ticket.mark);
      if (this.env.activity !== null) this.tell('left', ticket);
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
      const others = outer.more().nested;
      others.splice(others.lastIndexOf(ticket), 1);
      ticket.abort(released);
      return;
    }
    this.free(ticket);
    if (this.env.activity !== null) this.tell('released', ticket);
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
  private free(ticket: Ticket): void {
    const { policy } = this;
    this.holders.remove(ticket);
    if (policy.timed) this.seen = this.env.clock.now();
    policy.give(ticket.waiter.ask.cost, ticket.mark, this.seen);
  }

  /** Takes a lease away. The account first, then the loser's work is torn down, then the next are told. */
  private lose(ticket: Ticket, reason: LossReason, note?: string): void {
    ticket.state = OVER;
    begin();
    try {
      this.free(ticket);
      if (this.env.activity !== null) this.tell('lost', ticket, { reason: note ?? reason });
      this.turn();
      for (const inner of ticket.extras?.nested.toReversed() ?? [])
        if (inner.state === HELD) this.drop(inner, reason, note);
      this.drop(ticket, reason, note);
      if (this.line.head === null) this.rest();
    } finally {
      end();
    }
  }

  /** Tells a holder that its lease is gone. */
  private drop(ticket: Ticket, reason: LossReason, note: string | undefined): void {
    ticket.state = OVER;
    ticket.abort(lostError(ticket.waiter, ticket, reason, note));
    ticket.waiter.lost(ticket, reason, note);
  }

  extend(ticket: Ticket, ms: number = this.lapse): boolean {
    if (ticket.state !== HELD) return false;
    // A lease that is kept while its work runs has no end to move.
    if (this.lapse < Infinity) {
      (ticket.extras?.outer ?? ticket).more().until = this.env.clock.now() + ms;
      this.arm();
    }
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
    const { clock, activity } = this.env;
    const { settings, pauseUntil } = patched(this.settings, patch);
    const pausedUntil = pauseUntil === undefined ? this.pausedUntil : clock.now() + (pauseUntil - clock.wall());
    // A pause alone changes no settings, so the gate can be forgotten after it.
    const changed = Object.keys(patch).some((key) => key !== 'pauseUntil') ? settings : this.settings;
    const all = [this as Turnstile, ...this.home.keysOf(this)];
    if (changed !== this.settings) this.home.changing(this, changed);
    for (const gate of all) gate.adopt(changed, pausedUntil);
    if (activity !== null) activity({ action: 'changed', ...this.identity(), at: clock.wall() });
    for (const gate of all) gate.refuseTooMuch();
  }

  private adopt(settings: GateSpec, pausedUntil: number): void {
    this.settings = settings;
    this.pausedUntil = pausedUntil;
    this.timed = this.policy.timed || pausedUntil > -Infinity;
    this.policy.change(settings, this.env.clock.now());
  }

  /** After a change: those who can no longer be served go, and the others look again. */
  private refuseTooMuch(): void {
    const tooMuch: Ticket[] = [];
    for (let t = this.line.head; t !== null; t = t.next) if (t.waiter.ask.cost > this.policy.capacity) tooMuch.push(t);
    for (const ticket of tooMuch) {
      if (ticket.state !== QUEUED) continue;
      this.unqueue(ticket);
      this.refuse(ticket, this.impossible(ticket.waiter.ask.cost));
    }
    this.turn();
  }

  force(fence: number | 'all', reason: string): number {
    const victims = [this as Turnstile, ...this.home.keysOf(this)]
      .flatMap(({ holders }) => holders.all())
      .filter((held) => held.state === HELD && (fence === 'all' || held.fence === fence));
    for (const victim of victims) if (victim.state === HELD) (victim.core as Turnstile).lose(victim, 'forced', reason);
    return victims.length;
  }

  inspect(): GateState {
    const now = this.env.clock.now();
    const holders = this.holders.all().map((ticket) => holderState(ticket, now));
    const waiting = [];
    for (let t = this.line.head; t !== null; t = t.next) waiting.push(waiterState(t, now));
    const { policy } = this;
    const opensAt = policy.opensAt(this.line.head?.waiter.ask.cost ?? 1, now, Math.max(1, this.line.size));
    return {
      name: this.spec.name,
      ...(this.key === undefined ? null : { key: this.key }),
      kind: this.spec.kind,
      spec: this.settings,
      holders,
      waiting,
      available: policy.available(now),
      opensIn: Math.max(0, (policy.timed ? opensAt : opensAt <= 0 ? now : Infinity) - now, this.pausedUntil - now),
      pausedFor: Math.max(0, this.pausedUntil - now),
      ...('generation' in policy ? { generation: policy.generation as number } : null),
    };
  }

  /** One timer for whatever comes first (parts of a joint request come here by themselves): the head's turn, the end of a lease or of a barrier's patience. */
  arm(): void {
    const at = this.wakesAt();
    // With nobody left to wake, a timer must not keep the process alive; with somebody, an early one only looks again.
    const idle = at === Infinity && this.line.head === null;
    if (at >= this.alarmAt && this.alarm !== null && !idle) return;
    this.alarm?.unsubscribe();
    this.alarm = null;
    this.alarmAt = at;
    if (at === Infinity) return;
    const delay = Math.min(Math.max(0, Math.ceil(at - this.env.clock.now())), longestDelay);
    this.alarm = this.env.clock.schedule(() => {
      this.ring();
    }, delay);
  }

  private wakesAt(): number {
    const { head } = this.line;
    let at = this.breaksAt;
    if (head !== null) {
      // A joint request may be due here and wait for another gate: that one will wake it, and this one has no more to do.
      const now = head.extras?.joint ? (this.seen = this.env.clock.now()) : -Infinity;
      const opens = this.policy.timed ? this.policy.opensAt(head.waiter.ask.cost, this.seen, this.line.size) : Infinity;
      if (this.pausedUntil > now) at = Math.min(at, this.pausedUntil);
      else if (opens > now) at = Math.min(at, opens);
    }
    if (this.lapse === Infinity) return at;
    for (let held = this.holders.head; held !== null; held = held.next) at = Math.min(at, held.extras!.until);
    return at;
  }

  private ring(): void {
    this.alarm = null;
    this.alarmAt = Infinity;
    const now = this.env.clock.now();
    begin();
    try {
      if (this.breaksAt <= now) {
        this.breakAll(
          `only ${this.line.size} of ${(this.settings as { parties: number }).parties} arrived in ${span((this.settings as { timeout: number }).timeout)}`,
        );
      }
      const lapsed: Ticket[] = [];
      for (let held = this.holders.head; held !== null; held = held.next) {
        if (held.extras !== null && held.extras.until <= now) lapsed.push(held);
      }
      for (const ticket of lapsed) if (ticket.state === HELD) this.lose(ticket, 'expired');
      this.turn();
    } finally {
      end();
    }
  }

  /** Fails everybody who waits at a barrier. The next to arrive begins a new generation. */
  private breakAll(reason: string): void {
    this.breaksAt = Infinity;
    const broken: Ticket[] = [];
    for (let t = this.line.head; t !== null; t = this.line.head) {
      this.line.remove(t);
      t.state = OVER;
      broken.push(t);
    }
    const who = broken.map(({ waiter }) => whoIs(waiter));
    for (const ticket of broken) {
      this.refuse(
        ticket,
        new BarrierBrokenError(`The barrier ${titleOf(this)} is broken: ${reason}.`, {
          details: { gate: titleOf(this), reason, waiting: who },
        }),
      );
    }
  }

  private impossible(cost: number): LimitImpossibleError {
    const { capacity } = this.policy;
    return new LimitImpossibleError(`${cost} of ${titleOf(this)} can never be had at once: it has ${capacity}.`, {
      hint: `Ask for at most ${capacity}, or raise its limit.`,
      details: { gate: titleOf(this), cost, capacity },
    });
  }

  private rest(): void {
    if (this.line.head !== null || this.holders.head !== null) return;
    if (this.alarm !== null) this.arm();
    this.resting = true;
    if (!this.listed) this.home.resting(this);
  }

  private identity(): Pick<GateActivity, 'gate' | 'key' | 'kind'> {
    const { spec, key } = this;
    return { gate: spec.name, kind: spec.kind, ...(key === undefined ? null : { key }) };
  }

  /** Says what happened. Parts of a joint request come here by themselves. */
  tell(action: GateActivity['action'], ticket: Ticket, more: Partial<GateActivity> = {}): void {
    const { clock, activity } = this.env;
    const { ask } = ticket.waiter;
    const now = clock.now();
    activity?.({
      action,
      ...this.identity(),
      at: clock.wall(),
      who: whoIs(ticket.waiter),
      cost: ask.cost,
      priority: ask.priority,
      fence: ticket.fence,
      ...(action === 'granted'
        ? { waited: ticket.queuedAt < 0 ? 0 : Math.max(0, Math.round(now) - ticket.queuedAt) }
        : null),
      ...(action === 'released' || action === 'lost'
        ? { held: ticket.since < 0 ? 0 : Math.max(0, now - ticket.since) }
        : null),
      ...more,
    });
  }
}
