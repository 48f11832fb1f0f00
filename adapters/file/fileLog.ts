import { resolve } from 'node:path';
import { hostClock, type Clock } from '../../lib/internal/env.ts';
import { knownOptions, oneOf, positiveInteger } from '../../lib/internal/options.ts';
import type { Codec } from '../../lib/log/Codec.ts';
import type { Durability, EventLog, LogCapabilities } from '../../lib/log/EventLog.ts';
import { losslessCodec } from '../../lib/log/losslessCodec.ts';
import { milliseconds, type Duration } from '../../lib/time/duration.ts';
import { DirectorySite } from './DirectorySite.ts';
import { FileStore } from './FileStore.ts';
import { longest } from './frames.ts';
import type { Fsync } from './Tail.ts';
import { unavailable } from './unavailable.ts';
import { writerLog } from './writerLog.ts';

export interface FileLogOptions {
  /** Where the files are; made if it is not there. */
  readonly directory: string;
  readonly fsync?: Fsync;
  readonly segmentBytes?: number;
  readonly retention?: { readonly bytes?: number; readonly age?: Duration };
  readonly codec?: Codec;
  readonly clock?: Clock;
}

const levels: Readonly<Record<Fsync, readonly Durability[]>> = {
  always: ['memory', 'batch', 'sync'],
  batch: ['memory', 'batch'],
  never: ['memory'],
};

export async function fileLog<E = unknown>(options: FileLogOptions): Promise<EventLog<E>> {
  knownOptions('fileLog', options, ['directory', 'fsync', 'segmentBytes', 'retention', 'codec', 'clock']);
  const {
    fsync = 'always',
    segmentBytes = 64 * 1024 * 1024,
    retention = {},
    codec = losslessCodec,
    clock = hostClock,
  } = options;
  knownOptions('fileLog.retention', retention, ['bytes', 'age']);
  const directory = resolve(options.directory);
  const limits = {
    bytes: retention.bytes === undefined ? Infinity : positiveInteger(retention.bytes, 'fileLog.retention.bytes'),
    age: milliseconds(retention.age ?? Infinity, 'fileLog.retention.age', { infinite: true }),
  };
  const capabilities: LogCapabilities = {
    durability: levels[oneOf(fsync, ['always', 'batch', 'never'], 'fileLog.fsync')],
    multiProcess: true,
    multiWriter: false,
    effects: true,
    maxCommitBytes: longest,
  };
  const site = new DirectorySite(directory, limits);
  try {
    const store = await FileStore.open(site, { fsync, codec, clock, segmentBytes, segmentAge: limits.age });
    await site.tend(store);
    return writerLog<E>(store, capabilities, clock, async () => {
      await store.close();
      await site.close(store.contents);
    });
  } catch (error) {
    throw unavailable(error, directory, 'not-applied');
  }
}
