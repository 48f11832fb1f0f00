/**
 * The wait-for graph. It is searched when somebody starts to wait, never by a timer, and only if that somebody holds
 * something: a cycle has to come back to it. Nested work is taken to be awaited by the work it is nested in.
 *
 * A lease blocks its gate for ever only if graph reduction proves it: let everybody who can finish do so and give back;
 * who is left then waits for ever. With one permit that is the same as a cycle, with several it is not.
 */
import type { Frame } from '../internal/context.ts';
import { DeadlockError } from '../errors.ts';
import { tell } from './activity.ts';
import { waitEdge } from './describe.ts';
import type { InMemory } from './inMemory.ts';
import { leasesOf } from './leases.ts';
import { type GateCore, HELD, QUEUED, type Ticket } from './port.ts';
import { titleOf } from './spec.ts';
import type { WaitEdge } from './state.ts';

/** A request for several gates counts as one. */
const unit = (ticket: Ticket): Ticket => ticket.extras?.joint?.ticket ?? ticket;
const partsOf = (ticket: Ticket): readonly Ticket[] => {
  const parts = ticket.extras?.parts ?? [];
  return parts.length > 0 ? parts : [ticket];
};

/** The leases of the work that a frame belongs to: its own and those of everybody who awaits it. */
export function leasesAbove(frame: Frame | null): Ticket[] {
  const leases: Ticket[] = [];
  for (let at = frame; at !== null; at = at.root ? null : at.parent) {
    const ticket = at.ticket as Ticket | null;
    const lease = ticket?.extras?.outer ?? ticket;
    if (lease !== null && lease.state === HELD && !leases.includes(lease)) leases.push(lease);
  }
  return leases;
}

/** The lease of this gate that the work of a frame already holds, if it does. */
export function enclosingLease(frame: Frame | null, core: GateCore): Ticket | null {
  for (const lease of leasesAbove(frame)) for (const part of partsOf(lease)) if (part.core === core) return part;
  return null;
}

/** Searches the graph, now that somebody waits: what to refuse it with, or `null`. */
export function deadlockOf(gate: GateCore, ticket: Ticket): DeadlockError | null {
  const { env } = gate;
  if (env.deadlock === 'off') return null;
  const mine = leasesAbove(ticket.waiter.frame);
  // So it is with most who wait, and looking at the clock would cost them more than waiting.
  if (mine.length === 0) return null;
  waitsInside(mine, ticket);
  const cycle = findDeadlock(ticket, env.clock.now());
  if (cycle === null) return null;
  if (env.activity !== null) tell(gate, 'deadlock', ticket, { cycle });
  const error = deadlockError(ticket, cycle);
  // Whoever heard of it may have ended the request, or let it in.
  if (env.deadlock === 'error') return ticket.state === QUEUED ? error : null;
  env.report(error);
  return null;
}

/** What a waiter hears who would wait for ever. */
export const deadlockError = (ticket: Ticket, cycle: readonly WaitEdge[]): DeadlockError =>
  new DeadlockError(
    `${cycle[0]!.waiter} would wait for ${titleOf(ticket.core)} for ever: ` +
      `${cycle.map((e) => `${e.waiter} waits for ${e.gate}, held by ${e.holders.join(', ')}`).join('; ')}.`,
    {
      hint: 'Take all of them in one allOf(...), or always in the same order; work that its caller does not await belongs in detached(fn).',
      details: { gate: titleOf(ticket.core), cycle },
    },
  );

/** Notes with the leases above a waiter that their end waits for this one too. */
export function waitsInside(leases: readonly Ticket[], ticket: Ticket): void {
  for (const lease of leases) {
    const extras = lease.more();
    const { length } = extras.blocked;
    // Those who no longer wait are dropped whenever the list has doubled, so that it stays about as short as the queue.
    if (length >= 16 && (length & (length - 1)) === 0) extras.blocked = waitingInside(lease);
    extras.blocked.push(ticket);
  }
}

/** Those who wait inside the work that holds a lease. */
export const waitingInside = (lease: Ticket): Ticket[] =>
  unit(lease).extras?.blocked.filter(({ state }) => state === QUEUED) ?? [];

