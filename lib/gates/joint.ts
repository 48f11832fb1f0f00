import { begin, end, handOver } from '../internal/handover.ts';
import { tell } from './activity.ts';
import { arm } from './alarm.ts';
import { deadlockOf } from './deadlock.ts';
import { busyError, impossibleError, lostError } from './describe.ts';
import {
  type Ask,
  type BackendEnv,
  type GateCore,
  HELD,
  type Joint,
  OVER,
  QUEUED,
  released,
  RESERVED,
  Ticket,
  type Waiter,
} from './port.ts';
import type { GateState, MaybePromise } from './state.ts';
import { jointSpec, jointState } from './several.ts';
import type { GateSpec } from './spec.ts';
import type { Turnstile } from './turnstile.ts';

/** One gate of several, and how much of it is wanted. */
export interface Share {
  readonly core: Turnstile;
  readonly cost: number;
}

/**
 * Several gates of one memory as one. A request stands in every queue and enters when it is first in all of them and all
 * would admit it: all or nothing, in one turn. So nothing is held while something else is awaited, no token is spent in
 * vain, and two such requests meet in the same order everywhere, which is why they cannot deadlock each other.
 */
export class JointCore implements GateCore {
  readonly spec: GateSpec;
  readonly key: undefined;
  readonly lease: boolean;
  private readonly shares: readonly Share[];
  readonly env: BackendEnv;

  constructor(shares: readonly Share[], env: BackendEnv) {
    this.shares = shares;
    this.env = env;
    this.lease = shares.some(({ core }) => core.lease);
    this.spec = jointSpec(shares.map(({ core }) => core));
  }

  get retired(): boolean {
    return this.shares.some(({ core }) => core.retired);
  }

  enter(waiter: Waiter): void {
    const ticket = new Ticket(this, waiter);
    waiter.ticket = ticket;
    const { shares } = this;
    const joint: Joint = { ticket, tryEnter: () => this.tryEnter(ticket) };
    const parts = shares.map(({ core, cost }) => {
      const part = new Ticket(core, new PartWaiter(waiter, cost, ticket));
      part.waiter.ticket = part;
      part.more().joint = joint;
      return part;
    });
    ticket.more().parts = parts;
    for (const { core, cost } of shares) {
      if (cost <= core.policy.capacity) continue;
      ticket.state = OVER;
      waiter.refused(impossibleError(core, cost));
      return;
    }
    ticket.queuedAt = Math.round(this.env.clock.now());
    // Whoever hears of the first place taken may use other gates, and must not have these swept away as idle.
    for (const { core } of shares) core.resting = false;
    begin();
    try {
      // In every queue before anybody hears of it: an activity handler that comes back here finds a whole request.
      for (const part of parts) (part.core as Turnstile).join(part);
      if (this.env.activity !== null) {
        for (const part of parts) if (part.state === QUEUED) tell(part.core, 'queued', part);
      }
      this.tryEnter(ticket);
      if (ticket.state !== QUEUED) ticket.queuedAt = -1;
    } finally {
      end();
    }
    if (ticket.state !== QUEUED) return;
    if (waiter.ask.timeout === 0) {
      const closed = parts.find((part) => !wouldAdmit(part)) ?? parts[0]!;
      this.withdraw(ticket, 'RXB_BUSY');
      waiter.refused(busyError(closed.core as Turnstile));
    } else {
      const error = deadlockOf(parts[0]!.core, ticket);
      if (error === null) {
        for (const { core } of shares) arm(core);
        return;
      }
      this.withdraw(ticket, error.code);
      waiter.refused(error);
    }
  }

  /** Takes back a request that was not to wait. */
  private withdraw(ticket: Ticket, reason: string): void {
    ticket.state = OVER;
    this.inOneTurn(ticket, (part) => {
      withdraw(part, reason);
    });
  }

  private tryEnter(ticket: Ticket): boolean {
    const parts = ticket.more().parts;
    if (ticket.state !== QUEUED || !parts.every((part) => wouldAdmit(part))) return false;
    ticket.state = RESERVED;
    ticket.order = this.lease ? ++this.env.fence : 0;
    for (const part of parts) {
      (part.core as Turnstile).reserve(part);
      // One fence for all of them: the one that its holder knows.
      if (part.core.lease) part.order = ticket.order;
    }
    handOver(ticket);
    this.turnAll(parts);
    return true;
  }

