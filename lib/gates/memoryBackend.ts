import { waitEdge } from './describe.ts';
import type { Home, InMemory } from './inMemory.ts';
import { joined } from './joining.ts';
import { policyOf } from './policies/policyOf.ts';
import type { BackendEnv, GateBackend } from './port.ts';
import type { WaitEdge } from './state.ts';
import type { GateSpec } from './spec.ts';
import { Turnstile } from './turnstile.ts';

/** How many idle gates are kept before they are looked through: forgetting them one by one costs more than their memory. */
const idleAllowance = 128;

/** The keys of a gate: a live core for those in use, one number for those whose account is not level yet, nothing for the others. */
type Keys = Map<string, Turnstile | number>;

/** Whether a gate has its first settings and no pause: nothing to remember but the account. A key's are its gate's to remember. */
const quiet = ({ base, settings, spec, pausedUntil }: InMemory, now: number): boolean =>
  base === null ? pausedUntil <= now && settings === spec : settings === base.settings;

/** Gates in the memory of this process. */
export function memoryBackend(): GateBackend {
  let gates = new Map<string, Turnstile>();
  /** A gate stays as long as it has keys, since it holds their settings. */
  const keyed = new Map<string, Keys>();
  let idle: InMemory[] = [];
  /** Made since the last sweep, entered or not. */
  let opened: Turnstile[] = [];
  let allowance = idleAllowance;
  let round: Iterator<void> | null = null;

  const home: Home = {
    resting(gate) {
      if (idle.length >= allowance) sweep(gate.env.clock.now());
      if (gate.retired || gate.listed) return;
      gate.listed = true;
      idle.push(gate);
    },
    changing({ key: ofKey, spec, settings, env }, changed) {
      const keys = ofKey === undefined ? keyed.get(spec.name) : undefined;
      const now = env.clock.now();
      for (const [key, number] of keys ?? []) {
        if (typeof number !== 'number') continue;
        const account = policyOf(settings, env.clock);
        account.load!(number);
        account.change(changed, now);
        if (account.fresh(now)) keys!.delete(key);
        else keys!.set(key, account.packed!);
      }
      if (keys?.size === 0) keyed.delete(spec.name);
    },
    keysOf: ({ key, spec }) =>
      key === undefined ? [...(keyed.get(spec.name)?.values() ?? [])].filter((gate) => gate instanceof Turnstile) : [],
  };

  /** Whether there is nothing to remember: nobody there, the account at the start, no pause on. */
  const forgettable = (gate: InMemory, now: number): boolean =>
    gate.resting &&
    gate.policy.fresh(now) &&
    quiet(gate, now) &&
    (gate.key !== undefined || !keyed.has(gate.spec.name));

  /** Forgets the idle gates that can be, and packs the accounts of idle keys. */
  const sweep = (now: number): void => {
    const kept: InMemory[] = [];
    for (const gate of opened) if (gate.resting && !gate.listed) idle.push(gate);
    opened = [];
    if (
      idle.length === gates.size &&
      idle.every((gate) => !gate.retired && gate.key === undefined && forgettable(gate, now))
    ) {
      for (const gate of idle) gate.retired = true;
      gates = new Map();
    } else {
      for (const gate of idle) {
        gate.listed = false;
        if (gate.retired || !gate.resting || tidied(gate, now)) continue;
        gate.listed = true;
        kept.push(gate);
      }
      levelSome();
    }
    idle = kept;
    allowance = Math.max(idleAllowance, kept.length * 2);
  };

  /** Forgets or packs it, if that can be. */
  const tidied = (gate: InMemory, now: number): boolean => {
    const { key, spec, policy } = gate;
    if (forgettable(gate, now)) {
      if (key === undefined) gates.delete(spec.name);
      else dropKey(spec.name, key);
    } else if (key !== undefined && policy.packed !== undefined && quiet(gate, now)) {
      keyed.get(spec.name)!.set(key, policy.packed);
    } else {
      return false;
    }
    gate.retired = true;
    return true;
  };

  const dropKey = (name: string, key: string): void => {
    const keys = keyed.get(name)!;
    keys.delete(key);
    if (keys.size === 0) keyed.delete(name);
  };

  /** Goes on with the round of all packed accounts, a few at a time, so that no single release pays for all. */
  const levelSome = (): void => {
    round ??= levelAll();
    for (let i = 0; i < idleAllowance * 8; i++) {
      if (!round.next().done) continue;
      round = null;
      return;
    }
  };

  function* levelAll(): Generator<void> {
    for (const name of keyed.keys()) yield* levelKeys(gates.get(name)!);
  }

  /** Forgets the packed accounts of a gate that have become level. */
  function* levelKeys({ spec, settings, env }: Turnstile): Generator<void> {
    const account = policyOf(settings, env.clock);
    for (const [key, number] of keyed.get(spec.name) ?? []) {
      if (typeof number === 'number') {
        account.load!(number);
        if (account.fresh(env.clock.now())) dropKey(spec.name, key);
      }
      yield;
    }
  }

  /** Forgets a whole gate, if nobody uses it or one of its keys. */
  const forget = (gate: Turnstile, now: number): boolean => {
    const round = levelKeys(gate);
    while (!round.next().done);
    for (const key of home.keysOf(gate)) if (forgettable(key, now)) tidied(key, now);
    return forgettable(gate, now) && tidied(gate, now);
  };

  /** Whoever opens a gate is about to enter it, so that only a crowd that nobody has entered is looked through now. */
  const made = (gate: Turnstile): Turnstile => {
    if (opened.length >= allowance * 16) sweep(gate.env.clock.now());
    opened.push(gate);
    return gate;
  };

  const openGate = (spec: GateSpec, env: BackendEnv): Turnstile => {
    let gate = gates.get(spec.name);
    if (gate === undefined) {
      // Made before the map is looked up: it may be swept, and then it is another map.
      gate = made(new Turnstile(spec, undefined, policyOf(spec, env.clock), env, home, null));
      gates.set(spec.name, gate);
    }
    return gate;
  };

  const openKey = (spec: GateSpec, key: string, env: BackendEnv): Turnstile => {
    const found = keyed.get(spec.name)?.get(key);
    if (found instanceof Turnstile) return found;
    const base = openGate(spec, env);
    const gate = new Turnstile(base.spec, key, policyOf(base.settings, env.clock), env, home, base);
    if (found !== undefined) gate.policy.load!(found);
    let keys = keyed.get(spec.name);
    if (keys === undefined) keyed.set(spec.name, (keys = new Map<string, Turnstile | number>()));
    // Before anything is swept: its gate stays for it.
    keys.set(key, gate);
    return made(gate);
  };

  function* all(): Generator<Turnstile> {
    yield* gates.values();
    for (const keys of keyed.values()) for (const gate of keys.values()) if (gate instanceof Turnstile) yield gate;
  }

  return {
    kind: 'memory',
    shared: false,
    supports: () => true,
    open: (spec, key, env) => (key === undefined ? openGate(spec, env) : openKey(spec, key, env)),
    openAll: joined,
    forget(core) {
      const gate = gates.get(core.spec.name);
      return gate !== undefined && forget(gate, gate.env.clock.now());
    },
    find: (name) => gates.get(name) ?? null,
    waits: () => {
      const edges: WaitEdge[] = [];
      for (const gate of all()) {
        const now = gate.env.clock.now();
        const holders = gate.holders.all();
        for (let ticket = gate.line.head; ticket !== null; ticket = ticket.next)
          edges.push(waitEdge(ticket, holders, now));
      }
      return edges;
    },
    settled: () => undefined,
    close: () => Promise.resolve(),
  };
}
