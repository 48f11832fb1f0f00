import { BackendUnavailableError, type CoordinationError, DeadlockError } from '../../lib/errors.ts';
import { tell, tellChanged } from '../../lib/gates/activity.ts';
import { enclosingLease } from '../../lib/gates/deadlock.ts';
import { lostError, waitEdge } from '../../lib/gates/describe.ts';
import { nest, unnest } from '../../lib/gates/nesting.ts';
import { patched } from '../../lib/gates/patched.ts';
import { type BackendEnv, HELD, OVER, QUEUED, released, RESERVED, type Waiter } from '../../lib/gates/port.ts';
import { type GateSpec, type SpecPatch, titleOf } from '../../lib/gates/spec.ts';
import type { GateState, LossReason } from '../../lib/gates/state.ts';
import { begin, end, handOver } from '../../lib/internal/handover.ts';
import { IN, OTHER_SPEC, TOO_LATE, WAITS } from './answers.ts';
import type { Home } from './Home.ts';
import type { Lender } from './Leases.ts';
import type { Link, Reply } from './Link.ts';
import { keysOf, keysWithIndex, type Protocol, protocolOf } from './protocol.ts';
import { RedisTicket } from './RedisTicket.ts';
import { otherSpec } from './refusals.ts';
import { type Asked, Requests } from './Requests.ts';
import { isLease, type OperationName } from './scripts.ts';
import { stateOf } from './stateOf.ts';

/**
 * A gate in Redis as this process sees it. Who may enter is decided there; here is what this process wants: its requests, what
 * has been said of them, and what it still has to say. After each loss of the connection that is said again.
 */
export class RedisGate implements Asked, Lender {
  readonly spec: GateSpec;
  readonly key: string | undefined;
  readonly env: BackendEnv;
  readonly lease: boolean;
  readonly hash: string;
  readonly protocol: Protocol;
  readonly link: Link;
  readonly requests: Requests;
  retired = false;
  /** How many requests it has in any state. */
  private present = 0;
  private readonly home: Home;
  private readonly keys: readonly string[];
  private readonly args: readonly string[];

  constructor(spec: GateSpec, key: string | undefined, env: BackendEnv, home: Home) {
    this.spec = spec;
    this.key = key;
    this.env = env;
    this.home = home;
    this.protocol = protocolOf(spec, home.crashTtl, home.grace);
    this.link = home.linkTo(spec.name);
    this.keys = keysOf(home.prefix, spec.name, key);
    this.args = [...this.protocol.args, key ?? ''];
    this.hash = this.keys[0] ?? '';
    this.lease = isLease(this.protocol.policy);
    this.requests = new Requests(this, home);
  }

  get lapses(): boolean {
    return this.protocol.lapses;
  }

  /** Nobody here holds it, awaits it, or has still to say that it has left. */
  get resting(): boolean {
    return this.present === 0;
  }

  run(
    operation: OperationName,
    args: readonly string[],
    onReply: (reply: Reply) => void,
    onFail: (cause: unknown) => void,
    notAfter: number = Infinity,
  ): void {
    const { link } = this;
    const { scripts } = this.home;
    const until = notAfter === Infinity ? 'inf' : `${notAfter}`;
    link.run(scripts.of(operation, this.protocol.policy), this.keys, [until, ...this.args, ...args], onReply, onFail);
  }

  enter(waiter: Waiter): void {
    const { home } = this;
    const ticket = new RedisTicket(this, waiter, home.newId(), Math.round(home.clock.now()));
    waiter.ticket = ticket;
    if (this.spec.kind === 'mutex' && this.enclosed(ticket)) return;
    this.present++;
    home.keep(ticket);
    this.requests.add(ticket);
  }

