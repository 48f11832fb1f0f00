import { Buffer } from 'node:buffer';
import type { LineBytes } from '../../lib/log/LineBytes.ts';
import type { CommitRecord } from '../../lib/log/records.ts';
import type { ContentsSnapshot } from './Contents.ts';
import { Milestone } from './Milestone.ts';
import { headerText, seal, type FileRecord } from './frames.ts';

const smallest = 64 * 1024;
/** A buffer that a rare burst has made larger than that is not kept. */
const largest = 8 * 1024 * 1024;
/** A frame with that many bytes takes no more commits: who looks for one of them should not have to read much else. */
const full = 32 * 1024;
/** Lines come before their header is known; most headers have room in front of them here, and the rest moves them. */
const margin = 256;

let spare: Buffer | null = null;

/** Frames that go to the disk together. */
export class Batch {
  /** It begins a new segment; this is what the log holds where it begins. */
  readonly opens: ContentsSnapshot | null;
  buffer: Buffer;
  /** Where its frames end. */
  length = 0;
  /** The operating system has it. */
  readonly written: Milestone = new Milestone();
  /** It is where the log promises to bring it. */
  readonly done: Milestone = new Milestone();
  /** The streams with something in it. */
  readonly streams: Set<string> = new Set();
  /** The frame that gathers: its first record, how many there are like it, and where their lines end. */
  #first: FileRecord | null = null;
  #records = 0;
  #end = 0;
  /** Where in the file the first of its frames begins. */
  #from: number | null = null;

  constructor(opens: ContentsSnapshot | null) {
    this.opens = opens;
    this.buffer = spare ?? Buffer.allocUnsafeSlow(smallest);
    spare = null;
  }

  /** How many bytes of lines wait for their header. */
  get gathered(): number {
    return this.#first === null ? 0 : this.#end - this.length - margin;
  }

  /** Whether a record may stand in the frame that gathers: commits may that differ in nothing but their events. */
  takes(record: FileRecord): boolean {
    const first = this.#first;
    return first !== null && this.gathered < full && isPlain(first) && isPlain(record) && alike(first, record);
  }

  /** Adds a record to the frame that gathers, which it begins if there is none. */
  add(record: FileRecord, lines: LineBytes | null): void {
    const begins = this.#first === null;
    let end = begins ? this.length + margin : this.#end;
    if (lines !== null) {
      this.#reserve(end, lines.end);
      this.buffer.set(lines.bytes.subarray(0, lines.end), end);
      end += lines.end;
    }
    this.#end = end;
    if (!begins) this.#records++;
    else {
      this.#first = record;
      this.#records = 1;
      if ('stream' in record) this.streams.add(record.stream);
    }
  }

  /**
   * Ends the frame that gathers, and answers how many bytes it has; 0: there was none.
   *
   * @param offset Where in the file it will begin.
   */
  seal(offset: number): number {
    const first = this.#first;
    if (first === null) return 0;
    const header = headerText(merged(first, this.#records), this.gathered, this.#from);
    this.#from ??= offset;
    const bytes = Buffer.byteLength(header);
    this.#reserve(this.#end, bytes);
    const { buffer, length } = this;
    buffer.copyWithin(length + bytes, length + margin, this.#end);
    buffer.write(header, length);
    this.length = this.#end - margin + bytes;
    this.#first = null;
    seal(buffer, length, this.length);
    return this.length - length;
  }

  /** Lets the next batch have the buffer. */
  recycle(): void {
    if (this.buffer.length <= largest) spare = this.buffer;
  }

  #reserve(from: number, bytes: number): void {
    const needed = from + bytes;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, from);
    this.buffer = larger;
  }
}

/** Whether a record says nothing but where its events stand, as most do. */
const isPlain = (record: FileRecord): record is CommitRecord =>
  record.op === 'commit' &&
  record.events > 0 &&
  record.id === undefined &&
  record.once === undefined &&
  record.effects === undefined &&
  record.close === undefined;

const alike = (a: CommitRecord, b: CommitRecord): boolean =>
  a.stream === b.stream && a.at === b.at && a.epoch === b.epoch && a.events === b.events;

/** One record that says what several in a row do. */
const merged = (first: FileRecord, records: number): FileRecord =>
  records === 1
    ? first
    : { ...(first as CommitRecord), events: (first as CommitRecord).events * records, commits: records };
