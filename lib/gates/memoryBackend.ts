import { waitEdge } from './describe.ts';
import type { Home, InMemory } from './inMemory.ts';
import { joining } from './joining.ts';
import { leasesOf } from './leases.ts';
import { policyOf } from './policies/policyOf.ts';
import type { BackendEnv, GateBackend } from './port.ts';
import type { WaitEdge } from './state.ts';
import type { GateSpec } from './spec.ts';
import { Turnstile } from './turnstile.ts';

/** How many idle gates are kept before they are looked through: forgetting them one by one costs more than their memory. */
const idleAllowance = 128;

/** Whether a gate has its first settings and no pause: nothing to remember but the account. A key's are its gate's to remember. */
const quiet = ({ base, settings, spec, pausedUntil }: InMemory, now: number): boolean =>
  base === null ? (pausedUntil ?? now) <= now && settings === spec : settings === base.settings;

/** Whether there is nothing to remember of a gate itself: nobody there, the account at the start, no pause on. */
const blank = (gate: InMemory, now: number): boolean => gate.resting && gate.policy.fresh(now) && quiet(gate, now);

/** A gate stays as long as it has keys, since it holds their settings. */
const forgettable = (gate: InMemory, now: number): boolean => gate.keys === null && blank(gate, now);

/** Gates in the memory of this process. */
export function memoryBackend(): GateBackend {
  let gates = new Map<string, InMemory>();
  /** Gates that have packed accounts among their keys. */
  const packed = new Set<InMemory>();
  let idle: InMemory[] = [];
  /** Made since the last sweep, entered or not. */
  let opened: InMemory[] = [];
  let allowance = idleAllowance;
  let round: Iterator<void> | null = null;

  const home: Home = {
    resting(gate) {
      if (idle.length >= allowance) sweep(gate.env.clock.now());
      if (gate.retired || gate.listed) return;
      gate.listed = true;
      idle.push(gate);
    },
    changing(gate, changed) {
      const { settings, env, keys } = gate;
      const now = env.clock.now();
      for (const [key, number] of keys ?? []) {
        if (typeof number !== 'number') continue;
        const account = policyOf(settings, env.clock);
        account.load!(number);
        account.change(changed, now);
        if (account.fresh(now)) dropKey(gate, key);
        else keys!.set(key, account.packed!);
      }
    },
    keysOf: ({ keys }) => (keys === null ? [] : [...keys.values()].filter((gate) => typeof gate !== 'number')),
  };

  /** Forgets the idle gates that can be, and packs the accounts of idle keys. */
  const sweep = (now: number): void => {
    for (const gate of opened) if (gate.resting && !gate.listed) idle.push(gate);
    opened = [];
    const kept: InMemory[] = [];
    if (allGone(now)) {
      for (const gate of idle) {
        gate.retired = true;
        gate.keys = null;
      }
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

  /** Whether all gates and keys there are can be forgotten: with their maps, which costs less than one by one. */
  const allGone = (now: number): boolean => {
    let names = 0;
    let keys = 0;
    for (const gate of idle) {
      if (gate.retired || !blank(gate, now)) return false;
      if (gate.base !== null) {
        keys++;
        continue;
      }
      names++;
      if (gate.keys !== null) keys -= gate.keys.size;
    }
    return names === gates.size && keys === 0;
  };

  /** Forgets or packs it, if that can be. */
  const tidied = (gate: InMemory, now: number): boolean => {
    const { base, key, spec, policy } = gate;
    if (forgettable(gate, now)) {
      if (base === null) gates.delete(spec.name);
      else dropKey(base, key!);
    } else if (base !== null && policy.packed !== undefined && quiet(gate, now)) {
      base.keys!.set(key!, policy.packed);
      packed.add(base);
    } else {
      return false;
    }
    gate.retired = true;
    return true;
  };

  const dropKey = (gate: InMemory, key: string): void => {
    const { keys } = gate;
    keys!.delete(key);
    if (keys!.size > 0) return;
    gate.keys = null;
    packed.delete(gate);
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
    for (const gate of [...packed]) yield* levelKeys(gate);
  }

  /** Forgets the packed accounts of a gate that have become level. */
  function* levelKeys(gate: InMemory): Generator<void> {
    const { settings, env } = gate;
    const account = policyOf(settings, env.clock);
    // Those that are packed meanwhile put it back.
    packed.delete(gate);
    for (const [key, number] of gate.keys ?? []) {
      if (typeof number === 'number') {
        account.load!(number);
        if (account.fresh(env.clock.now())) dropKey(gate, key);
        else packed.add(gate);
      }
      yield;
    }
  }

  /** Forgets a whole gate, if nobody uses it or one of its keys. */
  const forget = (gate: InMemory, now: number): boolean => {
    const round = levelKeys(gate);
    while (!round.next().done);
    for (const key of home.keysOf(gate)) if (forgettable(key, now)) tidied(key, now);
    return forgettable(gate, now) && tidied(gate, now);
  };

  /** Whoever opens a gate is about to enter it, so that only a crowd that nobody has entered is looked through now. */
  const made = (gate: InMemory): InMemory => {
    if (opened.length >= allowance * 16) sweep(gate.env.clock.now());
    opened.push(gate);
    return gate;
  };

  const openGate = (spec: GateSpec, env: BackendEnv): InMemory => {
    let gate = gates.get(spec.name);
    if (gate === undefined) {
      // Made before the map is looked up: it may be swept, and then it is another map.
      gate = made(new Turnstile(spec, undefined, policyOf(spec, env.clock), env, home, null));
      gates.set(spec.name, gate);
    }
    return gate;
  };

  const openKey = (base: InMemory, key: string): InMemory => {
    const found = base.keys?.get(key);
    if (found !== undefined && typeof found !== 'number') return found;
    const { spec, settings, env } = base;
    const gate = new Turnstile(spec, key, policyOf(settings, env.clock), env, home, base);
    if (found !== undefined) gate.policy.load!(found);
    // Before anything is swept: its gate stays for it.
    (base.keys ??= new Map()).set(key, gate);
    return made(gate);
  };

  function* all(): Generator<InMemory> {
    for (const gate of gates.values()) {
      yield gate;
      yield* home.keysOf(gate);
    }
  }

  return {
    kind: 'memory',
    shared: false,
    supports: () => true,
    open(spec, key, env) {
      const gate = openGate(spec, env);
      return key === undefined ? gate : openKey(gate, key);
    },
    openAll: (shares, env) => joining().inMemory(shares, env),
    forget(core) {
      const gate = gates.get(core.spec.name);
      return gate !== undefined && forget(gate, gate.env.clock.now());
    },
    find: (name) => gates.get(name) ?? null,
    waits: () => {
      const edges: WaitEdge[] = [];
      for (const gate of all()) {
        const now = gate.env.clock.now();
        const holders = leasesOf(gate);
        for (let ticket = gate.line.head; ticket !== null; ticket = ticket.next)
          edges.push(waitEdge(ticket, holders, now));
      }
      return edges;
    },
    settled: () => undefined,
    close: () => Promise.resolve(),
  };
}
