import { resolve } from 'node:path';
import { hostClock } from '../../lib/internal/env.ts';
import { knownOptions } from '../../lib/internal/options.ts';
import { name } from '../../lib/log/checks.ts';
import type { Codec } from '../../lib/log/Codec.ts';
import type { EventLog } from '../../lib/log/EventLog.ts';
import { losslessCodec } from '../../lib/log/losslessCodec.ts';
import { Contents } from './Contents.ts';
import { FollowedFiles } from './FollowedFiles.ts';
import { catchUp } from './openContents.ts';
import { readerLog } from './readerLog.ts';
import { fileHome } from './segments.ts';

export interface RecordingOptions {
  /** How its events became text. Default `losslessCodec`. */
  readonly codec?: Codec;
}

/**
 * Opens what `recordTo` has written, or is still writing, as a log to read from.
 *
 * Nothing is held open but while somebody reads. `append` and all else that would change something are refused with ConfigError.
 *
 * @throws LogUnavailableError (rejects) when the file cannot be read. LogCorruptError with the offset, LogVersionError.
 * @example
 * ```ts
 * const log = await openRecording('recordings/friday.jsonl');
 * log.read('events', { names: ['order_placed'] }).subscribe(({ event }) => console.log(event));
 * ```
 */
export async function openRecording<E = unknown>(file: string, options: RecordingOptions = {}): Promise<EventLog<E>> {
  knownOptions('openRecording', options, ['codec']);
  const { codec = losslessCodec } = options;
  const path = resolve(name(file, 'openRecording.file'));
  const home = fileHome(path);
  const load = async (): Promise<Contents> => {
    const contents = new Contents();
    await catchUp(contents, home);
    return contents;
  };
  const files = await FollowedFiles.open({ home, path, load }, codec, hostClock);
  return readerLog<E>(files, hostClock, path, 'Record with recordTo().');
}
