/** The files of a log, what they are called, and the first line of each segment. */
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { LogCorruptError, LogVersionError } from '../../lib/errors.ts';
import { show } from '../../lib/internal/options.ts';

/** Of the format; a reader refuses what is not its own. */
export const version = 1;

export const firstLine = (segment: number): string => `{"rxbaton":"log","version":${version},"segment":${segment}}\n`;

/** Where the segments of a log are: in a directory, or one in a file of its own. */
export interface Home {
  path(segment: number): string;
  /** The first segment there is behind this one. */
  after(segment: number): Promise<number | null>;
}

export const directoryHome = (directory: string): Home => ({
  // In the order of their names, as people list them, segments stand in their own order.
  path: (segment) => join(directory, `segment-${String(segment).padStart(8, '0')}.jsonl`),
  after: async (segment) => (await segmentsIn(directory)).find((other) => other > segment) ?? null,
});

export const fileHome = (file: string): Home => ({
  path: () => file,
  after: () => Promise.resolve(null),
});

/** The numbers of the segments in a directory, in their order. */
export async function segmentsIn(directory: string): Promise<number[]> {
  return (await readdir(directory))
    .flatMap((name) => {
      const number = /^segment-(\d{8,})\.jsonl$/.exec(name)?.[1];
      return number === undefined ? [] : [Number(number)];
    })
    .sort((a, b) => a - b);
}

export function corrupt(file: string, offset: number, what: string): LogCorruptError {
  return new LogCorruptError(`${file} is damaged at byte ${offset}: ${what}.`, {
    hint: 'Bring the file back from a backup. `verify` lists all that is damaged in a directory.',
    details: { file, offset, what },
  });
}

/**
 * Opens a segment and checks its first line; answers where its frames begin.
 *
 * @throws LogCorruptError LogVersionError
 */
export async function openSegment(home: Home, segment: number): Promise<{ handle: FileHandle; from: number }> {
  const file = home.path(segment);
  const handle = await open(file, 'r');
  try {
    return { handle, from: await checkFirstLine(handle, file, segment) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function checkFirstLine(handle: FileHandle, file: string, segment: number): Promise<number> {
  const { buffer, bytesRead } = await handle.read({ buffer: new Uint8Array(256), position: 0 });
  const bytes = buffer.subarray(0, bytesRead);
  const line = /^\{"rxbaton":"log","version":(\d+),.*\n/.exec(new TextDecoder().decode(bytes));
  if (line === null) {
    const zeros = bytes.every((byte) => byte === 0);
    throw corrupt(file, 0, bytesRead === 0 ? 'it is empty' : zeros ? 'it holds zeros' : 'this is no segment of a log');
  }
  if (Number(line[1]) !== version) {
    throw new LogVersionError(`${file} is in version ${line[1]} of the format; this library reads ${version}.`, {
      hint: 'Use the release of the library that wrote it.',
      details: { file, version: Number(line[1]), supported: version },
    });
  }
  if (line[0] !== firstLine(segment)) throw corrupt(file, 0, `the first line is ${show(line[0].trim())}`);
  return line[0].length;
}
