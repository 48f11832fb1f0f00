import type { Subscription } from 'rxjs';
import { ClosedError } from '../../lib/errors.ts';
import { type BackendEnv, type GateCore, HELD, OVER } from '../../lib/gates/port.ts';
import { type GateSpec, titleOf } from '../../lib/gates/spec.ts';
import type { WaitEdge } from '../../lib/gates/state.ts';
import { after } from '../../lib/internal/after.ts';
import type { Clock } from '../../lib/internal/env.ts';
import { TOO_LATE } from './answers.ts';
import type { Clocks } from './clocks.ts';
import { Deadlocks } from './Deadlocks.ts';
import { Debts } from './Debts.ts';
import type { Home } from './Home.ts';
import { Leases } from './Leases.ts';
import { Link, type Reply } from './Link.ts';
import { LocalShare } from './LocalShare.ts';
import type { RedisCore } from './RedisCore.ts';
import { RedisGate } from './RedisGate.ts';
import type { RedisTicket } from './RedisTicket.ts';
import { unavailable } from './refusals.ts';
import { stemOf } from './protocol.ts';
import { makeScripts, type Script, type Scripts } from './scripts.ts';
import { slotOf } from './slots.ts';
import type { Wiring } from './wires.ts';

export interface PlaceSettings {
  readonly wiring: Wiring;
  /** Whether gates are spread over servers, by the slots of their names. */
  readonly cluster: boolean;
  readonly prefix: string;
  readonly commandTimeout: number;
  readonly crashTtl: number;
  readonly grace: number;
  readonly patience: number;
  /** What part of a limit this process may give without a server; `null`: nothing. */
  readonly share: number | null;
  readonly clocks: Clocks;
}

/** How many gates that nobody uses are kept before they are forgotten together. */
const idleAllowance = 128;

/** How many connections to slots that nobody uses are kept before they are given up together. */
const idleLinks = 64;

/** Tickets come back from the gates that made them. */
const coreOf = (ticket: RedisTicket): RedisCore => ticket.core as RedisCore;
const nameOf = (name: string, key: string | undefined): string => (key === undefined ? name : `${name}\n${key}`);

/** The gates of this process in one Redis, and what they share. */
export class RedisPlace implements Home {
  readonly prefix: string;
  readonly crashTtl: number;
  readonly grace: number;
  readonly commandTimeout: number;
  readonly patience: number;
  readonly clock: Clock & { wall(): number };
  readonly scripts: Scripts;
  readonly leases: Leases;
  readonly debts: Debts;
  readonly deadlocks: Deadlocks;
  readonly local: LocalShare | null;
  readonly tickets: Map<string, RedisTicket> = new Map();
  private readonly process: string;
  private readonly settings: PlaceSettings;
  /** By slot. */
  private readonly links = new Map<number, Link>();
  private readonly gates = new Map<string, RedisGate>();
  private idle: RedisGate[] = [];
  private readonly resting = new Set<Link>();
  private made = 0;
  private beating: Subscription | null = null;
  /** Commands that are nobody's request and wait for a connection. */
  private readonly callers = new Set<{ readonly link: Link; readonly go: () => void }>();

  constructor(settings: PlaceSettings, env: BackendEnv) {
    const { prefix, commandTimeout, crashTtl, grace, patience, clocks } = settings;
    this.settings = settings;
    this.prefix = prefix;
    this.commandTimeout = commandTimeout;
    this.crashTtl = crashTtl;
    this.grace = grace;
    this.patience = patience;
    this.clock = env.clock;
    // Two of them, since nobody may ever have the same.
    this.process = env.random() + env.random();
    this.scripts = makeScripts(clocks.time);
    this.debts = new Debts(this.clock);
    this.deadlocks = new Deadlocks(this, this.process);
    this.local = settings.share === null ? null : new LocalShare(settings.share, env);
    this.leases = new Leases({
      clock: this.clock,
      renew: this.scripts.renew,
      drift: clocks.drift,
      lenderOf: (ticket) => ticket.core as RedisGate,
    });
  }

