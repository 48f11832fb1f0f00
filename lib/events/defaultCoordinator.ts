/** Which coordinator bare functions mean: that of the running code, else the default one. */
import { ConfigError } from '../errors.ts';
import { defaultHost, defaultHostInUse, setDefaultHost } from '../gates/host.ts';
import { type Frame, nearest } from '../internal/context.ts';
import { show } from '../internal/options.ts';
import { frameHere } from '../internal/scope.ts';
import { destinationOf } from '../log/destination.ts';
import { readEnvironment } from '../log/environment.ts';
import { startBroker } from './broker.ts';
import type { Coordinator, CoordinatorOptions } from './Coordinator.ts';
import { CoordinatorKernel } from './CoordinatorKernel.ts';
import { createKernel } from './createCoordinator.ts';
import { environmentLogger } from './environmentLogger.ts';
import { keepIn } from './keepIn.ts';

let standard: CoordinatorKernel | null = null;

/** The coordinator that the running code means, if it is there. */
export const existingKernel = (): CoordinatorKernel | null =>
  (nearest(frameHere(), 'coordinator') as CoordinatorKernel | null) ?? standard;

/**
 * The coordinator that the running code means, from the inside. Made now if it is the default one and nobody has used it.
 *
 * @throws ConfigError when it is to be made and the environment makes no sense.
 */
export const currentKernel = (): CoordinatorKernel => kernelOf(frameHere());

/** The same for the code of a frame. */
export function kernelOf(frame: Frame | null): CoordinatorKernel {
  const current = nearest(frame, 'coordinator') as CoordinatorKernel | null;
  return current ?? (standard ??= make());
}

/** The same for whoever is about to say where its events go: the environment has no say in it. */
export const kernelToConfigure = (): CoordinatorKernel => existingKernel() ?? (standard = make({ broker: false }));

/** Makes a default coordinator, with what the environment sets and `options` do not. */
function make({
  options,
  broker: keeps = true,
}: { options?: CoordinatorOptions; broker?: boolean } = {}): CoordinatorKernel {
  const environment = readEnvironment();
  const backend = environment.disablePersistence === true ? 'none' : (environment.backend ?? 'none');
  // Before anything is made: what cannot be kept as it was asked for must not be emitted.
  const destination = keeps && options?.log === undefined ? destinationOf(backend, {}, environment) : null;
  const logger = options?.logger ?? environmentLogger(environment);
  const given = logger === undefined ? {} : { logger };
  const kernel =
    options === undefined
      ? new CoordinatorKernel(defaultHost(), given)
      : createKernel({ ...options, ...given }, 'configure()');
  const broker = startBroker(kernel, {
    environment,
    logger: options?.logger === undefined ? null : 'configure()',
  });
  if (destination !== null) {
    broker.choose(destination, null).catch((error: unknown) => {
      kernel.report(error, 'Events cannot be kept where the environment wants them.');
    });
  }
  if (options?.log !== undefined) keepIn(kernel, options.log, 'configure()');
  return kernel;
}

/**
 * Sets up the default coordinator. Once, and before anything has used it: what was subscribed or locked there would be lost.
 *
 * @throws ConfigError after the first use, and for an option that is unknown or makes no sense.
 * @example
 * ```ts
 * configure({ logger: pino(), onError: (error) => Sentry.captureException(error) });
 * ```
 */
export function configure(options: CoordinatorOptions): void {
  if (standard !== null || defaultHostInUse()) {
    throw new ConfigError('configure() came too late: the default coordinator is in use.', {
      hint: 'Call it once, before the first when, emit, gate or call that runs; or use createCoordinator().',
    });
  }
  standard = make({ options });
  setDefaultHost(standard.gates);
}

/**
 * Runs `fn` so that bare functions in it, and in what it starts, mean this coordinator. With `context: 'off'` that holds
 * until its first `await`.
 *
 * @returns What `fn` returns.
 * @example Two worlds in one test
 * ```ts
 * await within(coordinator, async () => {
 *   when('data_ready', store);
 *   await collect();
 * });
 * ```
 */
export function within<R>(coordinator: Coordinator, fn: () => R): R {
  if (!((coordinator as unknown) instanceof CoordinatorKernel)) {
    throw new ConfigError(`within() needs a coordinator, as createCoordinator() makes it, not ${show(coordinator)}.`);
  }
  const kernel = coordinator as unknown as CoordinatorKernel;
  return kernel.run(kernel.frame(kernel.here(), {}), fn, undefined);
}

/**
 * Forgets the default coordinator and its gates: the next use makes new ones, and `configure` may be called again. What runs
 * in the old one goes on there. For tests, between which nothing should be left over.
 *
 * @example
 * ```ts
 * afterEach(resetDefault);
 * ```
 */
export function resetDefault(): void {
  standard = null;
  setDefaultHost(null);
}
