import { BackendUnavailableError, DeadlockError } from '../../lib/errors.ts';
import { tell, tellChanged } from '../../lib/gates/activity.ts';
import { enclosingLease, lapses } from '../../lib/gates/deadlock.ts';
import { waitEdge } from '../../lib/gates/describe.ts';
import { nest } from '../../lib/gates/nesting.ts';
import { insideAlready } from '../../lib/gates/reading.ts';
import { patched } from '../../lib/gates/patched.ts';
import { type BackendEnv, type GateCore, HELD, QUEUED, type Waiter } from '../../lib/gates/port.ts';
import { type GateSpec, type SpecPatch, titleOf } from '../../lib/gates/spec.ts';
import type { GateState, LossReason } from '../../lib/gates/state.ts';
import { IN, OTHER_SPEC } from './answers.ts';
import { type Address, addressOf } from './facts.ts';
import type { Home } from './Home.ts';
import type { Lender } from './Leases.ts';
import type { Reply } from './Link.ts';
import { keysOf, keysWithIndex, type Protocol, protocolOf, stemOf } from './protocol.ts';
import { RedisCore } from './RedisCore.ts';
import { RedisTicket } from './RedisTicket.ts';
import { otherSpec } from './refusals.ts';
import { isLease, type OperationName } from './scripts.ts';
import { stateOf } from './stateOf.ts';

/** What lets somebody in. An answer that has only the time means that the rest follows from it. */
type Admission = readonly [code: number, now: number, fence?: number, ends?: number, mark?: number];

/** What the last arguments of an operation mostly are. They are left out then. */
const usual: { readonly [operation in OperationName]?: readonly (string | undefined)[] } = {
  acquire: [undefined, undefined, '1', 'wait', '0'],
  release: [undefined, '1', 'release', '0'],
};

function shortened(operation: OperationName, args: readonly string[]): readonly string[] {
  const left = usual[operation];
  let { length } = args;
  while (left !== undefined && args[length - 1] === left[length - 1]) length--;
  return args.slice(0, length);
}

/** One gate in Redis, as this process sees it. */
export class RedisGate extends RedisCore implements Lender {
  readonly spec: GateSpec;
  readonly key: string | undefined;
  readonly lease: boolean;
  readonly hash: string;
  readonly protocol: Protocol;
  readonly joint = false;
  readonly gates: readonly RedisGate[] = [this];
  readonly keys: readonly string[];
  retired = false;
  private whole: Address | null = null;

  constructor(spec: GateSpec, key: string | undefined, env: BackendEnv, home: Home) {
    super(env, home, home.linkTo(spec.name));
    this.spec = spec;
    this.key = key;
    this.protocol = protocolOf(spec, home.crashTtl, home.grace);
    this.keys = keysOf(stemOf(home.prefix, spec.name), this.protocol.list, key);
    this.hash = this.keys[0] ?? '';
    this.lease = isLease(this.protocol.policy);
  }

  get lapses(): boolean {
    return this.protocol.lapses;
  }

  /** What others find it by. */
  get address(): Address {
    return (this.whole ??= addressOf(this.protocol.description, this.key));
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
    const { policy, args: own } = this.protocol;
    const until = notAfter === Infinity ? 'inf' : `${notAfter}`;
    link.run(scripts.of(operation, policy), this.keys, [until, ...own, ...shortened(operation, args)], onReply, onFail);
  }

  protected ticketFor(waiter: Waiter): RedisTicket | null {
    const { home } = this;
    const ticket = new RedisTicket(this, waiter, home.newId(), Math.round(home.clock.now()));
    waiter.ticket = ticket;
    const alone = this.spec.kind === 'mutex' || this.spec.kind === 'readWriteLock';
    return alone && this.enclosed(ticket) ? null : ticket;
  }

  /** Whether its work holds this lock already: then it is let in again, or would wait for itself. */
  private enclosed(ticket: RedisTicket): boolean {
    const { env, spec } = this;
    const outer = enclosingLease(ticket.waiter.frame, this);
    if (outer === null) return false;
    if (spec.kind === 'mutex' && spec.reentrant) {
      nest(ticket, outer.extras?.outer ?? outer);
      return true;
    }
    if (spec.kind === 'readWriteLock') {
      const answer = insideAlready(ticket, outer);
      if (answer instanceof DeadlockError) this.refuse(ticket, answer);
      if (answer !== null) return true;
    }
    if (env.deadlock === 'off' || ticket.waiter.ask.timeout === 0 || lapses(outer)) return false;
    const edge = waitEdge(ticket, [outer], this.home.clock.now());
    if (env.activity !== null) tell(this, 'deadlock', ticket, { cycle: [edge] });
    const error = new DeadlockError(`${edge.waiter} would wait for ${edge.gate} for ever: it holds it itself.`, {
      hint: 'Make the mutex reentrant; work that its caller does not await belongs in detached(fn).',
      details: { gate: edge.gate, cycle: [edge] },
    });
    if (env.deadlock === 'report') {
      ticket.reported = true;
      env.report(error);
      return false;
    }
    this.refuse(ticket, error);
    return true;
  }

