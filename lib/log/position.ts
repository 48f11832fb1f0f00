import { expected } from '../internal/options.ts';
import type { Position } from './EventLog.ts';

/** The place right behind an event. Numbers are inclusive where these are exclusive, so the two must look different. */
export const positionOf = (seq: number): Position => `@${seq}` as Position;

/**
 * The first `seq` that a reader from here wants.
 *
 * @throws ConfigError
 */
export function firstWanted(from: Position | number, owner: string): number {
  if (typeof from === 'number') {
    return Number.isSafeInteger(from) && from > 0 ? from : expected(owner, 'a seq from 1 up, or a position', from);
  }
  const seq = /^@(\d+)$/.exec(from)?.[1];
  return seq === undefined
    ? expected(owner, 'a seq from 1 up, or a position that this log gave', from)
    : Number(seq) + 1;
}
