import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LogCorruptError, LogVersionError } from '../../lib/errors.ts';
import { name } from '../../lib/log/checks.ts';
import { readCheckpoint } from './checkpoint.ts';
import type { ContentsSnapshot } from './Contents.ts';
import { codeOf } from './disk.ts';
import type { FileRecord } from './frames.ts';
import { nextFrame, scan, wasWhole } from './scan.ts';
import { directoryHome, fileHome, openSegment, type Home } from './segments.ts';
import { unavailable } from './unavailable.ts';

/** A place where a log is not what was written to it. */
export interface Damage {
  readonly file: string;
  /** In bytes from the beginning of the file. */
  readonly offset: number;
  readonly what: string;
}

/** What there is in a log, and what is wrong with it. */
export interface Verification {
  readonly segments: number;
  readonly bytes: number;
  readonly commits: number;
  readonly events: number;
  /** None: everything that was acknowledged and not deleted is there, as it was. */
  readonly damages: readonly Damage[];
  /** What was being written when its writer ended, or is being written just now. No damage: nobody was told that it is there. */
  readonly torn: (Damage & { readonly bytes: number }) | null;
}

/**
 * Reads a whole log, byte by byte, and tells every damage there is, not only the first. Changes nothing; somebody may be writing
 * meanwhile.
 *
 * @param path The directory of a log, or the file of a recording.
 * @throws LogUnavailableError (rejects) when it cannot be read.
 * @example
 * ```ts
 * const { damages } = await verify('.rxbaton');
 * for (const { file, offset, what } of damages) console.error(`${file}:${offset}: ${what}`);
 * ```
 */
export async function verify(path: string): Promise<Verification> {
  const place = resolve(name(path, 'The path of verify'));
  try {
    const found = new Finding();
    if ((await stat(place)).isDirectory()) await ofDirectory(place, found);
    else await ofSegment(fileHome(place), 1, true, found);
    return found.told();
  } catch (error) {
    throw unavailable(error, place, 'not-applied');
  }
}

/** What was found so far. */
class Finding {
  readonly damages: Damage[] = [];
  torn: Verification['torn'] = null;
  segments = 0;
  bytes = 0;
  readonly #dropped = new Set<number>();
  #commits = 0;
  #events = 0;
  /** The `seq` of the next event of each stream, as far as it is known. */
  readonly #next = new Map<string, number>();

  damage(file: string, offset: number, what: string): void {
    this.damages.push({ file, offset, what });
    // What is missing now was in what is damaged.
    this.gap();
  }

  /** From here on events may be missing. */
  gap(): void {
    this.#next.clear();
  }

  /** A segment should have so many bytes at least, unless it was dropped; it has `size`, or is not there. */
  expect(file: string, segment: number, bytes: number, size: number | undefined): void {
    if (this.#dropped.has(segment) || this.damages.some((damage) => damage.file === file)) return;
    if (size === undefined) this.damage(file, 0, 'it is missing');
    else if (size < bytes) this.damage(file, size, `${bytes - size} bytes are missing at its end`);
  }

  take(record: FileRecord, file: string, offset: number): void {
    if (record.op === 'drop') for (const segment of record.segments) this.#dropped.add(segment);
    if (record.op === 'remove') this.#next.delete(record.stream);
    if (record.op !== 'commit') return;
    const { stream, seq, events, commits = 1 } = record;
    const next = this.#next.get(stream);
    if (next !== undefined && next !== seq) {
      this.damage(file, offset, `event ${seq} of '${stream}' comes here, and event ${next} should`);
    }
    this.#next.set(stream, seq + events);
    this.#commits += commits;
    this.#events += events;
  }

  told(): Verification {
    const { segments, bytes, torn } = this;
    const damages = this.damages.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.offset - b.offset));
    return { segments, bytes, commits: this.#commits, events: this.#events, damages, torn };
  }
}