  /** Those behind this request look again, after it has been served. */
  private turnAll(parts: readonly Ticket[]): void {
    for (const { core } of parts) {
      handOver({
        deliver: () => {
          (core as Turnstile).turn();
        },
      });
    }
  }

  deliver(ticket: Ticket): void {
    const { parts } = ticket.more();
    for (const { core } of parts) (core as Turnstile).due--;
    if (ticket.state !== RESERVED || (this.env.activity !== null && !this.announced(ticket))) return;
    ticket.state = this.lease ? HELD : OVER;
    for (const part of parts) part.state = part.core.lease ? HELD : OVER;
    ticket.waiter.granted(ticket);
    if (ticket.state === HELD) ticket.since = Math.round(this.env.clock.now());
    for (const part of parts) if (part.state === HELD || !part.core.lease) (part.core as Turnstile).dispatched(part);
  }

  /** Whether its waiter is still to be told, now that others have heard of it, who may have ended it or taken a part away. */
  private announced(ticket: Ticket): boolean {
    const { parts } = ticket.more();
    if (this.lease) ticket.state = HELD;
    for (const part of parts) if (part.core.lease) part.state = HELD;
    for (const part of parts) if (part.state !== OVER) tell(part.core, 'granted', part);
    if (ticket.state !== OVER && parts.every(({ state }) => state !== OVER)) return true;
    this.cancel(ticket);
    return false;
  }

  cancel(ticket: Ticket): void {
    if (ticket.state === HELD) this.release(ticket);
    else if (ticket.state !== OVER) this.leave(ticket);
  }

  private leave(ticket: Ticket): void {
    ticket.state = OVER;
    this.inOneTurn(ticket, (part) => {
      part.core.cancel(part);
    });
  }

  release(ticket: Ticket): void {
    if (ticket.state !== HELD) return;
    ticket.state = OVER;
    // Tokens of a request that nobody was told of go back too.
    this.inOneTurn(ticket, (part) => {
      part.core.cancel(part);
    });
    if (ticket.extras !== null) ticket.abort(released);
  }

  private inOneTurn(ticket: Ticket, leave: (part: Ticket) => void): void {
    begin();
    try {
      ticket.more().parts.forEach(leave);
    } finally {
      end();
    }
  }

  extend(ticket: Ticket, ms: number | undefined): boolean {
    return ticket.more().parts.every((part) => !part.core.lease || (part.core as Turnstile).extend(part, ms));
  }

  /** The real cost is that of the quotas among the gates. */
  charge(ticket: Ticket, actual: number): MaybePromise<void> {
    for (const part of ticket.more().parts) void part.core.charge(part, actual);
  }

  change(): never {
    throw new TypeError('Change the gates of an allOf one by one.');
  }

  force(): never {
    throw new TypeError('Force the gates of an allOf one by one.');
  }

  inspect(): GateState {
    const states = this.shares.map(({ core }) => core.inspect());
    return jointState(this.spec, states);
  }
}

/** Whether a part is first in its queue and may enter now. */
function wouldAdmit(part: Ticket): boolean {
  const gate = part.core as Turnstile;
  return gate.line.head === part && gate.admits(part);
}

/** Takes back a part that was not to wait. */
function withdraw(part: Ticket, reason: string): void {
  const gate = part.core as Turnstile;
  gate.line.remove(part);
  part.state = OVER;
  if (gate.env.activity !== null) tell(gate, 'refused', part, { reason });
  gate.turn();
  gate.rest();
}

/** Stands in the queue of one gate for a request for several. */
class PartWaiter implements Waiter {
  readonly ask: Ask;
  ticket: Ticket | null = null;
  private readonly whole: Waiter;
  private readonly joint: Ticket;

  constructor(whole: Waiter, cost: number, joint: Ticket) {
    this.ask = { ...whole.ask, cost };
    this.whole = whole;
    this.joint = joint;
  }

  get frame(): Waiter['frame'] {
    return this.whole.frame;
  }

  granted(): void {
    // The whole request is told, once.
  }

  refused(error: Parameters<Waiter['refused']>[0]): void {
    // A resize refused this part: the others leave their queues.
    if (this.joint.state !== QUEUED) return;
    this.joint.core.cancel(this.joint);
    this.whole.refused(error);
  }

  lost(_part: Ticket, ...why: [reason: Parameters<Waiter['lost']>[1], note?: string]): void {
    if (this.joint.state !== HELD) return;
    this.joint.abort(lostError(this.whole, this.joint, why[0], why[1]));
    this.whole.lost(this.joint, ...why);
  }
}
