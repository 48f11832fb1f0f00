import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileLog, type FileLogOptions } from '../../adapters/file/index.ts';
import type { EventLog } from '../../lib/log/EventLog.ts';
import type { LogLab } from '../../lib/testing/log/lab.ts';
import { virtualTime } from '../../lib/testing/virtualTime.ts';

/**
 * A log in a directory of its own, on a virtual clock.
 *
 * @param handles `'writer'`: everybody has the one that writes. `'submitters'`: nobody; all ask it through the inbox.
 */
export function fileLogLab(
  options: Partial<FileLogOptions> = {},
  handles: 'writer' | 'submitters' = 'writer',
): LogLab & { readonly directory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'rxbaton-log-'));
  const clock = virtualTime({ epoch: 1e12 });
  let opened: Promise<EventLog>[] = [];
  const open = (): Promise<EventLog> => {
    const writer = (opened[0] ??= fileLog({ directory, clock, fsync: 'never', ...options }));
    if (handles === 'writer') return writer;
    const log = writer.then(() => fileLog({ directory, clock, submit: true }));
    opened.push(log);
    return log;
  };
  const close = async (): Promise<void> => {
    // The writer last: it has to answer the others.
    const logs = await Promise.all(opened.reverse());
    opened = [];
    for (const log of logs) await log.close();
  };
  return {
    directory,
    open,
    reopen: async () => {
      await close();
      return open();
    },
    advance: (ms) => clock.advance(ms),
    unit: 100,
    close: async () => {
      await close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
