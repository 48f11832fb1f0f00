import { of } from 'rxjs';
import { growth } from '../heap.mjs';
import { ours } from '../rxbaton.mjs';
import { effectLimiter } from './effectLimiter.mjs';

const idle = 'one call each, 100,000 keys';
const full = 'window of 200 full, 5,000 keys';
const limit = 200;
const per = 3_600_000;
const source = of(1);

/** Bytes for each key, the text of the key apart. `make` returns what takes one call of one key. */
const perKey = ({ keys: count, calls }, make) => {
  const keys = Array.from({ length: count }, (_, i) => `tenant-${i}`);
  new Set(keys); // hashes them all: see gates/keys.mjs
  return {
    measure: async () =>
      (await growth(async () => {
        const call = await make();
        for (const key of keys) for (let i = 0; i < calls; i++) await call(key);
        return call;
      })) / count,
  };
};

/** For peers that have one limiter for each key. */
const mapped = (make, call) => () => {
  const limiters = new Map();
  return (key) => {
    let limiter = limiters.get(key);
    if (!limiter) limiters.set(key, (limiter = make()));
    return call(limiter);
  };
};

const strategies = ['token-bucket', 'fixed-window', 'leaky-bucket', 'sliding-window'];
const rows = strategies.map((strategy) =>
  ours(
    ({ rateLimit, rateLimiter }, size) =>
      perKey(size, () => {
        const limiter = rateLimiter('api', { limit, per, strategy });
        return (key) => void source.pipe(rateLimit(limiter, { key: () => key })).subscribe();
      }),
    `rxbaton ${strategy}`,
  ),
);

export default {
  title: 'Memory for each key of a limiter (200 an hour)',
  unit: 'bytes for each key',
  options: { blocks: 1 },
  cases: { [idle]: { keys: 100_000, calls: 1 }, [full]: { keys: 5_000, calls: limit } },
  // Evenly spaced, or paid for by the hour: these cannot take 200 at once.
  skip: (name, column) => column === full && /leaky|^limiter|bottleneck/.test(name),
  implementations: {
    'floor: a Map of clock and counter': (size) =>
      perKey(size, () =>
        mapped(
          () => ({ start: 0.5, used: 0 }),
          (account) => void account.used++,
        )(),
      ),
    'limiter RateLimiter': async (size) => {
      const { RateLimiter } = await import('limiter');
      const make = () => new RateLimiter({ tokensPerInterval: limit, interval: per });
      return perKey(
        size,
        mapped(make, (limiter) => limiter.tryRemoveTokens(1)),
      );
    },
    bottleneck: async (size) => {
      const { default: Bottleneck } = await import('bottleneck');
      const make = () => new Bottleneck({ reservoir: limit });
      const few = { ...size, keys: 500 }; // five milliseconds for each call
      return perKey(
        few,
        mapped(make, (limiter) => limiter.schedule(async () => 1)),
      );
    },
    'p-throttle': async (size) => {
      const { default: pThrottle } = await import('p-throttle');
      const make = () => pThrottle({ limit, interval: per })(() => 1);
      return perKey(
        size,
        mapped(make, (call) => call()),
      );
    },
    'rate-limiter-flexible memory': async (size) => {
      const { RateLimiterMemory } = (await import('rate-limiter-flexible')).default;
      return perKey(size, () => {
        const limiter = new RateLimiterMemory({ points: limit, duration: per / 1_000 });
        return (key) => limiter.consume(key);
      });
    },
    'effect, token bucket': async (size) =>
      perKey(size, async () => {
        const { Effect, limiter } = await effectLimiter('token-bucket', limit, per);
        return (key) => Effect.runPromise(limiter(key)(Effect.void));
      }),
    ...Object.assign({}, ...rows),
  },
  bars: ['token-bucket', 'fixed-window', 'leaky-bucket'].flatMap((strategy) =>
    ['off', 'on'].map((context) => ({
      text: `an idle key, ${strategy}, tracking ${context}`,
      unit: 'bytes',
      atMost: 100,
      of: (at) => at(`rxbaton ${strategy}, tracking ${context}`, idle),
    })),
  ),
};
