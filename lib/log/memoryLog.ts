import { defer, from, Observable } from 'rxjs';
import { ClosedError } from '../errors.ts';
import { hostClock, type Clock } from '../internal/env.ts';
import { knownOptions, positiveInteger } from '../internal/options.ts';
import { appendRequest } from './appendRequest.ts';
import type { Codec } from './Codec.ts';
import type { EventLog, LogCapabilities } from './EventLog.ts';
import { losslessCodec } from './losslessCodec.ts';
import { MemoryReader } from './MemoryReader.ts';
import { MemoryStore } from './MemoryStore.ts';
import { Readers } from './Readers.ts';
import { readRequest } from './readRequest.ts';
import { receiptOf } from './receiptOf.ts';
import {
  closeRequest,
  dueRequest,
  headRequest,
  removeRequest,
  renewRequest,
  streamsRequest,
  trimRequest,
} from './requests.ts';

export interface MemoryLogOptions {
  /** How many events of a stream are kept. Older ones are trimmed as soon as no reader has them still before it. Default: all. */
  readonly keep?: number;
  /** How events become text and events again. Default `losslessCodec`. */
  readonly codec?: Codec;
  /** Whose calendar says when something is committed, due or lapsed. Default: that of the host. */
  readonly clock?: Clock;
  /** The largest commit that is taken, in bytes of UTF-8. Default 64 MiB. */
  readonly maxCommitBytes?: number;
}

/** A log in the memory of this process. */
export interface MemoryLog<E = unknown> extends EventLog<E> {
  /** Another handle onto the same streams, with readers and an end of its own: what another process would have. */
  handle(): MemoryLog<E>;
}

/**
 * Makes a log that lives in this process and ends with it: for tests, and for what need not survive. It keeps the text of
 * events and decodes them for each reader, as a log on a disk does, so nobody can change what was appended.
 *
 * An append has its effect before the call returns. Readers hear in promise jobs, each reader in order, `maxBuffer`
 * events in a job; one that is slow keeps nothing but its place. Closing a handle lets its readers have what is there
 * and completes them; the streams stay as long as somebody has another handle.
 *
 * @throws ConfigError for an unknown option, or a number that is not positive.
 * @example
 * ```ts
 * const log = memoryLog<{ name: string }>();
 * await log.append('run-1', [{ name: 'begun' }], { expectedSeq: 0 });
 * log.read('run-1', { follow: true }).subscribe(({ seq, event }) => console.log(seq, event.name));
 * await log.append('run-1', [{ name: 'done' }], { close: true });   // 1 begun, 2 done, and the reader completes
 * ```
 */
export function memoryLog<E = unknown>(options: MemoryLogOptions = {}): MemoryLog<E> {
  knownOptions('memoryLog', options, ['keep', 'codec', 'clock', 'maxCommitBytes']);
  const { keep, codec = losslessCodec, clock = hostClock, maxCommitBytes = 64 * 1024 * 1024 } = options;
  if (keep !== undefined) positiveInteger(keep, 'memoryLog.keep');
  const capabilities: LogCapabilities = Object.freeze({
    durability: Object.freeze(['memory'] as const),
    multiProcess: false,
    multiWriter: false,
    effects: true,
    maxCommitBytes: positiveInteger(maxCommitBytes, 'memoryLog.maxCommitBytes'),
  });
  return handleOf(new MemoryStore(codec, clock, keep ?? Infinity), capabilities);
}

function handleOf<E>(store: MemoryStore, capabilities: LogCapabilities): MemoryLog<E> {
  const readers = new Readers();
  let closed = false;

  function use(what: string): MemoryStore {
    if (!closed) return store;
    throw new ClosedError(`${what} came after close(): the log takes no questions any more.`, { details: { what } });
  }

  /** What goes wrong is a rejection. */
  const ask = <T>(what: string, question: () => T): Promise<T> =>
    new Promise((resolve) => {
      use(what);
      resolve(question());
    });

  return {
    capabilities,
    append: (stream, events, given) =>
      ask('append()', () => {
        const { record, replayed } = store.append(appendRequest(stream, events, given, store.codec, capabilities));
        return receiptOf(record, replayed, 'memory');
      }),
    read(stream, given) {
      const request = readRequest(stream, given);
      return new Observable((subscriber) => {
        const reader = new MemoryReader<E>(use('read()'), request, subscriber);
        readers.add(reader);
        store.readers.add(reader);
        return () => {
          readers.delete(reader);
          store.readers.delete(reader);
          store.prune(stream);
        };
      });
    },
    head: (stream) => ask('head()', () => store.ledger.head(headRequest(stream))),
    due: (index, given) => ask('due()', () => store.ledger.due(index, dueRequest(index, given), store.now())),
    renew: (leases) => ask('renew()', () => store.renew(renewRequest(leases))),
    streams(given) {
      const wanted = streamsRequest(given);
      return defer(() => {
        const { ledger } = use('streams()');
        return from(ledger.names().filter((stream) => wanted(stream, ledger.facts(stream)?.closed === true)));
      });
    },
    trim: (stream, given) =>
      ask('trim()', () => {
        const { before, force } = trimRequest(stream, given);
        return store.trim(stream, before, force ? null : readers);
      }),
    remove: (stream, given) =>
      ask('remove()', () => {
        store.remove(stream, removeRequest(stream, given));
      }),
    // Everything is answered within its call.
    settled: () => Promise.resolve(),
    async close(given) {
      const deadline = closeRequest(given);
      closed = true;
      await readers.close(store.clock, deadline);
    },
    handle: () => handleOf(use('handle()'), capabilities),
  };
}