/**
 * Somebody may be deleting what is too old meanwhile. What is gone was said to go before that, at the end of the log: so the end is
 * read last, and what is not there is missing only if nobody has said so by then.
 */
async function ofDirectory(directory: string, found: Finding): Promise<void> {
  const home = directoryHome(directory);
  let segment = await home.after(0);
  const first = segment ?? 1;
  const known = await checkpointed(directory, found, first);
  const sizes = new Map<number, number>();
  let last = 0;
  while (segment !== null) {
    const next = await home.after(segment);
    // What is not there may have been deleted, with what it had.
    if (!sizes.has(segment - 1)) found.gap();
    const size = await ofSegment(home, segment, next === null, found);
    if (size !== null) sizes.set(segment, size);
    last = segment;
    segment = next;
  }
  const expected = new Map(known.map(({ segment, bytes }) => [segment, bytes]));
  for (let segment = (known.at(-1)?.segment ?? first - 1) + 1; segment <= last; segment++) expected.set(segment, 0);
  const gone = await goneSince(directory);
  for (const [segment, bytes] of expected)
    if (!gone(segment)) found.expect(home.path(segment), segment, bytes, sizes.get(segment));
}

/** Who was told to go in a segment that is gone itself is no longer in the checkpoint. */
async function goneSince(directory: string): Promise<(segment: number) => boolean> {
  const checkpoint = await readCheckpoint(directory).catch(said);
  if (!('contents' in checkpoint)) return () => false;
  const { segment: until, segments } = checkpoint.contents;
  const kept = new Set(segments.map(({ segment }) => segment));
  return (segment) => segment <= until && !kept.has(segment);
}

/** The segments that the checkpoint knows. */
async function checkpointed(directory: string, found: Finding, first: number): Promise<ContentsSnapshot['segments']> {
  const checkpoint = await readCheckpoint(directory).catch(said);
  if (checkpoint instanceof Error) found.damage(String(checkpoint.details['file']), 0, checkpoint.message);
  else if ('contents' in checkpoint) return checkpoint.contents.segments;
  else if (checkpoint.damage !== null) found.damage(checkpoint.file, 0, checkpoint.damage);
  else if (first > 1) found.damage(checkpoint.file, 0, `it is missing, and the log begins with segment ${first}`);
  return [];
}

/** Answers how many bytes it has; `null`: it is no longer there. */
async function ofSegment(home: Home, segment: number, last: boolean, found: Finding): Promise<number | null> {
  const file = home.path(segment);
  const opened = await openSegment(home, segment).catch((error: unknown) =>
    codeOf(error) === 'ENOENT' ? null : said(error),
  );
  if (opened === null) return null;
  if (opened instanceof Error) {
    found.damage(file, 0, opened.message);
    return 0;
  }
  const { handle, from } = opened;
  try {
    const { size } = await handle.stat();
    found.segments++;
    found.bytes += size;
    for (let offset = from, doubtful = -1; offset < size;) {
      const scanned = await scan(handle, offset, size, (frame, buffer, at) =>
        found.take(frame.record(buffer), file, at),
      );
      if (scanned.stop === 'end') return size;
      const damaged = !last || (await wasWhole(handle, scanned.offset, size));
      // Somebody may have written there just now: what is still not whole, though there is more behind it, is damaged.
      if (damaged && scanned.offset !== doubtful) {
        offset = doubtful = scanned.offset;
        continue;
      }
      const what = scanned.stop === 'torn' ? 'the end of a record is missing' : 'a record is not what was written';
      if (damaged) found.damage(file, scanned.offset, what);
      else found.torn = { file, offset: scanned.offset, what, bytes: size - scanned.offset };
      offset = damaged ? ((await nextFrame(handle, scanned.offset, size)) ?? size) : size;
    }
    return size;
  } finally {
    await handle.close();
  }
}

/** What our own errors say is a finding; others end the search. */
function said(error: unknown): LogCorruptError | LogVersionError {
  if (error instanceof LogCorruptError || error instanceof LogVersionError) return error;
  throw error;
}
