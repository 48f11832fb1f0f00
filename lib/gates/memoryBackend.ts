import { waitEdge } from './describe.ts';
import { joined } from './joining.ts';
import { policyOf } from './policies/policyOf.ts';
import type { BackendEnv, GateBackend } from './port.ts';
import type { WaitEdge } from './state.ts';
import type { GateSpec } from './spec.ts';
import { type Home, Turnstile } from './turnstile.ts';

/** How many idle gates are kept before they are looked through: forgetting them one by one costs more than their memory. */
const idleAllowance = 256;

/** A keyed gate: a live core for keys in use, one number for those that are not at rest yet, nothing for the others. */
type Keys = Map<string, Turnstile | number>;

/** Whether the account is as if nobody had ever come, and no pause is on. */
const forgettable = (gate: Turnstile, now: number): boolean => gate.policy.fresh(now) && gate.quiet(now);

/** Gates in the memory of this process. */
export function memoryBackend(): GateBackend {
  let gates = new Map<string, Turnstile>();
  const keyed = new Map<string, Keys>();
  let idle: Turnstile[] = [];
  let allowance = idleAllowance;

  const home: Home = {
    resting(gate) {
      gate.listed = true;
      if (idle.push(gate) > allowance) sweep(gate.env);
    },
  };

  /** Forgets the idle gates whose account is back at the start, and packs the accounts of idle keys. */
  const sweep = (env: BackendEnv): void => {
    const now = env.clock.now();
    const kept: Turnstile[] = [];
    if (idle.length === gates.size && idle.every((gate) => gate.resting && gate.key === undefined && forgettable(gate, now))) {
      for (const gate of idle) gate.retired = true;
      gates = new Map();
    } else {
      for (const gate of idle) {
        gate.listed = false;
        if (!gate.resting) continue;
        const { key, spec, policy } = gate;
        const keys = key === undefined ? undefined : keyed.get(spec.name);
        if (forgettable(gate, now)) {
          gate.retired = true;
          if (key === undefined) gates.delete(spec.name);
          else keys?.delete(key);
          if (keys?.size === 0) keyed.delete(spec.name);
        } else if (key !== undefined && policy.packed !== undefined && gate.quiet(now)) {
          gate.retired = true;
          keys?.set(key, policy.packed);
        } else {
          gate.listed = true;
          kept.push(gate);
        }
      }
    }
    idle = kept;
    allowance = Math.max(idleAllowance, kept.length * 2);
  };

  const make = (spec: GateSpec, key: string | undefined, env: BackendEnv): Turnstile =>
    new Turnstile(spec, key, policyOf(spec, env.clock), env, home);

  const openKey = (spec: GateSpec, key: string, env: BackendEnv): Turnstile => {
    let keys = keyed.get(spec.name);
    if (keys === undefined) keyed.set(spec.name, (keys = new Map()));
    const found = keys.get(key);
    if (found instanceof Turnstile) return found;
    const gate = make(spec, key, env);
    if (found !== undefined) gate.policy.load?.(found);
    keys.set(key, gate);
    home.resting(gate);
    return gate;
  };

  function* all(): Generator<Turnstile> {
    yield* gates.values();
    for (const keys of keyed.values()) for (const gate of keys.values()) if (gate instanceof Turnstile) yield gate;
  }

  return {
    kind: 'memory',
    shared: false,
    supports: () => true,
    open(spec, key, env) {
      if (key !== undefined) return openKey(spec, key, env);
      let gate = gates.get(spec.name);
      if (gate === undefined) {
        gates.set(spec.name, (gate = make(spec, undefined, env)));
        home.resting(gate);
      }
      return gate;
    },
    openAll: joined,
    forget(core) {
      const gate = core as Turnstile;
      const now = gate.env.clock.now();
      if (!gate.resting || !forgettable(gate, now)) return false;
      gate.retired = true;
      if (gate.key === undefined) gates.delete(gate.spec.name);
      else keyed.get(gate.spec.name)?.delete(gate.key);
      return true;
    },
    find: (name) => gates.get(name) ?? null,
    waits: () => {
      const edges: WaitEdge[] = [];
      for (const gate of all()) {
        const now = gate.env.clock.now();
        const holders = gate.holders.all();
        for (let ticket = gate.line.head; ticket !== null; ticket = ticket.next) edges.push(waitEdge(ticket, holders, now));
      }
      return edges;
    },
    settled: () => undefined,
    close: () => Promise.resolve(),
  };
}
