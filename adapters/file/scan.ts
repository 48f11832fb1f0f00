import type { FileHandle } from 'node:fs/promises';
import { Frame } from './frames.ts';
import { Pane } from './Pane.ts';
import { isRoom } from './room.ts';

/** Where a scan has come to, and why not further. */
export interface Scanned {
  readonly offset: number;
  /** `'end'`: there is no more, or nothing but room. `'torn'`: a frame begins here whose end is not there. `'damaged'`: this is no frame, or not what was written. */
  readonly stop: 'end' | 'torn' | 'damaged';
}

/**
 * Shows every frame between two places of a file, checked, and stops at the first that is not whole.
 *
 * @param visit Gets the buffer that the frame is in, for the time of the call.
 */
export async function scan(
  file: FileHandle,
  from: number,
  end: number,
  visit: (frame: Frame, buffer: Buffer, offset: number) => void,
): Promise<Scanned> {
  const pane = new Pane();
  const frame = new Frame();
  let offset = from;
  while (offset < end) {
    const found = frame.find(pane.buffer, offset - pane.offset, pane.filled);
    if (found < 0) return { offset, stop: (await onlyRoom(file, offset, end, pane)) ? 'end' : 'damaged' };
    if (found > 0) {
      const before = pane.has(offset);
      await pane.load(file, offset, found, end);
      // All there is was not enough.
      if (pane.has(offset) === before) return { offset, stop: 'torn' };
      continue;
    }
    if (!frame.intact(pane.buffer)) return { offset, stop: 'damaged' };
    visit(frame, pane.buffer, offset);
    offset = pane.offset + frame.end;
  }
  return { offset, stop: 'end' };
}

async function onlyRoom(file: FileHandle, from: number, end: number, pane: Pane): Promise<boolean> {
  for (let offset = from; offset < end;) {
    if (pane.has(offset) === 0) await pane.load(file, offset, 1, end);
    const at = offset - pane.offset;
    if (pane.has(offset) === 0 || !isRoom(pane.buffer, at, pane.filled)) return false;
    offset += pane.filled - at;
  }
  return true;
}

/** Whether something was written when what is not whole here was there already, so that it is not the torn end of a file. */
export const wasWhole = async (file: FileHandle, at: number, end: number): Promise<boolean> =>
  (await nextFrame(file, at, end, at)) !== null;

/**
 * The first whole frame behind a place.
 *
 * @param since Looks for one that was written after all before this place had been written. What is written in one step comes to
 * the disk in any order: of what was on its way when the power failed, there may be an end without a beginning. Default: for any.
 */
export async function nextFrame(file: FileHandle, behind: number, end: number, since = -1): Promise<number | null> {
  const pane = new Pane();
  const frame = new Frame();
  for (let offset = behind + 1; offset < end;) {
    if (pane.has(offset) < 64) await pane.load(file, offset, 64, end);
    // The file is shorter than it was said to be.
    if (pane.has(offset) === 0) return null;
    // Wherever it may begin: the end of the line before it may be what is damaged.
    const at = pane.buffer.subarray(0, pane.filled).indexOf('{"crc":"', offset - pane.offset);
    if (at < 0) {
      // The needle may lie across the border.
      offset = Math.max(offset + 1, pane.offset + pane.filled - 7);
      if (pane.offset + pane.filled >= end) return null;
      continue;
    }
    const candidate = pane.offset + at;
    if ((await wholeAt(file, candidate, end, pane, frame)) && (frame.from ?? candidate) > since) return candidate;
    offset = candidate + 1;
  }
  return null;
}

async function wholeAt(file: FileHandle, offset: number, end: number, pane: Pane, frame: Frame): Promise<boolean> {
  for (;;) {
    const found = frame.find(pane.buffer, offset - pane.offset, pane.filled);
    if (found === 0) return frame.intact(pane.buffer);
    const before = pane.has(offset);
    if (found < 0 || offset + found > end) {
      if (found < 0 || before >= end - offset) return false;
    }
    await pane.load(file, offset, Math.min(found, end - offset), end);
    if (pane.has(offset) === before) return false;
  }
}
