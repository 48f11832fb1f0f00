import { ConfigError } from '../errors.ts';
import { show } from '../internal/options.ts';
import {
  destinationOf,
  ownLog,
  type FileBrokerOptions,
  type MemoryBrokerOptions,
  type RedisBrokerOptions,
} from '../log/destination.ts';
import { readEnvironment } from '../log/environment.ts';
import type { EventLog } from '../log/EventLog.ts';
import type { PersistOptions } from '../log/persist.ts';
import { backends, choice, type BrokerKind } from '../log/settings.ts';
import { brokerOf } from './broker.ts';
import { existingKernel, kernelToConfigure } from './defaultCoordinator.ts';

/** `configureBroker`, for each place where events can be kept. */
export interface ConfigureBroker {
  (to: 'memory', options?: MemoryBrokerOptions): Promise<EventLog>;
  (to: 'file', options?: FileBrokerOptions): Promise<EventLog>;
  (to: 'redis', options?: RedisBrokerOptions): Promise<EventLog>;
  (to: 'none'): Promise<null>;
  (to: EventLog | PromiseLike<EventLog>, options?: PersistOptions): Promise<EventLog>;
}

/**
 * Says where the events of the coordinator of the running code, else of the default one, are kept from now on. It may be
 * called at any time: every subscription stays, and each event is in exactly one log, in order.
 *
 * - `'memory'`: the last 10,000 in this process, for tests and for a look at them.
 * - `'file'`: in a folder, see `fileLog` of `rxbaton/adapters/file`, which is loaded now.
 * - `'redis'`: there is no such log in this version; it says so.
 * - `'none'`: nowhere, which is the default and costs nothing.
 * - an `EventLog` of your own, or a promise of one: it stays yours, and is not closed.
 *
 * What is not said here is taken from the environment (`RXBATON_DIRECTORY` ...), else it is the default. What is said here
 * holds against the environment, `RXBATON_DISABLE_PERSISTENCE` included.
 *
 * @returns The log, open, when everything that was on its way to the one before is there. Rejects when it cannot be opened:
 * then nothing has changed, and events go where they went before.
 * @throws ConfigError at once, for another name, and for an option that is unknown or makes no sense; (rejects) for a durability
 * that the log, once open, does not have. ClosedError (rejects) for a coordinator that is closed.
 * @example
 * ```ts
 * await configureBroker('file', { directory: 'events', fsync: 'always' });
 * emit('data_ready', { dataset });
 * await settled();   // it is on the disk
 * ```
 */
export const configureBroker: ConfigureBroker = (
  to: BrokerKind | EventLog | PromiseLike<EventLog>,
  options: object = {},
): Promise<never> => {
  if (typeof options !== 'object' || options === null)
    throw new ConfigError(`configureBroker() takes an object of options, not ${show(options)}.`);
  const own = typeof to === 'object' && to !== null ? ownLog(to, options) : null;
  const kind = own === null ? choice(to as BrokerKind, backends, 'The backend of configureBroker()') : 'custom';
  const there = existingKernel();
  const environment = there === null ? readEnvironment() : brokerOf(there).environment;
  const next = own ?? destinationOf(kind as BrokerKind, options as Record<string, unknown>, environment);
  return brokerOf(kernelToConfigure()).choose(next, {
    by: 'configureBroker()',
    values: { ...next?.given, backend: kind },
  }) as Promise<never>;
};
