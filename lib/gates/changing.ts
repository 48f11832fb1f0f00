/** How a gate gets other settings or a pause, while people hold and wait. */
import { tellChanged } from './activity.ts';
import { impossibleError } from './describe.ts';
import type { InMemory } from './inMemory.ts';
import { patched } from './patched.ts';
import { QUEUED, type Ticket } from './port.ts';
import type { GateSpec, SpecPatch } from './spec.ts';

/** Changes a gate and its keys. */
export function changeGate(gate: InMemory, patch: SpecPatch): void {
  const { clock, activity } = gate.env;
  const { settings, pauseUntil } = patched(gate.settings, patch);
  const pausedUntil = pauseUntil === undefined ? gate.pausedUntil : clock.now() + (pauseUntil - clock.wall());
  // A pause alone changes no settings, so the gate can be forgotten after it.
  const changed = Object.keys(patch).some((key) => key !== 'pauseUntil') ? settings : gate.settings;
  const all = [gate, ...gate.home.keysOf(gate)];
  if (changed !== gate.settings) gate.home.changing(gate, changed);
  for (const each of all) adopt(each, changed, pausedUntil);
  if (activity !== null) tellChanged(gate);
  for (const each of all) refuseTooMuch(each);
}

function adopt(gate: InMemory, settings: GateSpec, pausedUntil: number | null): void {
  gate.settings = settings;
  gate.pausedUntil = pausedUntil;
  gate.timed = gate.policy.timed || pausedUntil !== null;
  gate.policy.change(settings, gate.env.clock.now());
}

/** Those who can no longer be served go, and the others look again. */
function refuseTooMuch(gate: InMemory): void {
  const tooMuch: Ticket[] = [];
  for (let t = gate.line.head; t !== null; t = t.next) if (t.waiter.ask.cost > gate.policy.capacity) tooMuch.push(t);
  for (const ticket of tooMuch) {
    if (ticket.state !== QUEUED) continue;
    gate.line.remove(ticket);
    gate.refuse(ticket, impossibleError(gate, ticket.waiter.ask.cost));
  }
  gate.turn();
}