  linkTo(name: string): Link {
    const { wiring, cluster } = this.settings;
    const stem = stemOf(this.prefix, name);
    const slot = cluster ? slotOf(stem) : 0;
    let link = this.links.get(slot);
    if (link === undefined) {
      const made: Link = new Link({
        wiring,
        slot,
        clock: this.clock,
        // Of the slot, if there are any, so that its server has it.
        channel: `${cluster ? stem : this.prefix}:wake:${this.process}`,
        commandTimeout: this.commandTimeout,
        timeScript: this.scripts.time,
        onMessage: (text) => this.heard(text, made),
        onUp: (up) => this.resume(up),
        onDown: (down) => this.suffer(down),
      });
      link = made;
      this.links.set(slot, link);
    }
    return link;
  }

  newId(): string {
    return `${this.process}.${(++this.made).toString(36)}`;
  }

  open(spec: GateSpec, key: string | undefined, env: BackendEnv): RedisGate {
    const name = nameOf(spec.name, key);
    let gate = this.gates.get(name);
    if (gate === undefined) {
      // A gate and its keys have one description.
      const base = key === undefined ? undefined : this.gates.get(spec.name);
      gate = new RedisGate(base?.spec ?? spec, key, env, this);
      this.gates.set(name, gate);
      this.rests(gate);
    }
    return gate;
  }

  find(name: string): GateCore | null {
    return this.gates.get(name) ?? null;
  }

  forget(core: GateCore): boolean {
    const { name } = core.spec;
    const all = [...this.gates.values()].filter(({ spec }) => spec.name === name);
    if (!all.every(({ resting }) => resting)) return false;
    for (const gate of all) this.retire(gate);
    return true;
  }

  private retire(gate: RedisGate): void {
    gate.retired = true;
    this.gates.delete(nameOf(gate.spec.name, gate.key));
  }

  rests(gate: RedisGate): void {
    this.idle.push(gate);
    if (this.idle.length <= idleAllowance) return;
    const some = this.idle;
    // Whoever opened the last one is about to enter it.
    this.idle = [gate];
    for (const one of some) if (one !== gate && one.resting && !one.retired) this.retire(one);
  }

  keep(ticket: RedisTicket): void {
    this.tickets.set(ticket.id, ticket);
    coreOf(ticket).link.keep();
  }

  drop(ticket: RedisTicket): void {
    this.tickets.delete(ticket.id);
    this.leaves(coreOf(ticket).link);
  }

  private leaves(link: Link): void {
    link.drop();
    if (this.links.size <= idleLinks || link.used) return;
    this.resting.add(link);
    if (this.resting.size <= idleLinks) return;
    for (const one of this.resting) one.rest();
    this.resting.clear();
  }

  awaited(): void {
    this.beating ??= after(this.clock, this.grace / 3, () => {
      this.beating = null;
      this.deadlocks.beat();
      const waiting = this.waiting();
      if (waiting.length === 0) {
        // There will be no other beat: whoever has not answered by now is not waited for.
        this.deadlocks.beat();
        return;
      }
      for (const gate of waiting) if (gate.link.up) gate.requests.beat();
      // A subscription that has died in silence would be noticed by nobody else.
      for (const link of new Set(waiting.map((gate) => gate.link))) if (link.up) void link.sync();
      this.awaited();
    });
  }

  private waiting(): RedisCore[] {
    const gates = new Set<RedisCore>();
    for (const ticket of this.tickets.values()) {
      const gate = coreOf(ticket);
      if (gate.requests.all.size > 0) gates.add(gate);
    }
    return [...gates];
  }

