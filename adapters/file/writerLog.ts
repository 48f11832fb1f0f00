import { ClosedError } from '../../lib/errors.ts';
import type { Clock } from '../../lib/internal/env.ts';
import { checkAppend, checkSize, digestOf, type AppendRequest } from '../../lib/log/appendRequest.ts';
import type { EventLog, LogCapabilities } from '../../lib/log/EventLog.ts';
import { receiptOf } from '../../lib/log/receiptOf.ts';
import { closeRequest, removeRequest, renewRequest, trimRequest } from '../../lib/log/requests.ts';
import { closeWithin } from './closeWithin.ts';
import { linesOf } from './linesOf.ts';
import { reached } from './FileReader.ts';
import type { FileStore } from './FileStore.ts';
import { reading, type Question } from './reading.ts';

/**
 * The log of whoever may write.
 *
 * @param end Called once when everything is settled: lets go of what the store was opened with.
 */
export function writerLog<E>(
  store: FileStore,
  capabilities: LogCapabilities,
  clock: Clock,
  end: () => Promise<void>,
): EventLog<E> {
  let closing: Promise<void> | null = null;

  function open(method: string): void {
    if (closing === null) return;
    throw new ClosedError(`${method} came after close(): the log takes no questions any more.`, {
      details: { method },
    });
  }
  const ask = <T>(method: string, question: () => Question<T>): Promise<T> =>
    new Promise((resolve) => {
      open(method);
      resolve(store.ask(question()));
    });

  return {
    capabilities,
    ...reading<E>(store, open),
    append(stream, events, given) {
      try {
        open('append()');
        const options = checkAppend(stream, events, given, capabilities);
        let lines = linesOf(events, store.codec);
        // Without the ends of the lines.
        checkSize(stream, lines.end - events.length, capabilities.maxCommitBytes);
        const digest = digestOf(options, () => lines.text().split('\n').slice(0, -1));
        const request: AppendRequest = { stream, events: events.length, options, digest };
        const durability = options.durability ?? store.durability;
        let put = false;
        const answer = store.ask(({ ledger }, now) => {
          const { record, replayed } = ledger.decide(request, now);
          if (!replayed) {
            store.put(record, lines);
            put = true;
          }
          return receiptOf(record, replayed, durability);
        }, durability);
        // It may be asked later, or once more.
        if (!put) lines = lines.copy();
        return answer;
      } catch (error) {
        return refused(error as Error);
      }
    },
    renew: (leases) =>
      ask('renew()', () => {
        const wanted = renewRequest(leases);
        return ({ ledger }, now) => {
          const { record, answers } = ledger.renewal(wanted, now);
          if (record !== null) store.put(record);
          return answers;
        };
      }),
    async trim(stream, given) {
      open('trim()');
      const { before, force } = trimRequest(stream, given);
      // Whoever is only a file away from there gets what is his first, also who has come just now.
      const { firstSeq } = await store.ask(({ ledger }, now) => ledger.trimming(stream, before, now));
      await reached(store.readers, stream, firstSeq);
      return store.ask(({ ledger }, now) => {
        const { record, ...trimmed } = ledger.trimming(stream, before, now);
        if (record !== null) {
          if (!force) store.readers.checkTrim(stream, trimmed.firstSeq);
          store.put(record);
        }
        return trimmed;
      });
    },
    remove: (stream, given) =>
      ask('remove()', () => {
        const expectedSeq = removeRequest(stream, given);
        return ({ ledger }, now) => {
          const record = ledger.removal(stream, expectedSeq, now);
          if (record !== null) store.put(record);
        };
      }),
    settled: () => store.settled(),
    async close(given) {
      const deadline = closeRequest(given);
      closing ??= closeWithin(clock, deadline, store.readers, () => store.settled(), end);
      await closing;
    },
  };
}

const refused = (error: Error): Promise<never> => Promise.reject(error);
