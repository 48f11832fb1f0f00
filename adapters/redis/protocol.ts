import type { GateSpec } from '../../lib/gates/spec.ts';
import type { PolicyName } from './scripts.ts';

/** A description in the terms of the scripts. */
export interface Protocol {
  readonly policy: PolicyName;
  /** How long a lease lasts that is not renewed, ms. */
  readonly ttl: number;
  /** Whether a lease is kept while its work runs. */
  readonly renews: boolean;
  /** Whether work has to stop when its lease is over: not that of a quota, which is charged in full then. */
  readonly lapses: boolean;
  /** The description, in the one way in which everybody writes it down. */
  readonly description: string;
  /** What is the same in all commands to the gate: ARGV[2] to ARGV[7]. */
  readonly args: readonly string[];
}

const micros = (ms: number): string => `${ms * 1000}`;

/** Names and settings, in one order whoever wrote them down. */
const written = (spec: GateSpec): string => JSON.stringify(Object.entries(spec).sort(([a], [b]) => (a < b ? -1 : 1)));

/**
 * @param crashTtl How long a lease without a ttl of its own survives its process, ms.
 * @param grace How long a waiter may take to claim, ms.
 */
export function protocolOf(spec: GateSpec, crashTtl: number, grace: number): Protocol {
  const make = (
    policy: PolicyName,
    [limit, per, extra]: readonly [limit: number, per: number, extra: number | string],
    lease: { readonly ttl?: number; readonly renew?: boolean; readonly lapses?: boolean } = {},
  ): Protocol => {
    const { ttl = Infinity, renew = true, lapses = true } = lease;
    const length = ttl === Infinity ? crashTtl : ttl;
    const description = written(spec);
    return {
      description,
      policy,
      ttl: length,
      renews: renew,
      lapses,
      args: [micros(length), micros(grace), description, `${limit}`, micros(per), `${extra}`],
    };
  };
  switch (spec.kind) {
    case 'mutex':
      return make('permits', [1, 0, 0], spec);
    case 'readWriteLock':
      return make('permits', [1, 0, 'phases'], spec);
    case 'semaphore':
      return make('permits', [spec.permits, 0, 0], spec);
    case 'quota':
      return make('budget', [spec.limit, spec.per, spec.anchor * 1000], { lapses: false });
    case 'barrier':
      return make('gathering', [spec.parties, spec.timeout === Infinity ? 0 : spec.timeout, spec.onLeave]);
    case 'limiter':
      return make(limiters[spec.strategy === 'sliding-window' ? spec.from : spec.strategy], [
        spec.limit,
        spec.per,
        spec.burst,
      ]);
  }
}

const limiters = {
  dispatch: 'fromDispatch',
  release: 'fromRelease',
  'token-bucket': 'tokenBucket',
  'fixed-window': 'fixedWindow',
  'leaky-bucket': 'leakyBucket',
} as const;

const escaped = (name: string): string => name.replace(/[%{}]/g, encodeURIComponent);

/** What all keys of a name begin with. All of them are in one slot, which the braces say. */
export const stemOf = (prefix: string, name: string): string => `${prefix}:{${escaped(name)}}`;

/** The keys of a gate: all parts of one name, whatever its keys, are in one slot. */
export function keysOf(prefix: string, name: string, key: string | undefined): readonly string[] {
  const stem = stemOf(prefix, name);
  const parts = (of: string): string[] => ['g', 'q', 'w', 'l'].map((part) => `${stem}:${part}${of}`);
  return key === undefined ? parts('') : [...parts(`:${key}`), `${stem}:g`, `${stem}:k`];
}

/** The keys of a gate for an operation that looks after its keys too. */
export function keysWithIndex(prefix: string, name: string): readonly string[] {
  const keys = keysOf(prefix, name, undefined);
  return [...keys, keys[0] ?? '', `${stemOf(prefix, name)}:k`];
}
