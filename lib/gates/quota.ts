import { expected, knownOptions, positiveNumber } from '../internal/options.ts';
import { type Duration, milliseconds } from '../time/duration.ts';
import { named } from './lease.ts';
import { Budget } from './policies/budget.ts';
import { teach } from './policies/policyOf.ts';
import type { QuotaSpec } from './spec.ts';

export interface QuotaOptions {
  /** How many units there are in each period. */
  readonly limit: number;
  /** The length of a period. */
  readonly per: Duration;
  /** When a period began: a Date or milliseconds since 1970. Default: 1970-01-01T00:00Z, so that `'1h'` is the clock's hour in UTC. */
  readonly anchor?: Date | number;
}

/** Describes a budget that is full again at each period. A grant reserves its `cost`; `charge` says what it really was. */
export function quota(name: string, options: QuotaOptions): QuotaSpec {
  const owner = `quota('${named('quota', name)}')`;
  teach('quota', (spec, clock) => new Budget(spec as QuotaSpec, clock));
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
