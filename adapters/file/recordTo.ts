import { resolve } from 'node:path';
import type { Coordinator } from '../../lib/events/Coordinator.ts';
import type { Kernel } from '../../lib/events/kernel.ts';
import { hostClock } from '../../lib/internal/env.ts';
import { knownOptions } from '../../lib/internal/options.ts';
import { name } from '../../lib/log/checks.ts';
import type { LogCapabilities } from '../../lib/log/EventLog.ts';
import { losslessCodec } from '../../lib/log/losslessCodec.ts';
import {
  checkPersistOptions,
  persist,
  persistOptionNames,
  type Persistence,
  type PersistOptions,
} from '../../lib/log/persist.ts';
import { FileStore, type StoreSettings } from './FileStore.ts';
import { largestCommit } from './frames.ts';
import { RecordingSite } from './RecordingSite.ts';
import { unavailable } from './unavailable.ts';
import { writerLog } from './writerLog.ts';

/** What is recorded, and how. */
export type RecordOptions = Omit<PersistOptions, 'stream' | 'durability'>;

/** A recording that goes on. Unsubscribing ends it; `stop()` resolves when the file is whole and closed. */
export interface Recording extends Persistence {
  /** Its absolute path. */
  readonly file: string;
}

const capabilities: LogCapabilities = Object.freeze({
  durability: Object.freeze(['memory', 'batch'] as const),
  multiProcess: true,
  multiWriter: false,
  effects: true,
  maxCommitBytes: largestCommit,
});

const settings: StoreSettings = {
  fsync: 'batch',
  codec: losslessCodec,
  clock: hostClock,
  segmentBytes: Infinity,
  segmentAge: Infinity,
};

/**
 * Records the events of a coordinator in a file of their own, for `openRecording`: a test, a bug report, a run to look at again.
 *
 * As `persist` does, into one segment of a file log: lines of JSON, which `cat`, `grep` and `jq` read. An event is with the
 * operating system when it counts as kept, so what a process that is killed has recorded is there. Ends when it is unsubscribed
 * or the coordinator closes.
 *
 * @param file Made here, with its directory; one that is there already is refused.
 * @throws ConfigError (rejects) for a file that is there, and for options that make no sense. LogUnavailableError where it
 * cannot be made.
 * @example
 * ```ts
 * const recording = await recordTo(coordinator, 'recordings/friday.jsonl', { redact: ['**.card'] });
 * ...
 * await recording.stop();
 * await expectReplay(openRecording('recordings/friday.jsonl'), () => { when('order_placed', charge); });
 * ```
 */
export async function recordTo(
  coordinator: Pick<Coordinator, 'settled' | 'close'>,
  file: string,
  options: RecordOptions = {},
): Promise<Recording> {
  const owner = 'recordTo()';
  knownOptions(
    owner,
    options,
    persistOptionNames.filter((option) => option !== 'stream' && option !== 'durability'),
  );
  checkPersistOptions(owner, options);
  const path = resolve(name(file, `${owner}.file`));
  const store = await FileStore.open(new RecordingSite(path), settings).catch((error: unknown) => {
    throw unavailable(error, path, 'not-applied');
  });
  const log = writerLog(store, capabilities, hostClock, () => store.close());
  const persistence = persist(coordinator, log, options);
  const settled = persistence.stop.bind(persistence);
  let closing: Promise<void> | null = null;
  const stop = (): Promise<void> => (closing ??= settled().then(() => log.close()));
  persistence.add(() => {
    stop().catch((error: unknown) => {
      (coordinator as unknown as Kernel).report(error, `The recording ${path} could not be closed.`);
    });
  });
  return Object.assign(persistence, { file: path, stop });
}
