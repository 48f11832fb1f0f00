/** Which coordinator bare functions mean: that of the running code, else the default one. */
import { ConfigError } from '../errors.ts';
import { defaultHost, defaultHostInUse, setDefaultHost } from '../gates/host.ts';
import { nearest } from '../internal/context.ts';
import { show } from '../internal/options.ts';
import { frameHere } from '../internal/scope.ts';
import type { Coordinator, CoordinatorOptions } from './Coordinator.ts';
import { CoordinatorKernel } from './CoordinatorKernel.ts';
import { createKernel } from './createCoordinator.ts';

let standard: CoordinatorKernel | null = null;

/** The coordinator that the running code means, from the inside. Made now if it is the default one and nobody has used it. */
export function currentKernel(): CoordinatorKernel {
  const current = nearest(frameHere(), 'coordinator') as CoordinatorKernel | null;
  return current ?? (standard ??= new CoordinatorKernel(defaultHost(), {}));
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
  standard = createKernel(options, 'configure()');
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
