import { stat } from 'node:fs/promises';
import { readCheckpoint } from './checkpoint.ts';
import { Contents } from './Contents.ts';
import { codeOf } from './disk.ts';
import type { Place } from './Places.ts';
import { scan, wasWhole, type Scanned } from './scan.ts';
import { corrupt, directoryHome, openSegment, segmentsIn, type Home } from './segments.ts';

/** Where the whole frames of a log end. */
export interface End extends Scanned {
  /** Of the last segment. What is behind `offset` belongs to no whole frame. */
  readonly size: number;
}

/**
 * Takes in what the files hold behind what is known already.
 *
 * @throws LogCorruptError where there is more behind what is damaged; LogVersionError
 */
export async function catchUp(contents: Contents, home: Home): Promise<End> {
  for (;;) {
    const segment = contents.segment || 1;
    // Asked before the scan: a segment that has a successor does not grow any more.
    const next = await home.after(segment);
    const end = await catchUpIn(contents, home, segment);
    if (next === null) return end;
    if (end.stop !== 'end') throw corrupt(home.path(segment), end.offset, 'a record is not whole, and there are more');
    if (next !== segment + 1) throw corrupt(home.path(segment + 1), 0, 'it is missing');
    const { handle, from } = await openSegment(home, next);
    await handle.close();
    contents.open(next, from);
  }
}

async function catchUpIn(contents: Contents, home: Home, segment: number): Promise<End> {
  const file = home.path(segment);
  const { handle, from } = await openSegment(home, segment);
  try {
    if (contents.segment === 0) contents.open(segment, from);
    const { size } = await handle.stat();
    if (size < contents.offset) throw corrupt(file, size, `${contents.offset - size} bytes are missing at its end`);
    for (let doubtful = -1; ; doubtful = contents.offset) {
      const scanned = await scan(handle, contents.offset, size, (frame, buffer) => {
        contents.apply(frame.record(buffer));
        contents.grow(frame.end - frame.start);
      });
      if (scanned.stop === 'end' || !(await wasWhole(handle, scanned.offset, size))) return { ...scanned, size };
      // Its writer may have gone past while we looked. What was behind it then is written, so now it is, too.
      if (contents.offset === doubtful) {
        throw corrupt(file, doubtful, 'a record is not what was written, and there are more behind it');
      }
    }
  } finally {
    await handle.close();
  }
}

export interface Opened {
  readonly contents: Contents;
  /** `null` for a directory without a log. */
  readonly end: End | null;
  /** Segments that were dropped, though their files are still there. */
  readonly leftovers: readonly number[];
  /** How many bytes stand behind the checkpoint from which this was opened, and how many that has. */
  readonly checkpoint: Place | null;
}

/**
 * What is in a directory.
 *
 * @throws LogCorruptError with the file and the offset; LogVersionError; what the file system says.
 */
export async function openContents(directory: string): Promise<Opened> {
  const home = directoryHome(directory);
  const checkpoint = await readCheckpoint(directory);
  const present = await segmentsIn(directory);
  const known = 'contents' in checkpoint;
  if (!known && present.length > 0 && present[0] !== 1) {
    const why = checkpoint.damage ?? `it is missing, and the log begins with segment ${present[0]}`;
    throw corrupt(checkpoint.file, 0, why);
  }
  const contents = known ? Contents.from(checkpoint.contents) : new Contents();
  if (!known && present.length === 0) return { contents, end: null, leftovers: [], checkpoint: null };
  if (known && !present.includes(contents.segment)) throw corrupt(home.path(contents.segment), 0, 'it is missing');
  const from = known ? { segment: contents.segment, offset: contents.offset } : null;
  const end = await catchUp(contents, home);
  for (const { segment, bytes } of contents.segments.values()) {
    if (segment !== contents.segment) await checkLength(home.path(segment), bytes);
  }
  return { contents, end, leftovers: present.filter((segment) => !contents.segments.has(segment)), checkpoint: from };
}

async function checkLength(file: string, bytes: number): Promise<void> {
  const size = await stat(file).then(
    (found) => found.size,
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    },
  );
  if (size === null) throw corrupt(file, 0, 'it is missing');
  if (size !== bytes) throw corrupt(file, Math.min(size, bytes), `it has ${size} bytes and should have ${bytes}`);
}
