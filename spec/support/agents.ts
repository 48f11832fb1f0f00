import { type Coordinate, coordinateWith } from '../../lib/events/coordinateWith.ts';
import type { CoordinatorOptions } from '../../lib/events/Coordinator.ts';
import type { CoordinatorKernel } from '../../lib/events/CoordinatorKernel.ts';
import { createKernel } from '../../lib/events/createCoordinator.ts';
import type { CoordinatorEvent } from '../../lib/events/event.ts';
import type { GateRef } from '../../lib/gates/gate.ts';
import type { GateState } from '../../lib/gates/state.ts';
import { virtualTime, type VirtualTime } from '../../lib/testing/virtualTime.ts';

/** A coordinator in virtual time that remembers what happened. */
export interface Agents {
  readonly clock: VirtualTime;
  readonly kernel: CoordinatorKernel;
  readonly coordinate: Coordinate;
  /** All events, in order. */
  readonly events: readonly CoordinatorEvent<string, any>[];
  /** Their names. */
  names(): string[];
  /** The data of the only event of this name. */
  data(name: string): any;
  /** Errors that nobody else received. */
  readonly problems: readonly unknown[];
  gate(gate: GateRef): GateState;
}

export const epoch = 1_700_000_000_000;

export function agents(options: CoordinatorOptions = {}): Agents {
  const clock = virtualTime({ epoch });
  const events: CoordinatorEvent[] = [];
  const problems: unknown[] = [];
  const kernel = createKernel({ clock, onError: (error) => problems.push(error), ...options }, 'agents()');
  kernel.events(() => true).subscribe((event) => events.push(event));
  return {
    clock,
    kernel,
    coordinate: coordinateWith(() => kernel),
    events,
    names: () => events.map(({ name }) => name),
    data: (name) => {
      const found = events.filter((event) => event.name === name);
      if (found.length !== 1)
        throw new Error(`${found.length} events are called ${name}: ${events.map((e) => e.name).join()}`);
      return found[0]?.data;
    },
    problems,
    gate: (gate) => kernel.gates.core(gate).inspect() as GateState,
  };
}

/** The outcome of a promise, without waiting for it to be asked: `'pending'` until then. */
export function outcomeOf(promise: Promise<unknown>): { now: unknown } {
  const seen: { now: unknown } = { now: 'pending' };
  promise.then(
    (value) => (seen.now = value),
    (error: unknown) => (seen.now = error),
  );
  return seen;
}
