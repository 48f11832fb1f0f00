import { flag, knownOptions } from '../internal/options.ts';
import { leased, type LeaseOptions, named } from './lease.ts';
import type { MutexSpec } from './spec.ts';

export interface MutexOptions extends LeaseOptions {
  /** Work that holds the mutex may enter it again. Default `false`: that is a `DeadlockError`. */
  readonly reentrant?: boolean;
}

/** Describes a lock: one holder at a time, first come, first served. */
export function mutex(name: string, options: MutexOptions = {}): MutexSpec {
  const owner = `mutex('${named('mutex', name)}')`;
  knownOptions(owner, options, ['ttl', 'renew', 'reentrant']);
  const { reentrant = false } = options;
  return { kind: 'mutex', name, ...leased(owner, options), reentrant: flag(reentrant, `${owner}.reentrant`) };
}
