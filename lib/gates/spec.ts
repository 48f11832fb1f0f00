/** Descriptions of gates: plain data, valid in any backend, checked when made. */
import { flag, knownOptions, oneOf, positiveInteger, positiveNumber, expected } from '../internal/options.ts';
import { type Duration, milliseconds } from '../time/duration.ts';

/** How a rate limiter counts. */
export type Strategy = 'sliding-window' | 'token-bucket' | 'fixed-window' | 'leaky-bucket';

interface Named {
  readonly name: string;
}

interface Leased {
  /** Milliseconds; `Infinity`: no end. */
  readonly ttl: number;
  /** Whether the lease is kept while the work runs. */
  readonly renew: boolean;
}

export interface MutexSpec extends Named, Leased {
  readonly kind: 'mutex';
  readonly reentrant: boolean;
}

export interface SemaphoreSpec extends Named, Leased {
  readonly kind: 'semaphore';
  readonly permits: number;
}

export interface QuotaSpec extends Named {
  readonly kind: 'quota';
  readonly limit: number;
  readonly per: number;
  readonly anchor: number;
}

export interface BarrierSpec extends Named {
  readonly kind: 'barrier';
  readonly parties: number;
  readonly timeout: number;
  readonly onLeave: 'break' | 'forget';
}

export interface LimiterSpec extends Named {
  readonly kind: 'limiter';
  readonly strategy: Strategy;
  readonly limit: number;
  readonly per: number;
  /** Token bucket: how many may go at once; for the others the same as `limit`. */
  readonly burst: number;
  readonly from: 'dispatch' | 'release';
}

export type GateSpec = MutexSpec | SemaphoreSpec | QuotaSpec | BarrierSpec | LimiterSpec;

/** What can change while a gate is in use. */
export interface SpecPatch {
  /** Semaphores. */
  readonly permits?: number;
  /** Quotas and limiters. */
  readonly limit?: number;
  /** Quotas and limiters. */
  readonly per?: Duration;
  /** Token buckets. */
  readonly burst?: number;
  /** Barriers. */
  readonly parties?: number;
  /** Nobody enters before this time: a Date, or milliseconds since 1970. */
  readonly pauseUntil?: Date | number;
}

/** The options of a lease. */
export interface LeaseOptions {
  /** How long a grant lasts unless it is renewed. Default: until it is given back. */
  readonly ttl?: Duration;
  /** Keep the lease while its work runs. Default `true`; `false` makes `ttl` the longest that anybody can hold. */
  readonly renew?: boolean;
}

export interface MutexOptions extends LeaseOptions {
  /** Work that holds the mutex may enter it again. Default `false`: that is a `DeadlockError`. */
  readonly reentrant?: boolean;
}

export interface SemaphoreOptions extends LeaseOptions {
  /** How many permits there are, a positive integer. */
  readonly permits: number;
}

export interface QuotaOptions {
  /** How many units there are in each period. */
  readonly limit: number;
  /** The length of a period. */
  readonly per: Duration;
  /** When a period began: a Date or milliseconds since 1970. Default: 1970-01-01T00:00Z, so that `'1h'` is the clock's hour in UTC. */
  readonly anchor?: Date | number;
}

export interface BarrierOptions {
  /** How many must arrive before anybody goes on. */
  readonly parties: number;
  /** How long after the first arrival the others may take. Default: for ever. */
  readonly timeout?: Duration;
  /** What a party that leaves does to those who wait: `'break'` (default) fails them, `'forget'` lets them wait for another one. */
  readonly onLeave?: 'break' | 'forget';
}

export interface LimiterOptions {
  /** How many calls, or units of cost, in each `per`. */
  readonly limit: number;
  readonly per: Duration;
  /** `'sliding-window'` (default) is exact: never more than `limit` in any `per`. */
  readonly strategy?: Strategy;
  /** Token bucket only: how many may go at once after a rest. Default `limit`. */
  readonly burst?: number;
  /**
   * Sliding window only: from when a call counts. `'dispatch'` (default): from its start. `'release'`: until `per` after its
   * end, so that jitter on the way to a server can never exceed the server's own limit.
   */
  readonly from?: 'dispatch' | 'release';
}

function named(kind: string, name: string): string {
  return typeof name === 'string' && name !== '' ? name : expected(`The name of a ${kind}`, 'a non-empty string', name);
}

function leased(owner: string, { ttl, renew }: LeaseOptions): Leased {
  if (ttl === undefined && renew !== undefined) {
    expected(`${owner}.ttl`, 'given where renew is', ttl);
  }
  return {
    ttl: ttl === undefined ? Infinity : milliseconds(ttl, `${owner}.ttl`),
    renew: renew === undefined ? true : flag(renew, `${owner}.renew`),
  };
}

