import { resolve } from 'node:path';
import { ConfigError } from '../../lib/errors.ts';
import { hostClock, type Clock } from '../../lib/internal/env.ts';
import { flag, knownOptions, oneOf, positiveInteger } from '../../lib/internal/options.ts';
import { name } from '../../lib/log/checks.ts';
import type { Codec } from '../../lib/log/Codec.ts';
import type { Durability, EventLog, LogCapabilities } from '../../lib/log/EventLog.ts';
import { losslessCodec } from '../../lib/log/losslessCodec.ts';
import { milliseconds, type Duration } from '../../lib/time/duration.ts';
import type { Contents } from './Contents.ts';
import { DirectorySite } from './DirectorySite.ts';
import { FileStore } from './FileStore.ts';
import { FollowedFiles } from './FollowedFiles.ts';
import { longest } from './frames.ts';
import { openContents } from './openContents.ts';
import { readerLog } from './readerLog.ts';
import { directoryHome } from './segments.ts';
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
  /** Only reads what another process writes, or has written. Default `false`. */
  readonly readOnly?: boolean;
}

/** What may be asked of a log with such a setting. */
const levels: Readonly<Record<Fsync, readonly Durability[]>> = {
  always: ['memory', 'batch', 'sync'],
  batch: ['memory', 'batch'],
  never: ['memory'],
};

/** What only a writer decides. */
const ofWriters = ['fsync', 'segmentBytes', 'retention', 'maxCommitBytes'] as const;

export async function fileLog<E = unknown>(options: FileLogOptions): Promise<EventLog<E>> {
  knownOptions('fileLog', options, ['directory', 'codec', 'clock', 'readOnly', ...ofWriters]);
  const { readOnly = false, codec = losslessCodec, clock = hostClock } = options;
  const directory = resolve(name(options.directory, 'fileLog.directory'));
  if (!flag(readOnly, 'fileLog.readOnly')) return openWriter<E>(directory, codec, clock, options);
  const vain = ofWriters.find((option) => options[option] !== undefined);
  if (vain !== undefined)
    throw new ConfigError(`fileLog.${vain} is for writers: a log that is readOnly has no use for it.`);
  const load = async (): Promise<Contents> => {
    const { contents, end } = await openContents(directory);
    if (end === null) throw Object.assign(new Error(`There is no log in ${directory}.`), { code: 'ENOENT' });
    return contents;
  };
  const files = await FollowedFiles.open({ home: directoryHome(directory), path: directory, load }, codec, clock);
  return readerLog<E>(files, clock, directory, 'Open it without `readOnly`.');
}

async function openWriter<E>(
  directory: string,
  codec: Codec,
  clock: Clock,
  { fsync = 'always', segmentBytes = 64 * 1024 * 1024, maxCommitBytes = longest, retention = {} }: FileLogOptions,
): Promise<EventLog<E>> {
  knownOptions('fileLog.retention', retention, ['bytes', 'age']);
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
