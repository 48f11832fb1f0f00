import { expected, knownOptions, oneOf, positiveNumber } from '../internal/options.ts';
import { type Duration, milliseconds } from '../time/duration.ts';
import { named } from './lease.ts';
import { FixedWindow } from './policies/fixedWindow.ts';
import { Gcra } from './policies/gcra.ts';
import type { MakePolicy } from './policies/policy.ts';
import { teach } from './policies/policyOf.ts';
import { SlidingWindow } from './policies/slidingWindow.ts';
import type { LimiterSpec, Strategy } from './spec.ts';

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

const limiter: MakePolicy = (spec) => {
  const settings = spec as LimiterSpec;
  switch (settings.strategy) {
    case 'sliding-window':
      return new SlidingWindow(settings);
    case 'fixed-window':
      return new FixedWindow(settings);
    case 'token-bucket':
    case 'leaky-bucket':
      return new Gcra(settings);
  }
};

/** Describes a pace: at most `limit` in each `per`, counted by `strategy`. */
export function rateLimiter(name: string, options: LimiterOptions): LimiterSpec {
  const owner = `rateLimiter('${named('limiter', name)}')`;
  teach('limiter', limiter);
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
