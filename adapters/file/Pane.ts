import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';

const smallest = 64 * 1024;
const largest = 512 * 1024;
const none: Buffer = Buffer.alloc(0);

/** The piece of a file that is in memory just now. It moves along with whoever reads, in larger steps the longer it reads on. */
export class Pane {
  buffer: Buffer = none;
  /** How much of the buffer is filled. */
  filled = 0;
  /** Where in the file the buffer begins. */
  offset = 0;
  #step = smallest;

  /** How much is there from a place of the file on. */
  has(offset: number): number {
    return offset < this.offset ? 0 : Math.max(0, this.offset + this.filled - offset);
  }

  /** Brings in what stands from `offset` on, `need` bytes or more if there are so many before `end`. */
  async load(file: FileHandle, offset: number, need: number, end: number): Promise<void> {
    const kept = this.has(offset);
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
  }

  /** Forgets what it has: whoever waits needs no memory. */
  clear(): void {
    this.buffer = none;
    this.filled = 0;
    this.#step = smallest;
  }
}
