import { memoryBackend } from '../../lib/gates/memoryBackend.ts';
import { type BackendEnv, type GateBackend, QUEUED, type Waiter } from '../../lib/gates/port.ts';
import type { GateSpec } from '../../lib/gates/spec.ts';
import { span } from '../../lib/gates/describe.ts';
import type { Link } from './Link.ts';

/** The gate in Redis that somebody wanted to enter. */
interface Away {
  readonly spec: GateSpec;
  readonly key: string | undefined;
  readonly link: Link;
  enter(waiter: Waiter): void;
}

/**
 * What this process may give by itself while Redis is away: its share of limiters and quotas, kept in memory. Whoever still
 * waits for it when Redis is back asks there again.
 */
export class LocalShare {
  private readonly share: number;
  private readonly env: BackendEnv;
  private readonly gates: GateBackend = memoryBackend();
  private readonly waiting = new Map<Link, { readonly waiter: Waiter; readonly gate: Away }[]>();

  constructor(share: number, env: BackendEnv) {
    this.share = share;
    // Activity and the like are those of the coordinator at any time.
    this.env = Object.create(env, { degraded: { value: true } }) as BackendEnv;
  }

  /** Lets a waiter ask here instead. `false`: the share is less than it asks for, and always will be. */
  enter(gate: Away, waiter: Waiter): boolean {
    const spec = shareOf(gate.spec, this.share);
    if (typeof spec === 'string' || waiter.ask.cost > capacityOf(spec)) return false;
    this.gates.open(spec, gate.key, this.env).enter(waiter);
    if (waiter.ticket?.state !== QUEUED) return true;
    const others = this.waiting.get(gate.link);
    if (others === undefined) {
      this.waiting.set(gate.link, [{ waiter, gate }]);
      // Somebody has to look for the server.
      gate.link.keep();
    } else others.push({ waiter, gate });
    return true;
  }

  /** Redis is still away: nobody has to look for it if nobody waits any more. */
  prune(link: Link): void {
    const waiting = this.waiting.get(link)?.filter(({ waiter }) => waiter.ticket?.state === QUEUED);
    if (waiting === undefined) return;
    this.waiting.set(link, waiting);
    if (waiting.length > 0) return;
    this.waiting.delete(link);
    link.drop();
  }

  /** Redis is back. */
  recall(link: Link): void {
    const waiting = this.waiting.get(link);
    if (waiting === undefined) return;
    this.waiting.delete(link);
    for (const { waiter, gate } of waiting) {
      // To let one go may let in the next.
      if (waiter.ticket?.state !== QUEUED) continue;
      waiter.ticket.core.cancel(waiter.ticket);
      gate.enter(waiter);
    }
    link.drop();
  }
}

const capacityOf = (spec: GateSpec): number =>
  spec.kind === 'limiter' ? (spec.strategy === 'token-bucket' ? spec.burst : spec.limit) : Infinity;

/** A limiter or quota with that part of its limit, or why there is none. Calls are rounded down: all shares together are never more than the limit. */
export function shareOf(spec: GateSpec, share: number): GateSpec | string {
  switch (spec.kind) {
    case 'quota':
      return { ...spec, limit: spec.limit * share };
    case 'limiter': {
      const [limit, burst] = [Math.floor(spec.limit * share), Math.floor(spec.burst * share)];
      if (limit >= 1 && burst >= 1) return { ...spec, limit, burst };
      return `A share of ${share} of '${spec.name}' is less than one call in ${span(spec.per)}.`;
    }
    default:
      return `While Redis is away, '${spec.name}' cannot be local: it is a ${spec.kind}, and every process would have its own.`;
  }
}
