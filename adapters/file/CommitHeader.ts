import { Buffer } from 'node:buffer';
import type { Frame } from './frames.ts';

const seqKey = ',"seq":'.length;
const eventsKey = ',"events":'.length;
const atKey = ',"at":'.length;
const epochKey = ',"epoch":'.length;
const commitsKey = Buffer.from(',"commits":');
const zero = 48;
const comma = 44;
const brace = 125;

/**
 * What a reader wants to know of the commits of one stream, read from the bytes of their headers: parsing that of a small commit as
 * JSON would cost as much as the event behind it. One object serves all.
 */
export class CommitHeader {
  commit = 0;
  seq = 0;
  /** Of all the commits in the frame together. */
  events = 0;
  /** How many commits those are; they have as many events each. */
  commits = 1;
  at = 0;
  close = false;
  readonly #prefix: Buffer;
  #next = 0;

  constructor(stream: string) {
    this.#prefix = Buffer.from(`,"op":"commit","stream":${JSON.stringify(stream)},"commit":`);
  }

  /** Whether a frame is a commit of the stream. */
  matches(frame: Frame, buffer: Buffer): boolean {
    const prefix = this.#prefix;
    const { fields } = frame;
    // From behind, where the names of streams differ.
    for (let i = prefix.length - 1; i >= 0; i--) if (buffer[fields + i] !== prefix[i]) return false;
    return true;
  }

  /** Reads the header of such a frame, which must be intact: then each field is where a writer puts it. */
  read(frame: Frame, buffer: Buffer): void {
    this.#next = frame.fields + this.#prefix.length;
    this.commit = this.#number(buffer, 0);
    this.seq = this.#number(buffer, seqKey);
    this.events = this.#number(buffer, eventsKey);
    this.at = this.#number(buffer, atKey);
    // A clock may have fractions of a millisecond.
    const whole = buffer[this.#next] === comma;
    if (whole) this.#number(buffer, epochKey);
    this.close = false;
    this.commits = whole && this.#isNext(buffer, commitsKey) ? this.#number(buffer, commitsKey.length) : 1;
    if (!whole || buffer[this.#next] !== brace) this.#parse(frame, buffer);
  }

  #isNext(buffer: Buffer, key: Buffer): boolean {
    for (let i = 0; i < key.length; i++) if (buffer[this.#next + i] !== key[i]) return false;
    return true;
  }

  #number(buffer: Buffer, skip: number): number {
    let next = this.#next + skip;
    let value = 0;
    for (let sign = buffer[next]!; sign >= zero && sign <= zero + 9; sign = buffer[++next]!)
      value = value * 10 + sign - zero;
    this.#next = next;
    return value;
  }

  #parse(frame: Frame, buffer: Buffer): void {
    const record = frame.record(buffer);
    if (record.op !== 'commit') return;
    this.at = record.at;
    this.close = record.close === true;
    this.commits = record.commits ?? 1;
  }
}
