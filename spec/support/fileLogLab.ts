import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileLog, type FileLogOptions } from '../../adapters/file/index.ts';
import type { EventLog } from '../../lib/log/EventLog.ts';
import type { LogLab } from '../../lib/testing/log/lab.ts';
import { virtualTime } from '../../lib/testing/virtualTime.ts';

/** A log in a directory of its own, on a virtual clock. */
export function fileLogLab(options: Partial<FileLogOptions> = {}): LogLab & { readonly directory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'rxbaton-log-'));
  const clock = virtualTime({ epoch: 1e12 });
  let opening: Promise<EventLog> | null = null;
  const open = (): Promise<EventLog> =>
    (opening ??= fileLog({ directory, clock, maxCommitBytes: 4_096, fsync: 'never', ...options }));
  const close = async (deadline: number): Promise<void> => {
    const log = await opening;
    opening = null;
    await log?.close({ deadline });
  };
  return {
    directory,
    open,
    reopen: async () => {
      await close(1_000);
      return open();
    },
    advance: (ms) => clock.advance(ms),
    unit: 100,
    close: async () => {
      await close(0);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
