import { createHost } from '../gates/host.ts';
import { open } from '../gates/open.ts';
import type { GateSpec } from '../gates/spec.ts';
import { attach } from './attach.ts';
import { checkCoordinatorOptions, type Coordinator, type CoordinatorOptions } from './Coordinator.ts';
import { CoordinatorKernel } from './CoordinatorKernel.ts';
import { coordinateWith } from './coordinateWith.ts';
import { defineWith } from './defineWith.ts';
import { keepIn } from './keepIn.ts';
import type { Only, Registered } from './maps.ts';

/** A kernel with gates of its own. */
export function createKernel(options: CoordinatorOptions, owner: string): CoordinatorKernel {
  checkCoordinatorOptions(options, owner);
  const { backend, clock, random, context = 'on', deadlock = 'error' } = options;
  const gates = createHost({
    ...(backend === undefined ? {} : { backend }),
    ...(clock === undefined ? {} : { clock }),
    ...(random === undefined ? {} : { random: () => random().toString(36).slice(2) }),
    tracks: context === 'on',
    deadlock,
    report: (error) => {
      kernel.report(error, 'An error at a gate has no other receiver.');
    },
  });
  const kernel = new CoordinatorKernel(gates, options);
  return kernel;
}

/**
 * Makes a coordinator that shares nothing with any other: its events, gates and work are its own. Inside its handlers and
 * calls, and inside `within(coordinator, fn)`, the bare functions (`emit`, `when`, `run` ...) mean this one.
 *
 * With a type argument it knows these names only, and others do not compile; without one it takes any name, typed by
 * `EventMap` and `AgentMap` as far as they go.
 *
 * @throws ConfigError for an option that is unknown or makes no sense.
 * @example
 * ```ts
 * const coordinator = createCoordinator<{ data_ready: { dataset: string } }>({ onError: console.error });
 * coordinator.when('data_ready', ({ dataset }) => store(dataset));
 * coordinator.emit('data_ready', { dataset: 'cities' });
 * await coordinator.settled();
 * await coordinator.close({ deadline: '10s' });
 * ```
 */
export function createCoordinator<Events extends object = never>(
  options: CoordinatorOptions = {},
): Coordinator<[Events] extends [never] ? Registered : Only<Events>> {
  const kernel = createKernel(options, 'createCoordinator()');
  if (options.log !== undefined) keepIn(kernel, options.log, 'createCoordinator()');
  // Here and not in the kernel: who uses bare functions ships only those that are called.
  return Object.assign(kernel, {
    coordinate: coordinateWith(() => kernel),
    attach: (instance: object) => attach(kernel, instance),
    open: (gate: GateSpec | string) => open(gate, kernel.gates),
    define: defineWith(
      () => kernel.gates,
      () => kernel,
    ),
  }) as unknown as Coordinator<[Events] extends [never] ? Registered : Only<Events>>;
}
