/**
 * The bytes of a segment. After its first line come frames: a header, which is one line of JSON, and the events of the commit, or
 * of several that were written together, a line each. The header begins with a checksum of everything behind it and the length of
 * the event lines, so a frame is checked in one call and skipped in one step. `docs/file-log.md` describes it for people.
 */
import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import type { LogRecord } from '../../lib/log/records.ts';

/** Segments were deleted, with everything in them. */
export interface DropRecord {
  readonly op: 'drop';
  readonly segments: readonly number[];
  readonly at: number;
}

export type FileRecord = LogRecord | DropRecord;

/** `{"crc":"` and what it covers: everything behind its eight digits. */
const digitsAt = 8;
const coveredAt = 16;
const start: Buffer = Buffer.from('{"crc":"');
const bytesKey: Buffer = Buffer.from('","bytes":');
const fromKey: Buffer = Buffer.from(',"from":');
const newline = 10;
const zero = 48;
const comma = 44;

/** In bytes of UTF-8, without the ends of its lines. */
export const largestCommit: number = 64 * 1024 * 1024;
/** Of the lines of a frame, and of a header: as many ends as the largest commit has signs, and small commits before it, are less. What is longer is no frame. */
const longest: number = 3 * largestCommit;

const digit = (value: number): number => value + (value < 10 ? zero : 87);

/**
 * The first line of a frame, with zeros for its checksum.
 *
 * @param from Where in the file that begins which is written together with it. `null`: with this frame.
 */
export const headerText = (record: FileRecord, bytes: number, from: number | null): string =>
  `{"crc":"00000000","bytes":${bytes},${from === null ? '' : `"from":${from},`}${JSON.stringify(record).slice(1)}\n`;

/** Puts the checksum into a frame that was written between two places of a buffer. */
export function seal(buffer: Buffer, from: number, to: number): void {
  let crc = crc32(buffer.subarray(from + coveredAt, to));
  for (let i = coveredAt - 1; i >= digitsAt; i--) {
    buffer[from + i] = digit(crc & 15);
    crc >>>= 4;
  }
}

/** A frame in a buffer; one object serves a whole scan. */
export class Frame {
  /** Where its header begins. */
  start = 0;
  /** Where in its file that begins which was written together with it. `null`: with this frame. */
  from: number | null = null;
  /** Where the fields of the record begin in the header, at the comma before them. */
  fields = 0;
  /** Where its event lines begin. */
  lines = 0;
  /** Where it ends. */
  end = 0;

  /**
   * Finds the frame that starts at a place of a buffer. 0: here it is. -1: this is none. Else as many bytes as would be needed
   * from `at` to say more.
   */
  find(buffer: Buffer, at: number, filled: number): number {
    const here = at < 0 ? 0 : filled - at;
    for (let i = 0; i < start.length && i < here; i++) if (buffer[at + i] !== start[i]) return -1;
    if (here < coveredAt + bytesKey.length) return 256;
    for (let i = 0; i < bytesKey.length; i++) if (buffer[at + coveredAt + i] !== bytesKey[i]) return -1;
    let next = at + coveredAt + bytesKey.length;
    let length = 0;
    for (; next < filled && buffer[next] !== comma; next++) {
      const value = buffer[next]! - zero;
      if (value < 0 || value > 9) return -1;
      length = length * 10 + value;
      if (length > longest) return -1;
    }
    if (next === filled) return 256;
    const line = buffer.indexOf(newline, next);
    if (line < 0 || line >= filled) return here < longest ? here * 2 : -1;
    this.start = at;
    this.from = null;
    this.fields = next;
    if (fromKey.every((sign, i) => buffer[next + i] === sign)) this.#readFrom(buffer, next + fromKey.length);
    this.lines = line + 1;
    this.end = this.lines + length;
    return this.end <= filled ? 0 : this.end - at;
  }

  #readFrom(buffer: Buffer, at: number): void {
    const end = buffer.indexOf(comma, at);
    this.from = Number(buffer.toString('latin1', at, end));
    this.fields = end;
  }

  /** Whether it is what was written. */
  intact(buffer: Buffer): boolean {
    let crc = crc32(buffer.subarray(this.start + coveredAt, this.end));
    for (let i = this.start + coveredAt - 1; i >= this.start + digitsAt; i--) {
      if (buffer[i] !== digit(crc & 15)) return false;
      crc >>>= 4;
    }
    return true;
  }

  record(buffer: Buffer): FileRecord {
    return JSON.parse(`{${buffer.toString('utf8', this.fields + 1, this.lines - 1)}`) as FileRecord;
  }
}
