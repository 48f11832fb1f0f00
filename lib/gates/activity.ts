/** What gates say at `rxbaton.gate.*`. */
import { whoIs } from './describe.ts';
import type { GateCore, Ticket } from './port.ts';
import { modeOf } from './spec.ts';
import type { GateActivity } from './state.ts';

/** Says what happened to a request. */
export function tell(
  gate: GateCore,
  action: GateActivity['action'],
  ticket: Ticket,
  more: Partial<GateActivity> = {},
): void {
  const { clock, activity } = gate.env;
  const { ask } = ticket.waiter;
  const now = clock.now();
  activity?.({
    action,
    ...identity(gate),
    at: clock.wall(),
    who: whoIs(ticket.waiter),
    cost: ask.cost,
    ...modeOf(gate.spec, ask.cost),
    priority: ask.priority,
    fence: ticket.fence,
    ...(action === 'granted'
      ? { waited: ticket.queuedAt < 0 ? 0 : Math.max(0, Math.round(now) - ticket.queuedAt) }
      : null),
    ...(action === 'released' || action === 'lost'
      ? { held: ticket.since < 0 ? 0 : Math.max(0, now - ticket.since) }
      : null),
    ...more,
  });
}

/** Says that a gate has other settings. */
export function tellChanged(gate: GateCore): void {
  const { clock, activity } = gate.env;
  activity?.({ action: 'changed', ...identity(gate), at: clock.wall() });
}

function identity({ spec, key }: GateCore): Pick<GateActivity, 'gate' | 'key' | 'kind'> {
  return { gate: spec.name, kind: spec.kind, ...(key === undefined ? null : { key }) };
}
