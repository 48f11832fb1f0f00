import { mkdir } from 'node:fs/promises';
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
import { largestCommit } from './frames.ts';
import { Inbox } from './Inbox.ts';
import { openContents } from './openContents.ts';
import { readerLog } from './readerLog.ts';
import { directoryHome } from './segments.ts';
import { Submitter } from './Submitter.ts';
import { submitterLog } from './submitterLog.ts';
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
  /**
   * Reads, and hands everything else to the process that writes, through the directory `inbox`; what nobody writes yet waits there.
   * Default `false`.
   */
  readonly submit?: boolean;
}

/** What may be asked of a log with such a setting. */
const levels: Readonly<Record<Fsync, readonly Durability[]>> = {
  always: ['memory', 'batch', 'sync'],
  batch: ['memory', 'batch'],
  never: ['memory'],
};

const shared = { multiProcess: true, multiWriter: false, effects: true } as const;

/** What only a writer decides. */
const ofWriters = ['fsync', 'segmentBytes', 'retention', 'maxCommitBytes'] as const;

/**
 * Opens a log in files: a directory of segments, which are lines of JSON that `cat`, `grep` and `jq` read.
 *
 * One process writes at a time; a lock says which, and is taken over from one that has crashed. Others read with `readOnly`, or
 * read and hand over their appends with `submit`. An append is decided at once and acknowledged when it is as safe as `fsync`
 * says; those that come meanwhile go to the disk together. Readers read the files, one piece at a time, and follow without
 * polling. What was being written when a process died is cut; damage anywhere else is refused, and never left out.
 *
 * When the disk is full or fails, what was pending is refused with LogUnavailableError, and the next append tries again. Not for
 * network file systems: they keep neither locks nor order.
 *
 * @throws ConfigError (all reject) for options that make no sense. LogLockedError when another process that is alive, or this one,
 * writes there. LogCorruptError with the file and the offset. LogVersionError. LogUnavailableError for what the file system says.
 * @example
 * ```ts
 * const log = await fileLog<{ name: string }>({ directory: '.rxbaton', retention: { age: '7d' } });
 * await log.append('run-1', [{ name: 'begun' }], { expectedSeq: 0 });   // on the disk
 * log.read('run-1').subscribe(({ seq, event }) => console.log(seq, event.name));   // 1 begun
 * await log.close();
 * ```
 */
export async function fileLog<E = unknown>(options: FileLogOptions): Promise<EventLog<E>> {
  knownOptions('fileLog', options, ['directory', 'codec', 'clock', 'readOnly', 'submit', ...ofWriters]);
  const { readOnly = false, submit = false, codec = losslessCodec, clock = hostClock } = options;
  const directory = resolve(name(options.directory, 'fileLog.directory'));
  flag(readOnly, 'fileLog.readOnly');
  flag(submit, 'fileLog.submit');
  if (!readOnly && !submit) return openWriter<E>(directory, codec, clock, options);
  const vain = submit && readOnly ? 'readOnly' : ofWriters.find((option) => options[option] !== undefined);
  if (vain !== undefined) {
    throw new ConfigError(`fileLog.${vain} makes no sense beside ${submit ? 'submit' : 'readOnly'}: true.`);
  }
  const load = async (): Promise<Contents> => {
    if (submit) await mkdir(directory, { recursive: true });
    const { contents, end } = await openContents(directory);
    if (end !== null || submit) return contents;
    throw Object.assign(new Error(`There is no log in ${directory}.`), { code: 'ENOENT' });
  };
  const files = await FollowedFiles.open({ home: directoryHome(directory), path: directory, load }, codec, clock);
  if (readOnly) return readerLog<E>(files, clock, directory, 'Open it without `readOnly`, or with `submit: true`.');
  const submitter = new Submitter(directory, () => clock.wall?.() ?? clock.now());
  return submitterLog<E>(
    files,
    submitter,
    { ...shared, durability: levels.always, maxCommitBytes: largestCommit },
    clock,
  );
}

async function openWriter<E>(
  directory: string,
  codec: Codec,
  clock: Clock,
  { fsync = 'always', segmentBytes = 64 * 1024 * 1024, maxCommitBytes = largestCommit, retention = {} }: FileLogOptions,
): Promise<EventLog<E>> {
  knownOptions('fileLog.retention', retention, ['bytes', 'age']);
  const limits = {
    bytes: retention.bytes === undefined ? Infinity : positiveInteger(retention.bytes, 'fileLog.retention.bytes'),
    age: milliseconds(retention.age ?? Infinity, 'fileLog.retention.age', { infinite: true }),
  };
  const capabilities: LogCapabilities = Object.freeze({
    ...shared,
    durability: levels[oneOf(fsync, ['always', 'batch', 'never'], 'fileLog.fsync')],
    maxCommitBytes: Math.min(positiveInteger(maxCommitBytes, 'fileLog.maxCommitBytes'), largestCommit),
  });
  positiveInteger(segmentBytes, 'fileLog.segmentBytes');
  const site = new DirectorySite(directory, limits);
  try {
    const store = await FileStore.open(site, { fsync, codec, clock, segmentBytes, segmentAge: limits.age });
    await site.tend(store);
    const log = writerLog<E>(store, capabilities, clock, async () => {
      await inbox.close();
      await site.close(store);
    });
    const inbox = await Inbox.open(directory, log, store.now());
    return log;
  } catch (error) {
    throw unavailable(error, directory, 'not-applied');
  }
}
