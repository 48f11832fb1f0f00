import { LogTrimmedError } from '../errors.ts';
import { flag, knownOptions, positiveInteger } from '../internal/options.ts';
import { list, name } from './checks.ts';
import type { Head, Position, ReadOptions } from './EventLog.ts';
import { firstWanted } from './position.ts';

/** What a reader wants, checked, before anything is known of the stream. */
export interface ReadRequest {
  readonly stream: string;
  readonly from: number | 'start' | 'end';
  /** The last `seq` wanted; `Infinity` if there is no such thing. */
  readonly to: number;
  readonly names: ReadonlySet<string> | null;
  readonly follow: boolean;
  readonly maxBuffer: number;
}

/** @throws ConfigError */
export function readRequest(stream: string, options: ReadOptions = {}): ReadRequest {
  name(stream, 'The stream of read');
  knownOptions('read', options, ['from', 'to', 'names', 'follow', 'maxBuffer']);
  const { from = 'start', to, names, follow = false, maxBuffer = 1_000 } = options;
  return {
    stream,
    // A position is a string too, but none of these two.
    from: from === 'start' ? 'start' : from === 'end' ? 'end' : firstWanted(from, 'read.from'),
    to: to === undefined ? Infinity : lastWanted(to),
    names: names === undefined ? null : new Set(list(names, 'read.names', name)),
    follow: flag(follow, 'read.follow'),
    maxBuffer: positiveInteger(maxBuffer, 'read.maxBuffer'),
  };
}

/** The `seq` of the head is a good end, also when it is 0. */
const lastWanted = (to: Position | number): number =>
  to === 0 ? 0 : typeof to === 'number' ? firstWanted(to, 'read.to') : firstWanted(to, 'read.to') - 1;

/**
 * The part of a stream that a reader gets.
 *
 * @param last The last `seq` that it waits for: with `follow` it may be far away.
 */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/**
 * What a request means for a stream as it is when somebody subscribes.
 *
 * @throws LogTrimmedError
 */
export function rangeOf({ stream, from, to, follow }: ReadRequest, head: Head | null): Range {
  const { firstSeq, lastSeq } = head ?? { firstSeq: 1, lastSeq: 0 };
  const first = from === 'start' ? firstSeq : from === 'end' ? lastSeq + 1 : from;
  checkTrimmed(stream, first, firstSeq);
  return { first, last: follow ? to : Math.min(to, lastSeq) };
}

/** @throws LogTrimmedError when the event that comes next is no longer there. */
export function checkTrimmed(stream: string, next: number, firstSeq: number): void {
  if (next >= firstSeq) return;
  throw new LogTrimmedError(`Event ${next} of '${stream}' was trimmed away: the first there is ${firstSeq}.`, {
    hint: "Read from 'start' if you can do without the others; otherwise trim later.",
    details: { stream, seq: next, firstSeq },
  });
}
