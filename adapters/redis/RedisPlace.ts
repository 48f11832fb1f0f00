import type { Subscription } from 'rxjs';
import { ClosedError, ConfigError } from '../../lib/errors.ts';
import { type BackendEnv, type GateCore, HELD, OVER } from '../../lib/gates/port.ts';
import { type GateSpec, titleOf } from '../../lib/gates/spec.ts';
import type { WaitEdge } from '../../lib/gates/state.ts';
import { after } from '../../lib/internal/after.ts';
import type { Clock } from '../../lib/internal/env.ts';
import { TOO_LATE } from './answers.ts';
import type { MakeClient } from './client.ts';
import { type Clocks, supported } from './clocks.ts';
import { Debts } from './Debts.ts';
import type { Home } from './Home.ts';
import { Leases } from './Leases.ts';
import { Link, type Reply } from './Link.ts';
import { RedisGate } from './RedisGate.ts';
import type { RedisTicket } from './RedisTicket.ts';
import { unavailable } from './refusals.ts';
import { makeScripts, type Script, type Scripts } from './scripts.ts';
import { ServerClock } from './ServerClock.ts';

export interface PlaceSettings {
  readonly make: MakeClient;
  readonly prefix: string;
  readonly commandTimeout: number;
  readonly crashTtl: number;
  readonly grace: number;
  readonly patience: number;
  readonly clocks: Clocks;
}

/** How many gates that nobody uses are kept before they are forgotten together. */
const idleAllowance = 128;

/** Tickets come back from the gates that made them. */
const gateOf = (ticket: RedisTicket): RedisGate => ticket.core as unknown as RedisGate;
const nameOf = (name: string, key: string | undefined): string => (key === undefined ? name : `${name}\n${key}`);

/** The gates of this process in one Redis, and what they share. */
export class RedisPlace implements Home {
  readonly prefix: string;
  readonly channel: string;
  readonly crashTtl: number;
  readonly grace: number;
  readonly commandTimeout: number;
  readonly patience: number;
  readonly clock: Clock & { wall(): number };
  readonly link: Link;
  readonly server: ServerClock = new ServerClock();
  readonly scripts: Scripts;
  readonly leases: Leases;
  readonly debts: Debts;
  readonly tickets: Map<string, RedisTicket> = new Map();
  private readonly process: string;
  private readonly clocks: Clocks;
  private readonly gates = new Map<string, RedisGate>();
  private idle: RedisGate[] = [];
  private made = 0;
  private beating: Subscription | null = null;
  /** Commands that are nobody's request and wait for a connection. */
  private readonly callers = new Set<{ readonly go: () => void }>();
  /** How many of them there are, sent or not. */
  private calls = 0;
  trouble: unknown = undefined;

  constructor(settings: PlaceSettings, env: BackendEnv) {
    const { make, prefix, commandTimeout, crashTtl, grace, patience, clocks } = settings;
    this.prefix = prefix;
    this.commandTimeout = commandTimeout;
    this.crashTtl = crashTtl;
    this.grace = grace;
    this.patience = patience;
    this.clock = env.clock;
    // Two of them, since nobody may ever have the same.
    this.process = env.random() + env.random();
    this.channel = `${prefix}:wake:${this.process}`;
    this.clocks = clocks;
    this.scripts = makeScripts(clocks.time);
    this.debts = new Debts(this.clock);
    this.link = new Link({
      make,
      clock: this.clock,
      server: this.server,
      channel: this.channel,
      commandTimeout,
      timeScript: this.scripts.time,
      onMessage: (text) => this.heard(text),
      onUp: () => this.resume(),
      onDown: (cause) => this.suffer(cause),
    });
    this.leases = new Leases({
      clock: this.clock,
      link: this.link,
      server: this.server,
      renew: this.scripts.renew,
      drift: clocks.drift,
      lenderOf: gateOf,
    });
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
      const can = supported(spec, this.clocks);
      if (can !== true) throw new ConfigError(can);
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
    this.link.need(true);
  }