  /** Whether its work holds this mutex already: then it is let in again, or would wait for itself. */
  private enclosed(ticket: RedisTicket): boolean {
    const { env, spec } = this;
    const outer = enclosingLease(ticket.waiter.frame, this);
    if (outer === null) return false;
    if (spec.kind === 'mutex' && spec.reentrant) {
      nest(ticket, outer.extras?.outer ?? outer);
      return true;
    }
    if (env.deadlock === 'off' || ticket.waiter.ask.timeout === 0) return false;
    const edge = waitEdge(ticket, [outer], this.home.clock.now());
    if (env.activity !== null) tell(this, 'deadlock', ticket, { cycle: [edge] });
    const error = new DeadlockError(`${edge.waiter} would wait for ${edge.gate} for ever: it holds it itself.`, {
      hint: 'Make the mutex reentrant; work that its caller does not await belongs in detached(fn).',
      details: { gate: edge.gate, cycle: [edge] },
    });
    if (env.deadlock === 'report') {
      env.report(error);
      return false;
    }
    this.refuse(ticket, error);
    return true;
  }

  admit(ticket: RedisTicket, now: number, fence: number, ends: number, mark: number): void {
    const { home, protocol } = this;
    ticket.state = RESERVED;
    ticket.mark = mark;
    this.requests.delete(ticket);
    if (this.lease) {
      ticket.order = fence;
      ticket.length = protocol.ttl;
      ticket.renews = protocol.renews;
      home.leases.lasts(ticket, now, ends);
    }
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
    ticket.state = this.lease ? HELD : OVER;
    ticket.since = Math.round(this.home.clock.now());
    if (!this.lease) this.leave(ticket);
    ticket.waiter.granted(ticket);
  }

  /** Whether its waiter is still to be told, now that others have heard of it, who may have ended it. */
  private announced(ticket: RedisTicket): boolean {
    if (this.lease) ticket.state = HELD;
    tell(this, 'granted', ticket);
    return ticket.state !== OVER;
  }

  /** A message let somebody in. */
  pushed(ticket: RedisTicket, now: number, fence: number, ends: number, mark: number): void {
    if (ticket.state !== QUEUED) return;
    this.requests.waits(ticket);
    const { clock, leases } = this.home;
    const { server } = this.link;
    const grace = (ends - now) / 1000;
    const left = server.earliest(ends) - clock.now();
    if (!this.lease) {
      this.admit(ticket, now, 0, 0, mark);
    } else if (this.protocol.renews && server.trusted(clock.now()) && left >= grace * 0.75) {
      this.admit(ticket, now, fence, ends, mark);
      leases.claimBy(ticket, clock.now() + grace / 3);
    } else {
      // It may have been on its way for long, or is for a lease that nothing would make longer: claimed before it is handed out.
      this.requests.poke(ticket);
    }
  }

  refuse(ticket: RedisTicket, error: CoordinationError): void {
    ticket.state = OVER;
    if (this.requests.delete(ticket)) this.leave(ticket);
    if (this.env.activity !== null) tell(this, 'refused', ticket, { reason: error.code });
    ticket.waiter.refused(error);
  }

  cancel(ticket: RedisTicket): void {
    if (ticket.state === HELD) {
      this.release(ticket);
    } else if (ticket.state !== OVER) {
      this.part(ticket);
      if (this.env.activity !== null) tell(this, 'left', ticket);
    }
  }

  part(ticket: RedisTicket): void {
    const { state } = ticket;
    ticket.state = OVER;
    this.requests.delete(ticket);
    this.home.leases.delete(ticket);
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
    ticket.state = OVER;
    const { outer, nested } = ticket.extras ?? { outer: null, nested: [] };
    if (outer !== null) {
      unnest(ticket, outer);
      return;
    }
    this.home.leases.delete(ticket);
    this.owe(ticket, 'release');
    if (this.env.activity !== null) tell(this, 'released', ticket);
    for (const inner of nested) {
      inner.state = OVER;
      inner.abort(released);
    }
    ticket.abort(released);
  }

