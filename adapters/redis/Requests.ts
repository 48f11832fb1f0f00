import type { Subscription } from 'rxjs';
import type { CoordinationError } from '../../lib/errors.ts';
import { whoIs } from '../../lib/gates/describe.ts';
import { type GateCore, OVER, QUEUED } from '../../lib/gates/port.ts';
import { titleOf } from '../../lib/gates/spec.ts';
import type { GateActivity } from '../../lib/gates/state.ts';
import { after } from '../../lib/internal/after.ts';
import { AGAIN, BROKEN, BUSY, IMPOSSIBLE, IN, OTHER_SPEC, TOO_LATE, UNKNOWN, WAITS } from './answers.ts';
import type { Home } from './Home.ts';
import type { Link, Reply } from './Link.ts';
import type { LocalShare } from './LocalShare.ts';
import type { RedisTicket } from './RedisTicket.ts';
import { broken, busy, impossible, otherSpec, unavailable } from './refusals.ts';

/** The gate behind the requests. */
export interface Asked extends GateCore {
  readonly link: Link;
  /** Several gates that are taken together: who waits there is never let in by a message, but asks again. */
  readonly joint: boolean;
  run(
    operation: 'acquire' | 'release' | 'beat',
    args: readonly string[],
    onReply: (reply: Reply) => void,
    onFail: (cause: unknown) => void,
    notAfter?: number,
  ): void;
  /** The server has let it in. */
  admit(ticket: RedisTicket, reply: Reply): void;
  refuse(ticket: RedisTicket, error: CoordinationError): void;
  /** Takes back a request that nobody was told of. */
  part(ticket: RedisTicket): void;
  /** It left while it was asking, and this is what the server said. */
  leftMeanwhile(ticket: RedisTicket, code: number | null): void;
  /** Says what happened to a request, to those who listen. */
  tell(action: GateActivity['action'], ticket: RedisTicket): void;
  /** Which of the gates an answer is about. */
  atFault(index: unknown): GateCore;
  /** Which of the gates can never give what is wanted of it, and how much that is. */
  tooMuch(ticket: RedisTicket, capacity: number): readonly [gate: GateCore, cost: number];
}

/** How many waiters one command asks for. */
const batch = 512;

/** Those who wait at one gate, and what is said between them and the server: one command of a request at a time. */
export class Requests {
  /** By id, in the order of asking. */
  readonly all: Map<string, RedisTicket> = new Map();
  private readonly gate: Asked;
  private readonly home: Home;
  /** Rings when time lets the head of the queue in, which is ours. */
  private turn: Subscription | null = null;

  constructor(gate: Asked, home: Home) {
    this.gate = gate;
    this.home = home;
  }

  add(ticket: RedisTicket): void {
    this.all.set(ticket.id, ticket);
    if (this.gate.link.up) this.ask(ticket);
    else this.suffer(ticket);
  }

  delete(ticket: RedisTicket): boolean {
    const there = this.all.delete(ticket.id);
    ticket.outage?.unsubscribe();
    ticket.outage = null;
    if (this.all.size === 0) {
      this.turn?.unsubscribe();
      this.turn = null;
    }
    return there;
  }

  private ask(ticket: RedisTicket): void {
    const { gate, home } = this;
    const { ask } = ticket.waiter;
    ticket.asking = true;
    ticket.poked = false;
    ticket.notAfter = gate.link.server.at(home.clock.now() + home.commandTimeout);
    gate.run(
      'acquire',
      [
        ticket.id,
        `${gate.link.channel} ${whoIs(ticket.waiter)}`,
        `${ask.cost}`,
        ask.timeout === 0 ? 'try' : 'wait',
        `${ask.priority}`,
      ],
      (reply) => {
        ticket.asking = false;
        if (ticket.state === QUEUED) this.answered(ticket, reply);
        else if (ticket.state === OVER) gate.leftMeanwhile(ticket, reply[0]);
        // Else a message that let it in came before this.
      },
      () => {
        ticket.asking = false;
        ticket.doubtful = true;
        if (ticket.state === OVER) gate.leftMeanwhile(ticket, null);
      },
      ticket.notAfter,
    );
  }

  /** The server has said what is to become of a request. */
  private answered(ticket: RedisTicket, reply: Reply): void {
    const { gate } = this;
    ticket.outage?.unsubscribe();
    ticket.outage = null;
    const [code, , one, two, three] = reply as unknown as readonly [number, number, never, never, never];
    switch (code) {
      case IN:
        gate.admit(ticket, reply);
        break;
      case WAITS:
        this.waits(ticket);
        if ((one as number) > 0) this.awaitTurn(ticket, one);
        if (ticket.poked) this.ask(ticket);
        break;
      case BUSY:
        gate.refuse(ticket, busy(gate.atFault(three), one, Number(two)));
        break;
      case OTHER_SPEC:
        gate.refuse(ticket, otherSpec(gate.atFault(two), one));
        break;
      case IMPOSSIBLE:
      case BROKEN:
        this.refused(ticket, code === IMPOSSIBLE ? 'impossible' : one, code === IMPOSSIBLE ? one : two);
        break;
      case UNKNOWN:
        void this.lookAgain(ticket);
        break;
      case TOO_LATE:
        if (ticket.late) {
          const cause = new Error('What is sent arrives too late.');
          gate.refuse(ticket, unavailable(titleOf(gate), 'not-applied', cause, Infinity));
          break;
        }
        // By the server's clock, which is known better now.
        ticket.late = true;
        this.ask(ticket);
        break;
      case AGAIN:
        this.ask(ticket);
    }
  }