  drop(ticket: RedisTicket): void {
    this.tickets.delete(ticket.id);
    if (this.tickets.size === 0 && this.calls === 0) this.link.need(false);
  }

  awaited(): void {
    this.beating ??= after(this.clock, this.grace / 3, () => {
      this.beating = null;
      const waiting = this.waiting();
      if (waiting.length === 0) return;
      if (this.link.up) {
        for (const gate of waiting) gate.requests.beat();
        // A subscription that has died in silence would be noticed by nobody else.
        void this.link.sync();
      }
      this.awaited();
    });
  }

  private waiting(): RedisGate[] {
    const gates = new Set<RedisGate>();
    for (const ticket of this.tickets.values()) {
      const gate = gateOf(ticket);
      if (gate.requests.all.size > 0) gates.add(gate);
    }
    return [...gates];
  }

  /** What `lua/turnstile.ts` and `lua/barrier.ts` publish. */
  private heard(text: string): void {
    const [kind, id = '', now, ...rest] = text.split('\n');
    const ticket = this.tickets.get(id);
    // It has said that it leaves, and the server has not heard of it when it sent this.
    if (ticket === undefined || ticket.state === OVER) return;
    const gate = gateOf(ticket);
    const [one = '', two, three] = rest;
    if (kind === 'g') gate.pushed(ticket, Number(now), Number(one), Number(two), Number(three));
    else if (kind === 't') gate.pushed(ticket, Number(now), 0, 0, Number(one));
    else if (kind === 'h') gate.requests.awaitTurn(ticket, Number(one));
    else if (kind === 'r') gate.requests.refused(ticket, one, rest.slice(1).join('\n'));
    else if (kind === 'l') gate.lose(ticket, 'forced', rest.join('\n'));
  }

  private resume(): void {
    this.leases.renewAll();
    for (const ticket of this.debts.open()) gateOf(ticket).pay(ticket);
    for (const gate of this.waiting()) gate.requests.resume();
    for (const { go } of [...this.callers]) go();
  }

  private suffer(cause: unknown): void {
    this.trouble = cause;
    this.debts.unsent();
    for (const gate of this.waiting()) for (const ticket of gate.requests.all.values()) gate.requests.suffer(ticket);
  }

  readonly command = async (
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    what: string,
  ): Promise<Reply> => {
    this.calls++;
    this.link.need(true);
    try {
      await this.connected(what);
      for (let attempt = 1; ; attempt++) {
        const notAfter = this.server.at(this.clock.now() + this.commandTimeout);
        const reply = await new Promise<Reply>((resolve, reject) => {
          this.link.run(script, keys, [`${notAfter}`, ...args], resolve, (cause) => {
            reject(unavailable(what, 'unknown', cause, Infinity));
          });
        });
        if (reply[0] !== TOO_LATE) return reply;
        if (attempt === 2)
          throw unavailable(what, 'not-applied', new Error('What is sent arrives too late.'), Infinity);
      }
    } finally {
      this.calls--;
      if (this.tickets.size === 0 && this.calls === 0) this.link.need(false);
    }
  };

  private connected(what: string): Promise<void> {
    if (this.link.up) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = after(this.clock, this.patience, () => {
        this.callers.delete(caller);
        reject(unavailable(what, 'not-applied', this.trouble, this.patience));
      });
      const caller = {
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
    const states = await Promise.all(this.waiting().map(async (gate) => ({ gate, state: await gate.inspect() })));
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
      const gate = gateOf(ticket);
      if (ticket.state === HELD) gate.lose(ticket, 'closed');
      else if (ticket.state !== OVER) {
        gate.part(ticket);
        gate.refuse(ticket, new ClosedError(`The backend of ${titleOf(gate)} was closed.`));
      }
    }
    await this.debts.settled(deadline);
    this.beating?.unsubscribe();
    this.link.close();
  }
}
