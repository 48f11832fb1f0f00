/** How people and gates are called in errors, events and `inspect`. */
import { nearest } from '../internal/context.ts';
import { BusyError, LeaseLostError, LimitImpossibleError } from '../errors.ts';
import type { InMemory } from './inMemory.ts';
import { leasesOf } from './leases.ts';
import { modeOf, titleOf } from './spec.ts';
import type { Ticket, Waiter } from './port.ts';
import type { GateState, HolderState, LossReason, WaiterState, WaitEdge } from './state.ts';

const nobody = 'anonymous';

/** Who asks: its label, else the call it belongs to, else nobody in particular. */
export function whoIs({ ask, frame }: Waiter): string {
  if (ask.label !== undefined) return ask.label;
  const call = nearest(frame, 'call') as { readonly name?: string; readonly runId?: string } | null;
  if (call?.name === undefined) return nobody;
  return call.runId === undefined ? call.name : `${call.name}#${call.runId}`;
}

/** `held by a (3.1 s), b (20 ms); 2 ahead`: who is in the way at this gate. */
export function inTheWay({ holders, waiting, opensIn }: GateState): string {
  const held = holders.map(({ who, held }) => `${who} (for ${span(held)})`);
  const parts = [
    held.length > 0
      ? `held by ${held.slice(0, 5).join(', ')}${held.length > 5 ? ` and ${held.length - 5} more` : ''}`
      : '',
    opensIn > 0 && opensIn < Infinity ? `opens in ${span(opensIn)}` : '',
    waiting.length > 0 ? `${waiting.length} waiting` : '',
  ];
  return parts.filter(Boolean).join('; ') || 'nobody holds it';
}

/** A time span for people. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Math.round(ms / 100) / 10} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}

export function holderState(ticket: Ticket, now: number): HolderState {
  const until = ticket.extras?.until ?? Infinity;
  return {
    who: whoIs(ticket.waiter),
    fence: ticket.fence,
    cost: ticket.waiter.ask.cost,
    ...modeOf(ticket.core.spec, ticket.waiter.ask.cost),
    held: ticket.since < 0 ? 0 : Math.max(0, now - ticket.since),
    left: until === Infinity ? Infinity : Math.max(0, until - now),
  };
}

export function waiterState(ticket: Ticket, now: number): WaiterState {
  const { cost, priority } = ticket.waiter.ask;
  const mode = modeOf(ticket.core.spec, cost);
  return { who: whoIs(ticket.waiter), cost, ...mode, priority, waited: Math.max(0, now - ticket.queuedAt) };
}

export function waitEdge(ticket: Ticket, holders: readonly Ticket[], now: number): WaitEdge {
  return {
    waiter: toldApart(ticket),
    gate: titleOf(ticket.core),
    holders: holders.map(toldApart),
    since: ticket.queuedAt < 0 ? 0 : Math.max(0, now - ticket.queuedAt),
  };
}

/** Whoever has no name is told apart by the fence of the lease that it holds or works under. */
function toldApart({ waiter, order }: Ticket): string {
  const who = whoIs(waiter);
  if (who !== nobody) return who;
  let fence = order;
  for (let at = waiter.frame; at !== null && fence === 0; at = at.root ? null : at.parent) {
    fence = (at.ticket as Ticket | null)?.order ?? 0;
  }
  return fence === 0 ? nobody : `${nobody} #${fence}`;
}

/** What the holder of a lost lease hears. */
export function lostError(
  waiter: Waiter,
  ticket: Ticket,
  reason: LossReason,
  note: string | undefined,
): LeaseLostError {
  const gate = titleOf(ticket.core);
  return new LeaseLostError(`${whoIs(waiter)} lost ${gate}: ${note ?? reason}.`, {
    ...(reason === 'expired' ? { hint: 'Give it a longer ttl, extend() the grant, or let it renew.' } : null),
    details: { gate, reason, note, fence: ticket.fence },
  });
}

/** The answer to a try that found no room. */
export function busyError(gate: InMemory): BusyError {
  return new BusyError(`${titleOf(gate)} is not free: ${inTheWay(stateOf(gate))}.`, {
    details: { gate: titleOf(gate) },
  });
}

/** The answer to who asks for more than there can be. */
export function impossibleError(gate: InMemory, cost: number): LimitImpossibleError {
  const { capacity } = gate.policy;
  return new LimitImpossibleError(`${cost} of ${titleOf(gate)} can never be had at once: it has ${capacity}.`, {
    hint: `Ask for at most ${capacity}, or raise its limit.`,
    details: { gate: titleOf(gate), cost, capacity },
  });
}

/** A gate in memory, as `inspect` shows it. */
export function stateOf(gate: InMemory): GateState {
  const { spec, key, settings, env, policy, line } = gate;
  const now = env.clock.now();
  const pausedFor = Math.max(0, (gate.pausedUntil ?? now) - now);
  const waiting: WaiterState[] = [];
  for (let t = line.head; t !== null; t = t.next) waiting.push(waiterState(t, now));
  const opensAt = policy.opensAt(line.head?.waiter.ask.cost ?? 1, now, Math.max(1, line.size));
  return {
    name: spec.name,
    ...(key === undefined ? null : { key }),
    kind: spec.kind,
    spec: settings,
    holders: leasesOf(gate).map((ticket) => holderState(ticket, now)),
    waiting,
    available: gate.spec.kind === 'readWriteLock' ? Math.floor(policy.available(now)) : policy.available(now),
    opensIn: Math.max(pausedFor, (policy.timed ? opensAt : opensAt <= 0 ? now : Infinity) - now),
    pausedFor,
    ...('generation' in policy ? { generation: policy.generation as number } : null),
  };
}