  /** What `lua/turnstile.ts` and `lua/barrier.ts` publish, and what searches for deadlocks say. */
  private heard(text: string, link: Link): void {
    const [kind = '', id = '', now = '', ...rest] = text.split('\n');
    if (this.deadlocks.heard(kind, id, [now, ...rest], link)) return;
    const ticket = this.tickets.get(id);
    // It has said that it leaves, and the server has not heard of it when it sent this.
    if (ticket === undefined || ticket.state === OVER) return;
    const gate = coreOf(ticket);
    const [one = '', two, three] = rest;
    if (gate instanceof RedisGate && kind === 'g')
      gate.pushed(ticket, Number(now), Number(one), Number(two), Number(three));
    else if (gate instanceof RedisGate && kind === 't') gate.pushed(ticket, Number(now), 0, 0, Number(one));
    else if (kind === 'h') gate.requests.awaitTurn(ticket, Number(one));
    else if (kind === 'r') gate.requests.refused(ticket, one, rest.slice(1).join('\n'));
    else if (kind === 'l') gate.lose(ticket, 'forced', rest.join('\n'));
  }

  private resume(link: Link): void {
    this.leases.renewAll(link);
    for (const ticket of this.debts.open()) coreOf(ticket).pay(ticket);
    for (const gate of this.waiting()) if (gate.link === link) gate.requests.resume();
    this.deadlocks.resume();
    for (const caller of [...this.callers]) if (caller.link === link) caller.go();
    this.local?.recall(link);
  }

  private suffer(link: Link): void {
    this.local?.prune(link);
    this.debts.unsent((ticket) => coreOf(ticket).link === link);
    for (const gate of this.waiting())
      if (gate.link === link) for (const ticket of gate.requests.all.values()) gate.requests.suffer(ticket);
  }

  readonly command = async (
    link: Link,
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    what: string,
  ): Promise<Reply> => {
    link.keep();
    try {
      await this.connected(link, what);
      for (let attempt = 1; ; attempt++) {
        const notAfter = link.server.at(this.clock.now() + this.commandTimeout);
        const reply = await new Promise<Reply>((resolve, reject) => {
          link.run(script, keys, [`${notAfter}`, ...args], resolve, (cause) => {
            reject(unavailable(what, 'unknown', cause, Infinity));
          });
        });
        if (reply[0] !== TOO_LATE) return reply;
        if (attempt === 2)
          throw unavailable(what, 'not-applied', new Error('What is sent arrives too late.'), Infinity);
      }
    } finally {
      this.leaves(link);
    }
  };

  private connected(link: Link, what: string): Promise<void> {
    if (link.up) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = after(this.clock, this.patience, () => {
        this.callers.delete(caller);
        reject(unavailable(what, 'not-applied', link.trouble, this.patience));
      });
      const caller = {
        link,
        go: () => {
          timer.unsubscribe();
          this.callers.delete(caller);
          resolve();
        },
      };
      this.callers.add(caller);
    });
  }

  /** Who waits at the gates that this process waits at, in whatever process. */
  async waits(): Promise<readonly WaitEdge[]> {
    const gates = [...new Set(this.waiting().flatMap((core) => core.gates))];
    const states = await Promise.all(gates.map(async (gate) => ({ gate, state: await gate.inspect() })));
    return states.flatMap(({ gate, state: { holders, waiting } }) =>
      waiting.map(({ who, waited }) => ({
        waiter: who,
        gate: titleOf(gate),
        holders: holders.map((holder) => holder.who),
        since: waited,
      })),
    );
  }

  async close(deadline: number = Infinity): Promise<void> {
    for (const ticket of [...this.tickets.values()]) {
      const gate = coreOf(ticket);
      if (ticket.state === HELD) gate.lose(ticket, 'closed');
      else if (ticket.state !== OVER) {
        gate.part(ticket);
        gate.refuse(ticket, new ClosedError(`The backend of ${titleOf(gate)} was closed.`));
      }
    }
    await this.debts.settled(deadline);
    this.beating?.unsubscribe();
    for (const link of this.links.values()) link.close();
  }
}
