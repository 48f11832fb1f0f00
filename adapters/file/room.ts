import { Buffer } from 'node:buffer';

const size = 1024 * 1024;
let lines: Buffer | null = null;
const blank = (): Buffer => (lines ??= Buffer.alloc(size, '\n'));

/** Room for many more like what is written now: blank lines, which readers of JSON lines pass over. */
export const roomBehind = (length: number): Buffer => blank().subarray(0, length * 16);

/** Whether the bytes between two places of a buffer are room that a writer has made for itself. */
export function isRoom(buffer: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += size) {
    const length = Math.min(size, to - at);
    if (buffer.compare(blank(), 0, length, at, at + length) !== 0) return false;
  }
  return true;
}
