import { randomUUID } from 'node:crypto';
import { ClosedError } from '../../lib/errors.ts';
import { after } from '../../lib/internal/after.ts';
import type { Clock } from '../../lib/internal/env.ts';
import { appendRequest } from '../../lib/log/appendRequest.ts';
import type { EventLog, LogCapabilities, Receipt } from '../../lib/log/EventLog.ts';
import { closeRequest, removeRequest, renewRequest, trimRequest } from '../../lib/log/requests.ts';
import { closeWithin } from './closeWithin.ts';
import { reached } from './FileReader.ts';
import type { FollowedFiles } from './FollowedFiles.ts';
import { Outstanding } from './Outstanding.ts';
import { reading } from './reading.ts';
import type { Submitter } from './Submitter.ts';

/** The log of whoever reads the files and asks their writer for everything else. */
export function submitterLog<E>(
  files: FollowedFiles,
  submitter: Submitter,
  capabilities: LogCapabilities,
  clock: Clock,
): EventLog<E> {
  const asked = new Outstanding();
  let closing: Promise<void> | null = null;

  function open(method: string): void {
    if (closing === null) return;
    throw new ClosedError(`${method} came after close(): the log takes no questions any more.`, {
      details: { method },
    });
  }
  const ask = <T>(method: string, work: () => Promise<unknown>): Promise<T> =>
    new Promise((resolve) => {
      open(method);
      resolve(asked.add(work() as Promise<T>));
    });

  return {
    capabilities,
    ...reading<E>(files, open),
    append: (stream, events, given) =>
      ask('append()', async () => {
        const { texts, options } = appendRequest(stream, events, given, files.codec, capabilities);
        const { signal, ...rest } = options;
        // With an id, what was handed over and not answered can be handed over again.
        const { commitId = `submitted-${randomUUID()}` } = rest;
        const request = { ask: 'append', stream, texts, options: { ...rest, commitId } } as const;
        const receipt = (await submitter.ask(request, signal)) as Receipt;
        return rest.commitId === undefined ? { ...receipt, replayed: false } : receipt;
      }),
    renew: (leases) => ask('renew()', () => submitter.ask({ ask: 'renew', leases: renewRequest(leases) })),
    trim: (stream, given) =>
      ask('trim()', async () => {
        const { before, force } = trimRequest(stream, given);
        const { record, firstSeq } = await files.ask(({ ledger }, now) => ledger.trimming(stream, before, now));
        if (record !== null) {
          await reached(files.readers, stream, firstSeq);
          if (!force) files.readers.checkTrim(stream, firstSeq);
        }
        return submitter.ask({ ask: 'trim', stream, before, force });
      }),
    remove: (stream, given) =>
      ask('remove()', async () => {
        await submitter.ask({ ask: 'remove', stream, expectedSeq: removeRequest(stream, given) });
      }),
    settled,
    async close(given) {
      const deadline = closeRequest(given);
      closing ??= finish(deadline);
      await closing;
    },
  };

  async function settled(): Promise<void> {
    await asked.settled();
    await files.settled();
  }

  async function finish(deadline: number): Promise<void> {
    if (deadline === 0) submitter.abandon();
    const timer = after(clock, deadline || Infinity, () => submitter.abandon());
    await closeWithin(clock, deadline, files.readers, settled, () => Promise.resolve());
    timer.unsubscribe();
  }
}
