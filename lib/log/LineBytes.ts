import { newBytes, textOf, writeText } from '../internal/env.ts';

const smallest = 16 * 1024;
/** More than that is not kept for what comes next. */
const largest = 1024 * 1024;

/** Text in the making, as bytes of UTF-8 that are used over and over. */
export class LineBytes {
  bytes: Uint8Array = newBytes(smallest);
  /** Where what was written ends. */
  end = 0;

  /** Makes room for that many bytes behind a place; what is before it stays. */
  reserve(at: number, bytes: number): Uint8Array {
    const needed = at + bytes;
    if (needed <= this.bytes.length) return this.bytes;
    const larger = newBytes(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, at));
    return (this.bytes = larger);
  }

  /** Writes a text. */
  write(text: string): void {
    // No sign takes more than three bytes.
    this.end += writeText(this.reserve(this.end, text.length * 3), this.end, text);
  }

  /** The text of all that was written. */
  text(): string {
    return textOf(this.bytes, 0, this.end);
  }

  /** The same, which stays as it is. */
  copy(): LineBytes {
    const copy = new LineBytes();
    // Not by `slice`, which shares the bytes where they are a Buffer of Node.
    copy.reserve(0, this.end).set(this.bytes.subarray(0, this.end));
    copy.end = this.end;
    return copy;
  }

  /** Begins anew. */
  clear(): void {
    this.end = 0;
    if (this.bytes.length > largest) this.bytes = newBytes(smallest);
  }
}
