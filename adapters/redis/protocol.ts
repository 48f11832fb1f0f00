import type { GateSpec } from '../../lib/gates/spec.ts';
import { hasList, type PolicyName } from './scripts.ts';

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
  /** What is the same in all commands to the gate: ARGV[2] to ARGV[4]. */
  readonly args: readonly string[];
  /** Whether its policy has a key of its own. */
  readonly list: boolean;
}

const micros = (ms: number): string => `${ms * 1000}`;

/** Names and settings, in one order whoever wrote them down. */
const written = (spec: GateSpec): string => JSON.stringify(Object.entries(spec).sort(([a], [b]) => (a < b ? -1 : 1)));

/** The description in the terms of a gate, which come after three settings. */
export const describedBy = (terms: string): object =>
  Object.fromEntries(JSON.parse(terms.slice(terms.indexOf('['))) as [string, unknown][]);

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
      args: [`${limit} ${micros(per)} ${extra} ${description}`, micros(length), micros(grace)],
      list: hasList(policy),
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

/** The keys of a gate, or of one of its keys: all parts of one name, whatever its keys, are in one slot. */
export function keysOf(stem: string, list: boolean, key: string | undefined): readonly string[] {
  const parts = (of: string): string[] => ['g', 'q', 'w', ...(list ? ['l'] : [])].map((part) => `${stem}:${part}${of}`);
  return key === undefined ? parts('') : [...parts(`:${key}`), ...indexOf(stem)];
}

/** The keys of a gate for an operation that looks after its keys too. */
export const keysWithIndex = (stem: string, list: boolean): readonly string[] => [
  ...keysOf(stem, list, undefined),
  ...indexOf(stem),
];

const indexOf = (stem: string): readonly string[] => [`${stem}:g`, `${stem}:k`];