  /** It is in the queue. */
  waits(ticket: RedisTicket): void {
    if (ticket.queued) return;
    const { gate } = this;
    ticket.queued = true;
    ticket.queuedAt = ticket.asked;
    gate.tell('queued', ticket);
    this.home.awaited();
    this.home.deadlocks.search(ticket);
  }

  /** A message, or an answer, said no. */
  refused(ticket: RedisTicket, code: string, note: string): void {
    if (ticket.state !== QUEUED) return;
    const { gate } = this;
    gate.refuse(
      ticket,
      code === 'impossible'
        ? impossible(...gate.tooMuch(ticket, Number(note)), Number(note))
        : broken(gate, code, note),
    );
  }

  /** The server does not know somebody who was in the queue: a message may be on its way, or it has lost its memory. */
  private async lookAgain(ticket: RedisTicket): Promise<void> {
    await this.gate.link.sync();
    if (ticket.state !== QUEUED || ticket.asking) return;
    if (this.gate.spec.kind === 'barrier') this.refused(ticket, 'data-loss', '');
    else {
      this.ask(ticket);
      // Behind those who came while nobody knew of it.
      this.home.deadlocks.search(ticket);
    }
  }

  /** Asks at once what has become of a waiter, and claims what it was given. */
  poke(ticket: RedisTicket): void {
    if (ticket.state !== QUEUED) return;
    // The answer on its way was given before.
    if (ticket.asking) ticket.poked = true;
    else this.beat([ticket]);
  }

  /** The head of the queue is ours, and may enter at this time of the server; 0: now. */
  awaitTurn(ticket: RedisTicket, at: number): void {
    if (ticket.state !== QUEUED) return;
    const { clock } = this.home;
    const { server } = this.gate.link;
    this.turn?.unsubscribe();
    this.turn = null;
    if (at === 0) this.poke(ticket);
    else
      this.turn = after(clock, Math.max(0, Math.ceil(server.latest(at) - clock.now())), () => {
        this.poke(ticket);
      });
  }

  /** Says that those who wait here are alive, and hears what has become of them. */
  beat(tickets: readonly RedisTicket[] = this.queued()): void {
    if (this.gate.joint) {
      for (const ticket of tickets) {
        this.ask(ticket);
        // It may have lost its places, and have new ones now: nobody says so.
        this.home.deadlocks.search(ticket);
      }
      return;
    }
    for (let from = 0; from < tickets.length; from += batch) {
      const some = tickets.slice(from, from + batch);
      this.gate.run(
        'beat',
        [this.gate.link.channel, ...some.map(({ id }) => id)],
        ([, , ...answers]) => {
          for (const [i, ticket] of some.entries())
            if (ticket.state === QUEUED && !ticket.asking) this.answered(ticket, answers[i] as Reply);
        },
        () => undefined,
      );
    }
  }

  private queued(): RedisTicket[] {
    return [...this.all.values()].filter(({ queued, asking }) => queued && !asking);
  }

  /** There is a connection again, perhaps to a server that has forgotten everything. */
  resume(): void {
    this.beat();
    for (const ticket of this.all.values()) if (!ticket.queued && !ticket.asking) this.ask(ticket);
  }

  /**
   * There is no connection, or a server that refuses to work: until it answers, a request lasts no longer than the backend's
   * patience, and its own.
   */
  suffer(ticket: RedisTicket): void {
    const { gate, home } = this;
    const { local } = home;
    if (home.patience === Infinity || ticket.outage !== null) return;
    const { timeout } = ticket.waiter.ask;
    const now = home.clock.now();
    const own = timeout === 0 ? Infinity : ticket.asked + timeout - now;
    // Who can be served here is not kept waiting by an outage that has lasted long enough.
    const patience = local === null ? home.patience : Math.min(gate.link.awaySince, now) + home.patience - now;
    const left = Math.max(0, Math.min(patience, own));
    ticket.outage = after(home.clock, left, () => {
      const all = [...this.all.values()];
      // Long enough for those before it too: timers that are due together ring in any order.
      const due = local !== null && patience <= own ? all.slice(0, all.indexOf(ticket) + 1) : [];
      for (const one of due) if (one.state === QUEUED) this.giveUp(one, left, local);
      if (ticket.state === QUEUED) this.giveUp(ticket, left, null);
    });
  }

  private giveUp(ticket: RedisTicket, left: number, local: LocalShare | null): void {
    const { gate } = this;
    const heard = ticket.queued || ticket.doubtful || ticket.asking;
    gate.part(ticket);
    if (local?.enter(gate, ticket.waiter) === true) return;
    gate.refuse(ticket, unavailable(titleOf(gate), heard ? 'unknown' : 'not-applied', gate.link.trouble, left));
  }
}
