import { knownOptions } from '../internal/options.ts';
import { leased, type LeaseOptions, named } from './lease.ts';
import { Permits } from './policies/permits.ts';
import { teach } from './policies/policyOf.ts';
import { insideAlready, joinReaders, reads } from './reading.ts';
import type { ReadWriteSpec } from './spec.ts';
import { taught } from './turns.ts';

/** A lock with two ways in. Either goes wherever a gate goes. */
export interface ReadWriteLock {
  readonly name: string;
  /** In here are any number at once, while nobody writes. */
  readonly read: ReadWriteSpec;
  /** In here is one alone. The bare name of the lock means this. */
  readonly write: ReadWriteSpec;
}

/**
 * Describes a lock that many may hold to read, or one to write. Fair to both: reading and writing take turns (phase-fair).
 *
 * ```
 * asks    r1 r2 W1 r3 W2 r4
 * inside  r1+r2  W1  r3+r4  W2
 * ```
 *
 * While a writer waits, new readers wait too; when a writer is done, all readers who wait enter together, and when the last of
 * them is done, the next writer does. So a reader waits for one writer at most, and a writer for one round of readers and the
 * writers before it. A `priority` puts a writer before other writers, and a reader before those of a lower priority.
 *
 * Who writes may read on. Who reads cannot become a writer: two who tried would wait for each other for ever, so it is refused
 * with a `DeadlockError` at once. Write from the start, or give the reading back first, and read again what may have changed.
 *
 * `ttl` and `renew` are those of every lease, with fences for readers and writers alike. A request has no `cost`.
 *
 * @throws ConfigError for a bad option.
 * @example
 * ```ts
 * const catalogue = readWriteLock('catalogue', { ttl: '30s' });
 * await run(catalogue.read, () => search('chairs'));
 * await run(catalogue.write, ({ fence }) => replace(catalogue, fence));
 * ```
 */
export function readWriteLock(name: string, options: LeaseOptions = {}): ReadWriteLock {
  teach('readWriteLock', (spec) => new Permits(spec as ReadWriteSpec));
  taught.turns = { reads, insideAlready, joinReaders };
  const owner = `readWriteLock('${named('readWriteLock', name)}')`;
  knownOptions(owner, options, ['ttl', 'renew']);
  const write: ReadWriteSpec = { kind: 'readWriteLock', name, ...leased(owner, options), mode: 'write' };
  return { name, read: { ...write, mode: 'read' }, write };
}
