import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';

const smallest = 64 * 1024;
const largest = 256 * 1024;
/** So much of what is there may be kept in front of what was read ahead. */
const margin = 64 * 1024;
const none: Buffer = Buffer.alloc(0);

/** What comes next in a file, on its way into a buffer behind the margin. */
interface Ahead {
  readonly offset: number;
  readonly buffer: Buffer;
  /** Resolves to whether all of it is there. */
  readonly there: Promise<boolean>;
}

/**
 * The piece of a file that is in memory just now. It moves along with whoever reads, in larger steps the longer it reads on, and in
 * the end a step ahead.
 */
export class Pane {
  buffer: Buffer = none;
  /** How much of the buffer is filled. */
  filled = 0;
  /** Where in the file the buffer begins. */
  offset = 0;
  #step = smallest;
  #ahead: Ahead | null = null;
  /** That in which the present piece is, and the one for the next. */
  #used: Buffer | null = null;
  #free: Buffer | null = null;

  /** How much is there from a place of the file on. */
  has(offset: number): number {
    return offset < this.offset ? 0 : Math.max(0, this.offset + this.filled - offset);
  }

  /** Brings in what stands from `offset` on, `need` bytes or more if there are so many before `end`. */
  async load(file: FileHandle, offset: number, need: number, end: number): Promise<void> {
    const kept = this.has(offset);
    const ahead = this.#ahead;
    this.#ahead = null;
    if (ahead?.offset === offset + kept && kept <= margin && need <= kept + largest && (await ahead.there)) {
      this.#take(ahead.buffer, offset, kept);
      this.#readOn(file, end);
      return;
    }
    const onward = this.filled > 0 && offset >= this.offset && offset <= this.offset + this.filled;
    this.#step = onward ? Math.min(this.#step * 2, largest) : smallest;
    const size = Math.min(Math.max(need, this.#step), end - offset);
    const old = this.buffer;
    if (old.length < size) this.buffer = Buffer.allocUnsafeSlow(Math.max(size, Math.min(this.#step, largest)));
    if (kept > 0) old.copy(this.buffer, 0, offset - this.offset, offset - this.offset + kept);
    this.offset = offset;
    this.filled = kept;
    while (this.filled < size) {
      const { bytesRead } = await file.read(this.buffer, this.filled, size - this.filled, offset + this.filled);
      if (bytesRead === 0) return;
      this.filled += bytesRead;
    }
    this.#readOn(file, end);
  }

  #take(buffer: Buffer, offset: number, kept: number): void {
    this.buffer.copy(buffer, margin - kept, this.filled - kept, this.filled);
    this.#free = this.#used;
    this.#used = buffer;
    this.buffer = buffer.subarray(margin - kept);
    this.offset = offset;
    this.filled = kept + largest;
  }

  /** Brings in what comes next while that is looked at which is there, where there is a whole step of it. */
  #readOn(file: FileHandle, end: number): void {
    const offset = this.offset + this.filled;
    if (this.#step < largest || offset + largest > end) return;
    const buffer = this.#free ?? Buffer.allocUnsafeSlow(margin + largest);
    this.#free = null;
    const there = file.read(buffer, margin, largest, offset).then(
      ({ bytesRead }) => bytesRead === largest,
      // Whoever really wants it tries again, and hears what is wrong.
      () => false,
    );
    this.#ahead = { offset, buffer, there };
  }

  /** Forgets what it has: whoever waits needs no memory. */
  clear(): void {
    this.buffer = none;
    this.filled = 0;
    this.#step = smallest;
    this.#ahead = null;
    this.#used = null;
    this.#free = null;
  }
}