  protected partsOf(ticket: RedisTicket): readonly RedisTicket[] {
    return [ticket];
  }

  protected book(ticket: RedisTicket, reply: Reply): void {
    const [, now, fence = now, ends = now + this.protocol.ttl * 1000, mark = 0] =
      reply as readonly number[] as Admission;
    ticket.mark = mark;
    if (this.lease) this.lend(ticket, now, fence, ends);
  }

  /** With one of several gates all of them are lost. */
  override lose(ticket: RedisTicket, reason: LossReason, note?: string): void {
    const whole = ticket.extras?.joint?.ticket;
    if (whole === undefined) super.lose(ticket, reason, note);
    else (whole.core as RedisCore).lose(whole as RedisTicket, reason, note);
  }

  /** The server has lent it until then. */
  lend(ticket: RedisTicket, now: number, fence: number, ends: number): void {
    const { protocol, home } = this;
    ticket.order = fence;
    ticket.length = protocol.ttl;
    ticket.renews = protocol.renews;
    home.leases.lasts(ticket, now, ends);
  }

  atFault(): GateCore {
    return this;
  }

  tooMuch(ticket: RedisTicket): readonly [gate: GateCore, cost: number] {
    return [this, ticket.waiter.ask.cost];
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
      this.admit(ticket, [IN, now, 0, 0, mark]);
    } else if (this.protocol.renews && server.trusted(clock.now()) && left >= grace * 0.75) {
      this.admit(ticket, [IN, now, fence, ends, mark]);
      leases.claimBy(ticket, clock.now() + grace / 3);
    } else {
      // It may have been on its way for long, or is for a lease that nothing would make longer: claimed before it is handed out.
      this.requests.poke(ticket);
    }
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
    const reply = await this.agreed('change', [
      pauseUntil === undefined ? '' : `${pauseUntil * 1000}`,
      given(['permits', 'parties', 'limit'], now.permits ?? now.parties ?? now.limit),
      given(['per'], (now.per ?? 0) * 1000),
      given(['burst'], now.burst),
      this.spec.kind === 'limiter' ? 'follows' : '',
    ]);
    if (this.env.activity !== null) tellChanged(this);
    await Promise.all((reply[2] as readonly string[]).map((key) => this.command('adjust', [], key)));
  }

  async force(fence: number | 'all', reason: string): Promise<number> {
    const force = async (key?: string): Promise<readonly [count: number, keys: readonly string[]]> => {
      const [, , count, keys] = await this.agreed('force', [`${fence}`, reason], key);
      return [count as number, keys as readonly string[]];
    };
    const [own, keys] = await force();
    const others = await Promise.all(keys.map(force));
    return others.reduce((sum, [count]) => sum + count, own);
  }

  async inspect(): Promise<GateState> {
    const reply = await this.agreed('inspect', []);
    return stateOf(this.spec, this.key, this.protocol.renews, reply);
  }

  /** One that is refused if others use the gate on other terms. */
  private async agreed(operation: OperationName, args: readonly string[], key?: string): Promise<Reply> {
    const reply = await this.command(operation, args, key);
    if (reply[0] === OTHER_SPEC) throw otherSpec(this, reply[2] as string);
    return reply;
  }

  /** A command that is about nobody's request: of this gate, or of one of its keys. */
  private command(
    operation: OperationName,
    args: readonly string[],
    key: string | undefined = this.key,
  ): Promise<Reply> {
    const { prefix, scripts, command } = this.home;
    const { name } = this.spec;
    const { policy, list, args: own } = this.protocol;
    const stem = stemOf(prefix, name);
    const keys = key === undefined ? keysWithIndex(stem, list) : keysOf(stem, list, key);
    return command(this.link, scripts.of(operation, policy), keys, [...own, ...args], titleOf(this));
  }
}