  lose(ticket: RedisTicket, reason: LossReason, note?: string): void {
    if (ticket.state !== HELD) return;
    this.home.leases.delete(ticket);
    ticket.state = OVER;
    begin();
    try {
      if (this.env.activity !== null) tell(this, 'lost', ticket, { reason: note ?? reason });
      for (const lost of [...(ticket.extras?.nested.toReversed() ?? []), ticket]) {
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

  /** The server has still to hear that it is over. */
  private owe(ticket: RedisTicket, how: 'release' | 'cancel'): void {
    const { home } = this;
    const lapses = how === 'release' ? home.clock.now() + ticket.length : home.clock.now() + 2 * home.grace;
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
      [ticket.id, debt.how, `${forbid}`],
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
    if (--this.present === 0) this.home.rests(this);
  }

  extend(ticket: RedisTicket, ms: number | undefined): boolean | Promise<boolean> {
    const lease = (ticket.extras?.outer ?? ticket) as RedisTicket;
    if (ticket.state !== HELD || !ticket.valid()) return false;
    // A lease that is kept while its work runs has no end to move.
    if (this.protocol.renews || !this.lapses) return true;
    lease.renews = ms === Infinity;
    lease.length = ms === undefined ? this.protocol.ttl : ms === Infinity ? this.home.crashTtl : ms;
    return this.home.leases.renewNow(lease).catch((cause: unknown) => {
      throw new BackendUnavailableError(`Redis did not say whether the lease of ${titleOf(this)} was extended.`, {
        details: { outcome: 'unknown' },
        cause,
      });
    });
  }

  charge(ticket: RedisTicket, actual: number): Promise<void> {
    if (ticket.state !== HELD || this.spec.kind !== 'quota') return Promise.resolve();
    const charged = this.command('charge', [ticket.id, `${actual}`]).then(() => undefined);
    const before = ticket.charging ?? Promise.resolve();
    ticket.charging = Promise.all([before, charged.catch(() => undefined)]);
    return charged;
  }

  async change(patch: SpecPatch): Promise<void> {
    // Others may have changed it since: what it has now only the server knows.
    const { settings, pauseUntil } = patched(this.spec, patch);
    const now = settings as { permits?: number; parties?: number; limit?: number; per?: number; burst?: number };
    const given = (names: readonly (keyof SpecPatch)[], value: number | undefined): string =>
      names.some((name) => patch[name] !== undefined) ? `${value}` : '';
    const reply = await this.command('change', [
      pauseUntil === undefined ? '' : `${pauseUntil * 1000}`,
      given(['permits', 'parties', 'limit'], now.permits ?? now.parties ?? now.limit),
      given(['per'], (now.per ?? 0) * 1000),
      given(['burst'], now.burst),
      this.spec.kind === 'limiter' ? 'follows' : '',
    ]);
    if (reply[0] === OTHER_SPEC) throw otherSpec(this, reply[2] as string);
    if (this.env.activity !== null) tellChanged(this);
    await Promise.all((reply[2] as readonly string[]).map((key) => this.command('adjust', [], key)));
  }

  async force(fence: number | 'all', reason: string): Promise<number> {
    const force = async (key?: string): Promise<readonly [count: number, keys: readonly string[]]> => {
      const [, , count, keys] = await this.command('force', [`${fence}`, reason], key);
      return [count as number, keys as readonly string[]];
    };
    const [own, keys] = await force();
    const others = await Promise.all(keys.map(force));
    return others.reduce((sum, [count]) => sum + count, own);
  }

  async inspect(): Promise<GateState> {
    const reply = await this.command('inspect', []);
    return stateOf(this.spec, this.key, this.protocol.renews, reply);
  }

  /** A command that is about nobody's request: of this gate, or of one of its keys. */
  private command(
    operation: OperationName,
    args: readonly string[],
    key: string | undefined = this.key,
  ): Promise<Reply> {
    const { prefix, scripts, command } = this.home;
    const { name } = this.spec;
    const keys = key === undefined ? keysWithIndex(prefix, name) : keysOf(prefix, name, key);
    const script = scripts.of(operation, this.protocol.policy);
    return command(this.link, script, keys, [...this.protocol.args, key ?? '', ...args], titleOf(this));
  }
}
