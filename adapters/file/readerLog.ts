import { ClosedError, ConfigError } from '../../lib/errors.ts';
import type { Clock } from '../../lib/internal/env.ts';
import type { EventLog, LogCapabilities } from '../../lib/log/EventLog.ts';
import { closeRequest } from '../../lib/log/requests.ts';
import { closeWithin } from './closeWithin.ts';
import type { FollowedFiles } from './FollowedFiles.ts';
import { reading } from './reading.ts';

const capabilities: LogCapabilities = Object.freeze({
  durability: Object.freeze([]),
  multiProcess: true,
  multiWriter: false,
  effects: false,
  maxCommitBytes: 0,
});

/**
 * The log of whoever may only read.
 *
 * @param way How to write to it instead.
 */
export function readerLog<E>(files: FollowedFiles, clock: Clock, path: string, way: string): EventLog<E> {
  let closing: Promise<void> | null = null;

  function open(method: string): void {
    if (closing === null) return;
    throw new ClosedError(`${method} came after close(): the log takes no questions any more.`, {
      details: { method },
    });
  }
  const refuse = (method: string): Promise<never> =>
    new Promise((_, reject) => {
      open(method);
      reject(new ConfigError(`${method} changes something, and ${path} was opened for reading only.`, { hint: way }));
    });

  return {
    capabilities,
    ...reading<E>(files, open),
    append: () => refuse('append()'),
    renew: () => refuse('renew()'),
    trim: () => refuse('trim()'),
    remove: () => refuse('remove()'),
    settled: () => files.settled(),
    async close(given) {
      const deadline = closeRequest(given);
      const nothing = (): Promise<void> => Promise.resolve();
      closing ??= closeWithin(clock, deadline, files.readers, () => files.settled(), nothing);
      await closing;
    },
  };
}