/** Leases that keep others out until they are given back: not budgets, whose period ends by itself. */
function holdersOf(part: Ticket): Ticket[] {
  const gate = part.core as InMemory;
  return gate.spec.kind === 'quota' ? [] : leasesOf(gate);
}

/** Requests for several gates that stand before this one: they may wait for another gate, and nobody overtakes them. */
function jointsBefore(part: Ticket): Ticket[] {
  const joints: Ticket[] = [];
  if ((part.core as InMemory).line.joints === 0) return joints;
  for (let before = part.prev; before !== null; before = before.prev) {
    if (before.extras?.joint) joints.push(unit(before));
  }
  return joints;
}

/** The cycle that this waiter closes, or `null` if somebody can still go on and let it in. */
export function findDeadlock(ticket: Ticket, now: number): readonly WaitEdge[] | null {
  // What lapses closes no cycle.
  const mine = new Set(leasesAbove(ticket.waiter.frame).filter((lease) => !lapses(lease)));
  if (mine.size === 0) return null;

  const waiting = new Set<Ticket>([ticket]);
  let closes = false;
  for (const waiter of waiting) {
    for (const part of partsOf(waiter)) {
      for (const holder of holdersOf(part)) {
        if (mine.has(unit(holder))) closes = true;
        for (const inner of waitingInside(holder)) waiting.add(inner);
      }
      for (const before of jointsBefore(part)) waiting.add(before);
    }
  }
  if (!closes) return null;

  const stuck = reduce(waiting);
  return stuck.has(ticket) ? cycleThrough(ticket, mine, stuck, now) : null;
}

/** Removes those who can go on, until nobody is left who can. */
function reduce(waiting: ReadonlySet<Ticket>): Set<Ticket> {
  const stuck = new Set(waiting);
  for (let before = -1; before !== stuck.size;) {
    before = stuck.size;
    for (const waiter of stuck) if (!partsOf(waiter).some((part) => blockedFor(part, stuck))) stuck.delete(waiter);
  }
  return stuck;
}

/** Whether nobody who can finish would let this one in, or somebody before it. */
function blockedFor(part: Ticket, stuck: ReadonlySet<Ticket>): boolean {
  const { policy, line } = part.core as InMemory;
  let free = policy.capacity;
  for (const holder of holdersOf(part)) if (isStuck(holder, stuck)) free -= holder.waiter.ask.cost;
  for (let before = line.head; before !== null; before = before.next) {
    if (before.waiter.ask.cost > free || (before !== part && stuck.has(unit(before)))) return true;
    if (before === part) return false;
  }
  return false;
}

/** Whether a lease ends only after somebody who is stuck. */
const isStuck = (lease: Ticket, stuck: ReadonlySet<Ticket>): boolean =>
  !lapses(lease) && waitingInside(lease).some((inner) => stuck.has(unit(inner)));

/** Whether a lease ends by itself. With that of one of several gates all of them do. */
export const lapses = (lease: Ticket): boolean =>
  partsOf(unit(lease)).some((part) => (part.extras?.until ?? Infinity) < Infinity);

/** One way round, for people: from the waiter over those who block it back to what it holds itself. */
function cycleThrough(from: Ticket, mine: ReadonlySet<Ticket>, stuck: ReadonlySet<Ticket>, now: number): WaitEdge[] {
  const seen = new Set<Ticket>();
  const walk = (waiter: Ticket): WaitEdge[] | null => {
    seen.add(waiter);
    for (const part of partsOf(waiter)) {
      const holders = holdersOf(part);
      const edge = waitEdge(part, holders, now);
      for (const holder of holders) {
        if (mine.has(unit(holder))) return [edge];
        for (const inner of waitingInside(holder)) {
          if (!stuck.has(unit(inner)) || seen.has(inner)) continue;
          const rest = walk(inner);
          if (rest !== null) return [edge, ...rest];
        }
      }
      for (const before of jointsBefore(part)) {
        if (!stuck.has(before) || seen.has(before)) continue;
        const rest = walk(before);
        if (rest !== null) return [waitEdge(part, [before], now), ...rest];
      }
    }
    return null;
  };
  return walk(from) ?? partsOf(from).map((part) => waitEdge(part, holdersOf(part), now));
}
