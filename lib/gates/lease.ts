/** What descriptions of leases have in common. */
import { expected, flag } from '../internal/options.ts';
import { type Duration, milliseconds } from '../time/duration.ts';
import type { Leased } from './spec.ts';

/** The options of a lease. */
export interface LeaseOptions {
  /** How long a grant lasts unless it is renewed. Default: until it is given back. */
  readonly ttl?: Duration;
  /** Keep the lease while its work runs. Default `true`; `false` makes `ttl` the longest that anybody can hold. */
  readonly renew?: boolean;
}

export function named(kind: string, name: string): string {
  return typeof name === 'string' && name !== '' ? name : expected(`The name of a ${kind}`, 'a non-empty string', name);
}

export function leased(owner: string, { ttl, renew }: LeaseOptions): Leased {
  if (ttl === undefined && renew !== undefined) {
    expected(`${owner}.ttl`, 'given where renew is', ttl);
  }
  return {
    ttl: ttl === undefined ? Infinity : milliseconds(ttl, `${owner}.ttl`),
    renew: renew === undefined ? true : flag(renew, `${owner}.renew`),
  };
}
