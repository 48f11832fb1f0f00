import { Buffer } from 'node:buffer';
import type { ContentsSnapshot } from './Contents.ts';
import { frameText, seal, type FileRecord } from './frames.ts';

const smallest = 64 * 1024;
/** A buffer that a rare burst has made larger than that is not kept. */
const largest = 8 * 1024 * 1024;

let spare: Buffer | null = null;

/** Frames that go to the disk together, and those who wait for that. */
export class Batch<P> {
  /** It begins a new segment; this is what the log holds where it begins. */
  readonly opens: ContentsSnapshot | null;
  buffer: Buffer;
  length = 0;
  /** Who is content when it was written, and who waits until it is where the log promises to bring it. */
  readonly early: P[] = [];
  readonly waiting: P[] = [];
  /** The streams with something in it. */
  readonly streams: Set<string> = new Set();

  constructor(opens: ContentsSnapshot | null) {
    this.opens = opens;
    this.buffer = spare ?? Buffer.allocUnsafeSlow(smallest);
    spare = null;
  }

  /** Adds a frame and answers how many bytes it has. */
  add(record: FileRecord, texts: readonly string[]): number {
    const text = frameText(
      record,
      texts.length === 0 ? '' : texts.length === 1 ? `${texts[0]}\n` : `${texts.join('\n')}\n`,
    );
    this.#reserve(text);
    const bytes = this.buffer.write(text, this.length);
    seal(this.buffer, this.length, this.length + bytes);
    this.length += bytes;
    if ('stream' in record) this.streams.add(record.stream);
    return bytes;
  }

  /** Lets the next batch have the buffer. */
  recycle(): void {
    if (this.buffer.length <= largest) spare = this.buffer;
  }

  #reserve(text: string): void {
    // No sign takes more than three bytes, so that most texts need no closer look.
    if (this.length + text.length * 3 <= this.buffer.length) return;
    const needed = this.length + Buffer.byteLength(text);
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}
