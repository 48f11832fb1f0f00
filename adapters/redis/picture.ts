import { findDeadlock } from '../../lib/gates/deadlock.ts';
import type { InMemory } from '../../lib/gates/inMemory.ts';
import { lend } from '../../lib/gates/leases.ts';
import { Line } from '../../lib/gates/line.ts';
import { HELD, OVER, Ticket, type Waiter } from '../../lib/gates/port.ts';
import type { WaitEdge } from '../../lib/gates/state.ts';
import type { Frame } from '../../lib/internal/context.ts';
import { type Address, channelOf, type Facts, type Looked, nameOf, type Place, processOf, type Wish } from './facts.ts';

/** Somebody who would wait for ever, and for what. */
export interface Victim {
  readonly id: string;
  readonly cycle: readonly WaitEdge[];
  /** Where it waits, and its channel. */
  readonly address: Address;
  readonly channel: string;
}

/** A request of the picture: at one gate, or at several as one. */
interface Drawn {
  readonly id: string;
  readonly who: string;
  readonly wish: Wish;
  readonly ticket: Ticket;
  readonly parts: readonly Ticket[];
  /** When it came to its last queue. */
  readonly since: number;
}

/**
 * Draws the gates as gates in memory and lets their search look at them, so that both places have the same deadlocks by the same
 * code. The requests come one after the other, as they came to the servers: who closes a cycle among those who came before is
 * its victim, and out of the picture, unless it stays in spite of it. Whoever looks at the same facts finds the same victims.
 */
export function victimsIn(facts: Facts): readonly Victim[] {
  const now = Math.max(...[...facts.gates.values()].map((gate) => gate.now)) / 1000;
  const gates = new Map<Address, InMemory>();
  const leases = new Map<string, Ticket>();
  for (const [address, looked] of facts.gates) gates.set(address, drawGate(looked, leases, facts));

  /** The leases that a request waits inside of, if their processes mean those that the servers have. */
  const inside = new Map<string, Ticket[]>();
  for (const [id, { fence, waits }] of facts.leases) {
    const lease = leases.get(id);
    if (lease?.order !== fence) continue;
    for (const inner of waits) inside.set(inner, [...(inside.get(inner) ?? []), lease]);
  }

  const victims: Victim[] = [];
  for (const { id, who, wish, ticket, parts } of drawRequests(facts, gates, now)) {
    const mine = inside.get(id) ?? [];
    const label = title(facts, id, who, mine[0]?.order);
    for (const one of [ticket, ...parts]) (one.waiter.ask as { label: string }).label = label;
    for (const part of parts) stand((part.core as InMemory).line, part);
    if (mine.length === 0) continue;
    (ticket.waiter as { frame: Frame | null }).frame = mine.reduce<Frame | null>(within, null);
    for (const lease of mine) lease.more().blocked.push(ticket);
    const cycle = findDeadlock(ticket, now);
    if (cycle === null) continue;
    victims.push({ id, cycle, address: wish.gates[0]!, channel: channelOf(who) });
    if (wish.stays) continue;
    ticket.state = OVER;
    for (const part of parts) (part.core as InMemory).line.remove(part);
  }
  return victims;
}

/** What people call somebody, and in which process, if that is another one. */
function title({ processes }: Facts, id: string, who: string, fence: number | undefined): string {
  const name = nameOf(who);
  const known = name === 'anonymous' && fence !== undefined ? `${name} #${fence}` : name;
  const process = processes.get(processOf(id));
  return process === undefined ? known : `${known} (${process})`;
}

/** A gate with its holders. Those of one request for several gates are parts of one lease. */
function drawGate({ spec, key, limit, holders }: Looked, leases: Map<string, Ticket>, facts: Facts): InMemory {
  const gate = { spec, key, line: new Line(), held: null, policy: { capacity: limit } } as unknown as InMemory;
  for (const { id, cost, fence, who } of holders) {
    const ticket = drawn(gate, cost, title(facts, id, who, fence));
    const whole = leases.get(id) ?? (isJoint(id) ? drawn(gate, cost, '') : ticket);
    if (whole !== ticket) ticket.more().joint = { ticket: whole, tryEnter: never };
    ticket.state = whole.state = HELD;
    ticket.order = whole.order = fence;
    lend(gate, ticket);
    leases.set(id, whole);
  }
  return gate;
}

/** The requests that wait, in the order in which they came; not yet in their queues. */
function drawRequests(facts: Facts, gates: ReadonlyMap<Address, InMemory>, now: number): Drawn[] {
  const places = new Map<string, { readonly part: Ticket; readonly place: Place }[]>();
  for (const [address, looked] of facts.gates)
    for (const [at, place] of looked.waiting.entries()) {
      const part = drawn(gates.get(address)!, place.cost, '');
      part.mark = at;
      part.queuedAt = Math.round(now - (looked.now - place.since) / 1000);
      places.set(place.id, [...(places.get(place.id) ?? []), { part, place }]);
    }

  const requests: Drawn[] = [];
  for (const [id, wish] of facts.wishes) {
    const there = places.get(id) ?? [];
    const [first] = there;
    // Who is not in all of its queues has been let in meanwhile, or has left.
    if (first === undefined || there.length < wish.gates.length) continue;
    const parts = there.map(({ part }) => part);
    const ticket = isJoint(id) ? drawn(first.part.core as InMemory, 0, '') : first.part;
    if (ticket !== first.part) {
      ticket.more().parts = parts;
      for (const part of parts) part.more().joint = { ticket, tryEnter: never };
    }
    const since = Math.max(...there.map(({ place }) => place.since));
    requests.push({ id, who: first.place.who, wish, ticket, parts, since });
  }
  // Ids of one process rise.
  return requests.sort((a, b) => a.since - b.since || a.id.length - b.id.length || (a.id < b.id ? -1 : 1));
}

/** Takes its place among those who have come before, some of whom may stand behind it. */
function stand(line: Line, part: Ticket): void {
  let before = line.tail;
  while (before !== null && before.mark > part.mark) before = before.prev;
  line.insert(part, before);
}

const isJoint = (id: string): boolean => id.startsWith('+');
const never = (): boolean => false;
const nothing = (): void => undefined;

function drawn(gate: InMemory, cost: number, label: string): Ticket {
  const ask = { cost, priority: 0, timeout: Infinity, label };
  const waiter: Waiter = { ask, frame: null, ticket: null, granted: nothing, refused: nothing, lost: nothing };
  return new Ticket(gate, waiter);
}

const within = (parent: Frame | null, ticket: Ticket): Frame => ({
  parent,
  ticket,
  over: false,
  coordinator: null,
  cause: null,
  call: null,
  root: false,
});
