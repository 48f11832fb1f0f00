import { expected } from '../internal/options.ts';
import { cyclicBarrier, type BarrierOptions } from './cyclicBarrier.ts';
import { type LimiterOptions, rateLimiter } from './rateLimiter.ts';
import type { BarrierSpec, LimiterSpec, Strategy } from './spec.ts';

type Allowed<S extends Strategy> = S extends 'token-bucket' ? 'burst' : S extends 'sliding-window' ? 'from' : never;

/** The settings of a limiter whose strategy is known; with a `name` it is the gate of that name, else one of its own. */
export type InlineLimiter<S extends Strategy> = Pick<LimiterOptions, 'limit' | 'per' | Allowed<S>> & {
  readonly name?: string;
};

let made = 0;

/** A limiter with a strategy. Without a name it gets one that nobody else has, so that a `retry` does not refill it. */
export function limiterOf<S extends Strategy>(
  strategy: S,
  settings: InlineLimiter<S> | LimiterOptions,
  owner: string,
): LimiterSpec {
  if (typeof settings !== 'object' || settings === null)
    expected(`The limiter of ${owner}`, 'an object of settings', settings);
  const { name = `${owner} #${++made}`, ...options } = settings as LimiterOptions & { readonly name?: string };
  if (options.strategy !== undefined && options.strategy !== strategy)
    expected(`${owner}.strategy`, `left out, since it is '${strategy}'`, options.strategy);
  return rateLimiter(name, { ...options, strategy });
}

/** A barrier that nobody else can name. */
export const barrierOf = (options: BarrierOptions, owner: string): BarrierSpec =>
  cyclicBarrier(`${owner} #${++made}`, options);
