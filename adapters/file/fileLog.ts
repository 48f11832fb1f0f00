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
  /** Where the files are. It is made where it is missing. */
  readonly directory: string;
  /** When an append is acknowledged, and what a loss of power may take. Default `'always'`. */
  readonly fsync?: Fsync;
  /** A segment of this size is followed by the next one. Default 64 MiB. */
  readonly segmentBytes?: number;
  /**
   * What is too old or too much, in whole segments, the oldest first; checked when a segment is full and when the log is opened. It
   * takes from all streams alike: keep what must stay in a directory of its own. Default: nothing is too old or too much.
   */
  readonly retention?: {
    /** Of all segments together. */
    readonly bytes?: number;
    readonly age?: Duration;
  };
  /** How events become text and events again. Default `losslessCodec`. */
  readonly codec?: Codec;
  /** Whose calendar says when something is committed, due or lapsed. Default: that of the host. */
  readonly clock?: Clock;
  /** The largest commit that is taken, in bytes of UTF-8. Default 64 MiB, which is also the most. */
  readonly maxCommitBytes?: number;
}

const known = ['directory', 'fsync', 'segmentBytes', 'retention', 'codec', 'clock', 'maxCommitBytes'] as const;

/** What may be asked of a log with such a setting. */
const levels: Readonly<Record<Fsync, readonly Durability[]>> = {
  always: ['memory', 'batch', 'sync'],
  batch: ['memory', 'batch'],
  never: ['memory'],
};

export async function fileLog<E = unknown>(options: FileLogOptions): Promise<EventLog<E>> {
  knownOptions('fileLog', options, known);
  const { fsync = 'always', segmentBytes = 64 * 1024 * 1024, maxCommitBytes = longest, retention = {} } = options;
  const { codec = losslessCodec, clock = hostClock } = options;
  knownOptions('fileLog.retention', retention, ['bytes', 'age']);
  const directory = resolve(options.directory);
  const limits = {
    bytes: retention.bytes === undefined ? Infinity : positiveInteger(retention.bytes, 'fileLog.retention.bytes'),
    age: milliseconds(retention.age ?? Infinity, 'fileLog.retention.age', { infinite: true }),
  };
  const capabilities: LogCapabilities = Object.freeze({
    durability: levels[oneOf(fsync, ['always', 'batch', 'never'], 'fileLog.fsync')],
    multiProcess: true,
    multiWriter: false,
    effects: true,
    maxCommitBytes: Math.min(positiveInteger(maxCommitBytes, 'fileLog.maxCommitBytes'), longest),
  });
  positiveInteger(segmentBytes, 'fileLog.segmentBytes');
  const site = new DirectorySite(directory, limits);
  try {
    const store = await FileStore.open(site, { fsync, codec, clock, segmentBytes, segmentAge: limits.age });
    await site.tend(store);
    return writerLog<E>(store, capabilities, clock, () => site.close(store));
  } catch (error) {
    throw unavailable(error, directory, 'not-applied');
  }
}
