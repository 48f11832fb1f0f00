import type { Contents } from './Contents.ts';

/** How much of a log is kept. */
export interface Limits {
  /** Of all segments. */
  readonly bytes: number;
  /** Milliseconds. */
  readonly age: number;
}

/**
 * The segments that may go: those in which nothing is left that was not trimmed or removed, and, from the oldest on, those
 * that are too old or too much. All are before `needed`, and where one stays for its age and size, younger ones do too.
 */
export function droppable(contents: Contents, limits: Limits, needed: number, now: number): readonly number[] {
  const segments = [...contents.segments.values()];
  const live = contents.places.live(contents.ledger);
  let total = segments.reduce((sum, { bytes }) => sum + bytes, 0);
  let surplus = true;
  return segments.flatMap(({ segment, bytes, to }) => {
    surplus &&= total > limits.bytes || to < now - limits.age;
    if (segment >= needed || !(surplus || !live.has(segment))) return [];
    total -= bytes;
    return [segment];
  });
}
