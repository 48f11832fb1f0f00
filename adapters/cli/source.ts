import { stat } from 'node:fs/promises';
import { readEnvironment } from '../../lib/log/environment.ts';
import type { EventLog, Head } from '../../lib/log/EventLog.ts';
import { settings } from '../../lib/log/settings.ts';
import { fileLog } from '../file/fileLog.ts';
import { openRecording } from '../file/openRecording.ts';

/** What was asked for is not there. */
export class NotThere extends Error {
  readonly code = 'ENOENT';
}

/** The folder that is meant when none is given: the one that a program that is started here would write to. */
export const usualFolder = (): string => readEnvironment().directory ?? settings.directory.fallback;

/** Looks into a log for as long as `use` takes, and changes nothing: the folder of a log, or a file that was recorded. */
export async function withLog<T>(path: string, use: (log: EventLog) => Promise<T>): Promise<T> {
  const there = await stat(path).catch(() => null);
  if (there === null) throw new NotThere(`There is no log at '${path}'.`);
  const log = there.isDirectory() ? await fileLog({ directory: path, readOnly: true }) : await openRecording(path);
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}

/** @throws NotThere, which names those that are there. */
export async function headOf(log: EventLog, stream: string): Promise<Head> {
  const head = await log.head(stream);
  if (head !== null) return head;
  const names: string[] = [];
  await log.streams().forEach((name) => void names.push(name));
  throw new NotThere(
    `There is no stream '${stream}' in it${names.length === 0 ? ': it is empty' : `; there are: ${names.join(', ')}`}.`,
  );
}