/** Describes a lock: one holder at a time, first come, first served. */
export function mutex(name: string, options: MutexOptions = {}): MutexSpec {
  const owner = `mutex('${named('mutex', name)}')`;
  knownOptions(owner, options, ['ttl', 'renew', 'reentrant']);
  const { reentrant = false } = options;
  return { kind: 'mutex', name, ...leased(owner, options), reentrant: flag(reentrant, `${owner}.reentrant`) };
}

/** Describes permits that go round. A request may take several (`cost`); a large one at the head is not overtaken. */
export function semaphore(name: string, options: SemaphoreOptions): SemaphoreSpec {
  const owner = `semaphore('${named('semaphore', name)}')`;
  knownOptions(owner, options, ['permits', 'ttl', 'renew']);
  return { kind: 'semaphore', name, permits: positiveInteger(options.permits, `${owner}.permits`), ...leased(owner, options) };
}

/** Describes a budget that is full again at each period. A grant reserves its `cost`; `charge` says what it really was. */
export function quota(name: string, options: QuotaOptions): QuotaSpec {
  const owner = `quota('${named('quota', name)}')`;
  knownOptions(owner, options, ['limit', 'per', 'anchor']);
  const anchor = Number(options.anchor ?? 0);
  if (!Number.isFinite(anchor)) expected(`${owner}.anchor`, 'a Date or milliseconds since 1970', options.anchor);
  return {
    kind: 'quota',
    name,
    limit: positiveNumber(options.limit, `${owner}.limit`),
    per: milliseconds(options.per, `${owner}.per`),
    anchor,
  };
}

/** Describes a meeting point: nobody goes on before `parties` have arrived; then it is ready for the next ones. */
export function cyclicBarrier(name: string, options: BarrierOptions): BarrierSpec {
  const owner = `cyclicBarrier('${named('barrier', name)}')`;
  knownOptions(owner, options, ['parties', 'timeout', 'onLeave']);
  return {
    kind: 'barrier',
    name,
    parties: positiveInteger(options.parties, `${owner}.parties`),
    timeout: options.timeout === undefined ? Infinity : milliseconds(options.timeout, `${owner}.timeout`),
    onLeave: oneOf(options.onLeave ?? 'break', ['break', 'forget'], `${owner}.onLeave`),
  };
}

/** Describes a pace: at most `limit` in each `per`, counted by `strategy`. */
export function rateLimiter(name: string, options: LimiterOptions): LimiterSpec {
  const owner = `rateLimiter('${named('limiter', name)}')`;
  knownOptions(owner, options, ['limit', 'per', 'strategy', 'burst', 'from']);
  const strategy = oneOf(
    options.strategy ?? 'sliding-window',
    ['sliding-window', 'token-bucket', 'fixed-window', 'leaky-bucket'],
    `${owner}.strategy`,
  );
  const limit = positiveNumber(options.limit, `${owner}.limit`);
  if (options.burst !== undefined && strategy !== 'token-bucket') {
    expected(`${owner}.burst`, "left out, since only a 'token-bucket' has one", options.burst);
  }
  const from = oneOf(options.from ?? 'dispatch', ['dispatch', 'release'], `${owner}.from`);
  if (from === 'release' && strategy !== 'sliding-window') {
    expected(`${owner}.from`, "'dispatch', since only a 'sliding-window' counts from the release", from);
  }
  return {
    kind: 'limiter',
    name,
    strategy,
    limit,
    per: milliseconds(options.per, `${owner}.per`),
    burst: positiveNumber(options.burst ?? limit, `${owner}.burst`),
    from,
  };
}

/** The patches that a kind of gate takes. */
export const patches: Readonly<Record<GateSpec['kind'], readonly (keyof SpecPatch)[]>> = {
  mutex: ['pauseUntil'],
  semaphore: ['permits', 'pauseUntil'],
  quota: ['limit', 'per', 'pauseUntil'],
  barrier: ['parties', 'pauseUntil'],
  limiter: ['limit', 'per', 'burst', 'pauseUntil'],
};

/** Whether two descriptions of one name agree. */
export function sameSpec(a: GateSpec, b: GateSpec): boolean {
  if (a === b) return true;
  for (const key of Object.keys(a) as (keyof GateSpec)[]) if (a[key] !== b[key]) return false;
  return true;
}

/** What a gate is called: its name, and its key if it has one. */
export const titleOf = ({ spec, key }: { readonly spec: GateSpec; readonly key: string | undefined }): string =>
  key === undefined ? spec.name : `${spec.name}[${key}]`;
