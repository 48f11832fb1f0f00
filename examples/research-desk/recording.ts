/** Keeps a run in a file, and plays it back. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { lastValueFrom } from 'rxjs';
import { CoordinationError, createCoordinator, replay } from 'rxbaton';
import { openRecording, recordTo, type Recording } from 'rxbaton/adapters/file';
import { InputError } from './collector.ts';
import { follow, type Desk, type DeskEvents, type Story } from './story.ts';

/** Records what happens at the desk from now on, gates included. One of an earlier run in the same folder is replaced, like its reports. */
export async function record(desk: Desk, folder: string): Promise<Recording> {
  const file = path.join(folder, 'recording.jsonl');
  await rm(file, { force: true });
  return recordTo(desk, file, { names: ['*', 'rxbaton.gate.*'] }).catch(inOneLine(`cannot record to ${file}`));
}

/** The story of a recorded run: no documents, no model, no waiting. */
export async function playBack(file: string): Promise<Story> {
  const desk = createCoordinator<DeskEvents>();
  const story = follow(desk);
  const events = replay(openRecording(file), { into: desk });
  await lastValueFrom(events, { defaultValue: null }).catch(inOneLine(`cannot replay ${file}`));
  if (story.report === null) throw new InputError(`${file} holds no finished run of the research desk`);
  return story;
}

/** What is wrong with a file is no fault of the program. */
const inOneLine =
  (what: string) =>
  (error: unknown): never => {
    throw error instanceof CoordinationError ? new InputError(`${what}: ${error.message}`) : error;
  };
