/** What the smaller methods of a log are asked, checked and in the form that stores want it. All throw ConfigError. */
import { expected, flag, knownOptions, positiveInteger } from '../internal/options.ts';
import { milliseconds, type Duration } from '../time/duration.ts';
import { count, lasting, list, name, token } from './checks.ts';
import type { Position } from './EventLog.ts';
import { firstWanted } from './position.ts';

/** Leases to renew: the keys and tokens of some, and how long from now each is to last. */
export type Renewals = readonly { readonly key: string; readonly token: number; readonly ttl: number }[];

export function headRequest(stream: string): string {
  return name(stream, 'The stream of head');
}

/** How many are wanted. */
export function dueRequest(index: string, options: { readonly limit: number }): number {
  name(index, 'The index of due');
  knownOptions('due', options, ['limit']);
  return positiveInteger(options.limit, 'due.limit');
}

/** A copy. */
export function renewRequest(leases: Renewals): Renewals {
  return list(leases, 'renew', (lease, owner) => {
    knownOptions(owner, lease, ['key', 'token', 'ttl']);
    const { key, token: given, ttl } = lease;
    return { key: name(key, `${owner}.key`), token: token(given, `${owner}.token`), ttl: lasting(ttl, `${owner}.ttl`) };
  });
}

/** Whether a stream is wanted. */
export function streamsRequest(
  options: { readonly prefix?: string; readonly open?: boolean } = {},
): (stream: string, closed: boolean) => boolean {
  knownOptions('streams', options, ['prefix', 'open']);
  const { prefix = '', open } = options;
  if (typeof prefix !== 'string') expected('streams.prefix', 'a string', prefix);
  if (open !== undefined) flag(open, 'streams.open');
  return (stream, closed) => stream.startsWith(prefix) && closed !== open;
}

/** The first `seq` that stays. */
export function trimRequest(
  stream: string,
  options: { readonly before: Position | number; readonly force?: boolean },
): { readonly before: number; readonly force: boolean } {
  name(stream, 'The stream of trim');
  knownOptions('trim', options, ['before', 'force']);
  const { before, force = false } = options;
  return { before: firstWanted(before, 'trim.before'), force: flag(force, 'trim.force') };
}

/** The last `seq` that it must have. */
export function removeRequest(stream: string, options: { readonly expectedSeq: number }): number {
  name(stream, 'The stream of remove');
  knownOptions('remove', options, ['expectedSeq']);
  return count(options.expectedSeq, 'remove.expectedSeq');
}

/** How long to wait at most, in milliseconds. */
export function closeRequest(options: { readonly deadline?: Duration } = {}): number {
  knownOptions('close', options, ['deadline']);
  return milliseconds(options.deadline ?? Infinity, 'close.deadline', { zero: true, infinite: true });
}
