import type { GateSpec } from '../../lib/gates/spec.ts';
import type { Reply } from './Link.ts';

/** A gate, for a process that may not have it: its description and its key, as text. */
export type Address = string;

export const addressOf = (description: string, key: string | undefined): Address =>
  JSON.stringify(key === undefined ? [description] : [description, key]);

export interface Addressed {
  readonly description: string;
  readonly spec: GateSpec;
  readonly key: string | undefined;
}

export function gateAt(address: Address): Addressed {
  const [description, key] = JSON.parse(address) as [description: string, key?: string];
  return { description, spec: Object.fromEntries(JSON.parse(description) as [string, unknown][]) as never, key };
}

/** Somebody at a gate. */
interface Present {
  readonly id: string;
  readonly cost: number;
  readonly who: string;
}

/** A lease, as the server has it. */
export interface Holding extends Present {
  readonly fence: number;
}

/** A place in the queue, as the server has it. */
export interface Place extends Present {
  /** Since when, in microseconds of the server. */
  readonly since: number;
}

/** A gate, as its server has it. */
export interface Looked extends Addressed {
  /** The time of its server, microseconds. */
  readonly now: number;
  /** How much of it can be held at once. */
  readonly limit: number;
  readonly holders: readonly Holding[];
  /** In the order in which they will be served. */
  readonly waiting: readonly Place[];
}

/** A lease, as its process has it. */
export interface Kept {
  readonly fence: number;
  /** The requests that wait inside its work. */
  readonly waits: readonly string[];
}

/** A request that waits, as its process has it. */
export interface Wish {
  readonly gates: readonly Address[];
  /** Its process leaves it in the queue even if it waits for ever: `deadlock: 'report'`. */
  readonly stays: boolean;
}

/** What a process says of leases and requests of its own. It leaves out what it does not have, and leases that lapse by themselves. */
export interface Answer {
  /** What people call the process. */
  readonly process: string;
  readonly leases: Readonly<Record<string, Kept>>;
  /** Those with the gates that they wait for, by their places in `gates`. */
  readonly wishes: Readonly<Record<string, { readonly gates: readonly number[]; readonly stays: boolean }>>;
  readonly gates: readonly Address[];
}

/** What is known of those who hold and wait, from their servers and from their processes. */
export interface Facts {
  readonly gates: Map<Address, Looked>;
  readonly leases: Map<string, Kept>;
  readonly wishes: Map<string, Wish>;
  /** What processes are called, by what their ids begin with; but ours. */
  readonly processes: Map<string, string>;
}

export const noFacts = (): Facts => ({ gates: new Map(), leases: new Map(), wishes: new Map(), processes: new Map() });

/** Which process a lease or a request belongs to. */
export const processOf = (id: string): string => id.slice(id.startsWith('+') ? 1 : 0, id.lastIndexOf('.'));

/** `who` is where the messages of a process go, and what people call somebody in it. */
export const channelOf = (who: string): string => who.slice(0, who.indexOf(' '));
export const nameOf = (who: string): string => who.slice(who.indexOf(' ') + 1);

export function learn(facts: Facts, { leases, wishes, gates }: Answer): void {
  for (const [id, lease] of Object.entries(leases)) facts.leases.set(id, lease);
  for (const [id, wish] of Object.entries(wishes))
    facts.wishes.set(id, { stays: wish.stays, gates: wish.gates.map((at) => gates[at]!) });
}

/** Whether its permits are held and go round: time alone gives back what is taken of the others. */
const goesRound = ({ kind }: GateSpec): boolean => kind === 'mutex' || kind === 'semaphore' || kind === 'readWriteLock';

/** What `lua/looking.ts` has to know of a gate to look at it. */
export const lookAt = ({ spec, description }: Addressed): string[] => [
  description,
  goesRound(spec) ? `${spec.kind === 'semaphore' ? spec.permits : 1}` : '',
];

/** What it answers. */
export function looked(at: Addressed, [, now, limit, holders, waiting]: Reply): Looked {
  return {
    ...at,
    now,
    limit: limit === '' ? Infinity : Number(limit),
    holders: (holders as string[][]).map(([id = '', cost, fence, who = '']) => ({
      id,
      who,
      cost: Number(cost),
      fence: Number(fence),
    })),
    waiting: (waiting as string[][]).map(([id = '', packed = '']) => {
      const [cost, since, , ...who] = packed.split(' ');
      return { id, cost: Number(cost), since: Number(since), who: who.join(' ') };
    }),
  };
}

/**
 * What was so both times. Nothing comes back as the same: a lease has its fence, a place its time. So all of it was there at
 * once, between the two, although nobody has ever seen it at once: a cycle in it is one.
 */
export function common(first: Facts, second: Facts): Facts {
  const facts = noFacts();
  for (const [address, gate] of second.gates) {
    const before = first.gates.get(address);
    if (before === undefined) continue;
    const holders = new Map(before.holders.map(({ id, fence }) => [id, fence]));
    const waiting = new Map(before.waiting.map(({ id, since }) => [id, since]));
    facts.gates.set(address, {
      ...gate,
      limit: Math.max(before.limit, gate.limit),
      holders: gate.holders.filter(({ id, fence }) => holders.get(id) === fence),
      waiting: gate.waiting.filter(({ id, since }) => waiting.get(id) === since),
    });
  }
  for (const [id, { fence, waits }] of second.leases) {
    const before = first.leases.get(id);
    if (before?.fence !== fence) continue;
    const there = new Set(before.waits);
    facts.leases.set(id, { fence, waits: waits.filter((inner) => there.has(inner)) });
  }
  for (const [id, wish] of second.wishes) if (first.wishes.has(id)) facts.wishes.set(id, wish);
  for (const [id, name] of second.processes) facts.processes.set(id, name);
  return facts;
}

/** Whether it may be that somebody waits for a lease of its own, over whomever it waits for: most do not, and are left alone. */
export function comesBack(gates: readonly Address[], mine: ReadonlySet<string>, facts: Facts): boolean {
  const all = new Set(gates);
  for (const address of all) {
    const gate = facts.gates.get(address);
    for (const { id } of gate?.holders ?? []) {
      if (mine.has(id)) return true;
      for (const inner of facts.leases.get(id)?.waits ?? [])
        for (const next of facts.wishes.get(inner)?.gates ?? []) all.add(next);
    }
    for (const { id } of gate?.waiting ?? []) for (const next of facts.wishes.get(id)?.gates ?? []) all.add(next);
  }
  return false;
}
