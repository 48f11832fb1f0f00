import { ConfigError } from '../../lib/errors.ts';
import type { BackendEnv, GateCore, Waiter } from '../../lib/gates/port.ts';
import { type GateSpec, titleOf } from '../../lib/gates/spec.ts';
import { jointSpec, jointState, refuseBarrier } from '../../lib/gates/several.ts';
import type { GateState } from '../../lib/gates/state.ts';
import type { Home } from './Home.ts';
import type { Reply } from './Link.ts';
import { RedisCore } from './RedisCore.ts';
import type { RedisGate } from './RedisGate.ts';
import { RedisTicket } from './RedisTicket.ts';
import type { PolicyName } from './scripts.ts';

/** One gate of several, and how much of it is wanted. */
export interface Share {
  readonly core: RedisGate;
  readonly cost: number;
}

/**
 * Several gates of one server as one. A request stands in the queue of each under one id, and one script lets it into all of
 * them: see `lua/together.ts`. Its leases are renewed each for itself, and given back together.
 */
export class RedisJoint extends RedisCore {
  readonly spec: GateSpec;
  readonly key: undefined;
  readonly lease: boolean;
  readonly joint = true;
  readonly gates: readonly RedisGate[];
  private readonly shares: readonly Share[];
  private readonly policies: readonly PolicyName[];
  private readonly keys: readonly string[];
  private readonly args: readonly string[];

  constructor(shares: readonly Share[], env: BackendEnv, home: Home) {
    const gates = shares.map(({ core }) => core);
    super(env, home, gates[0]!.link);
    this.gates = gates;
    this.shares = shares;
    this.lease = gates.some(({ lease }) => lease);
    this.spec = jointSpec(gates);
    this.policies = [...new Set(gates.map(({ protocol }) => protocol.policy))].sort();
    this.keys = gates.flatMap(({ keys }) => keys);
    this.args = shares.flatMap(({ core: { protocol, keys }, cost }) => [
      protocol.policy,
      `${keys.length}`,
      ...protocol.args,
      `${cost}`,
    ]);
  }

  get retired(): boolean {
    return this.gates.some(({ retired }) => retired);
  }

  run(
    operation: 'acquire' | 'release' | 'beat',
    [id = '', ...args]: readonly string[],
    onReply: (reply: Reply) => void,
    onFail: (cause: unknown) => void,
    notAfter: number = Infinity,
  ): void {
    const asks = operation === 'acquire';
    const until = notAfter === Infinity ? 'inf' : `${notAfter}`;
    // The cost is that of each gate.
    const own = asks ? args.toSpliced(1, 1) : ['', ...args.slice(1)];
    const script = this.home.scripts.together(asks ? 'acquire' : 'release', this.policies);
    this.link.run(script, this.keys, [until, id, ...own, ...this.args], onReply, onFail);
  }

  protected ticketFor(waiter: Waiter): RedisTicket {
    const { home } = this;
    const asked = Math.round(home.clock.now());
    const ticket = new RedisTicket(this, waiter, `+${home.newId()}`, asked);
    waiter.ticket = ticket;
    ticket.more().parts = this.shares.map(({ core, cost }) => {
      const part = new RedisTicket(core, partOf(waiter, cost), ticket.id, asked);
      part.waiter.ticket = part;
      part.more().joint = { ticket, tryEnter: () => false };
      return part;
    });
    return ticket;
  }

  protected partsOf(ticket: RedisTicket): readonly RedisTicket[] {
    return ticket.more().parts as readonly RedisTicket[];
  }

  protected book(ticket: RedisTicket, [, now, fence, ends]: Reply): void {
    ticket.order = fence as number;
    for (const [i, part] of this.partsOf(ticket).entries()) {
      part.queuedAt = ticket.queuedAt;
      if (part.core.lease) this.gates[i]!.lend(part, now, ticket.order, (ends as readonly number[])[i]!);
    }
  }

  atFault(index: unknown): GateCore {
    return this.gates[index as number] ?? this;
  }

  tooMuch(_ticket: RedisTicket, capacity: number): readonly [gate: GateCore, cost: number] {
    const { core, cost } = this.shares.find((share) => share.cost > capacity) ?? this.shares[0]!;
    return [core, cost];
  }

  /** One gate has refused it: it leaves the queues of the others. */
  override refuse(...[ticket, error]: Parameters<RedisCore['refuse']>): void {
    if (ticket.waiting && ticket.queued) this.part(ticket);
    super.refuse(ticket, error);
  }

  async extend(ticket: RedisTicket, ms: number | undefined): Promise<boolean> {
    const leases = this.partsOf(ticket).filter(({ core }) => core.lease);
    const all = await Promise.all(leases.map(async (part) => part.core.extend(part, ms)));
    return all.every(Boolean);
  }

  /** The real cost is that of the quotas among the gates. */
  async charge(ticket: RedisTicket, actual: number): Promise<void> {
    const parts = this.partsOf(ticket);
    const charged = parts.map(async (part) => part.core.charge(part, actual));
    ticket.charging = Promise.all(parts.map(async ({ charging }) => charging));
    await Promise.all(charged);
  }

  change(): never {
    throw new TypeError('Change the gates of an allOf one by one.');
  }

  force(): never {
    throw new TypeError('Force the gates of an allOf one by one.');
  }

  async inspect(): Promise<GateState> {
    return jointState(this.spec, await Promise.all(this.gates.map((gate) => gate.inspect())));
  }
}

/** Several gates as one. @throws ConfigError for gates that no one server has, and for a barrier. */
export function together(shares: readonly Share[], env: BackendEnv, home: Home): RedisJoint {
  const [first, ...others] = shares.map(({ core }) => core);
  for (const { spec } of [first!, ...others]) refuseBarrier(spec);
  const other = others.find(({ link }) => link !== first!.link);
  if (other === undefined) return new RedisJoint(shares, env, home);
  throw new ConfigError(
    `${titleOf(first!)} and ${titleOf(other)} cannot be taken together: they are in different slots of the cluster.`,
    {
      hint:
        "Keep all gates of a backend in one slot with a hash tag in its prefix, as in redisBackend({ prefix: '{shop}' }), " +
        'or take them one after the other, always in the same order.',
      details: { gates: shares.map(({ core }) => titleOf(core)) },
    },
  );
}

/** Stands for a request at one of its gates. It is never told: the request is, once. */
const partOf = (whole: Waiter, cost: number): Waiter => ({
  ask: { ...whole.ask, cost },
  frame: whole.frame,
  ticket: null,
  granted: () => undefined,
  refused: () => undefined,
  lost: () => undefined,
});
