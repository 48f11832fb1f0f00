import { of, range } from 'rxjs';
import { ours } from '../rxbaton.mjs';
import { effectLimiter } from './effectLimiter.mjs';

// Far above what a loop can ask for, so nothing ever waits, yet stamps expire all the time: 100,000 for each millisecond.
const limit = 100_000;
const per = 1;
const source = of(1);
const sink = () => {};
const body = () => 1;

const loop = (call) => ({
  async block(n) {
    for (let i = 0; i < n; i++) await call();
  },
});

const strategies = ['sliding-window', 'token-bucket', 'fixed-window', 'leaky-bucket'];
const label = (strategy) => `rxbaton rateLimit, ${strategy}`;

const subscribed =
  (strategy) =>
  ({ rateLimit, rateLimiter }) => {
    // Made once, as p-throttle's function is; each call is a subscription of its own.
    const paced = rateLimit(rateLimiter('api', { limit, per, strategy }));
    return {
      block(n) {
        for (let i = 0; i < n; i++) paced(source).subscribe(sink);
      },
    };
  };

const stream = 'rxbaton rateLimit, each value of one stream';
const bar = (face, context) => ({
  text: `permitted call, ${face}, tracking ${context}, against p-throttle`,
  atMost: 1,
  of: (at) => at(`${face}, tracking ${context}`) / at('p-throttle'),
});

export default {
  title: 'A call that is permitted at once: rateLimit(l) on of(x), ns',
  unit: 'ns',
  base: 'p-throttle',
  implementations: {
    'floor: clock and counter': () => {
      let start = 0;
      let used = 0;
      return {
        block(n) {
          for (let i = 0; i < n; i++) {
            const now = Date.now();
            if (now - start >= per) {
              start = now;
              used = 0;
            }
            if (++used <= limit) body();
          }
        },
      };
    },
    'floor: of(x).subscribe, no limit': () => ({
      block(n) {
        for (let i = 0; i < n; i++) source.subscribe(sink);
      },
    }),
    'limiter TokenBucket.removeTokens': async () => {
      const { TokenBucket } = await import('limiter');
      const bucket = new TokenBucket({ bucketSize: limit, tokensPerInterval: limit, interval: per });
      return loop(() => bucket.removeTokens(1));
    },
    'limiter RateLimiter.removeTokens': async () => {
      const { RateLimiter } = await import('limiter');
      const limiter = new RateLimiter({ tokensPerInterval: limit, interval: per });
      return loop(() => limiter.removeTokens(1));
    },
    bottleneck: async () => {
      const { default: Bottleneck } = await import('bottleneck');
      const limiter = new Bottleneck({ reservoir: 1e9 });
      return loop(() => limiter.schedule(async () => 1));
    },
    'p-throttle': async () => {
      const { default: pThrottle } = await import('p-throttle');
      return loop(pThrottle({ limit, interval: per })(body));
    },
    'p-throttle strict': async () => {
      const { default: pThrottle } = await import('p-throttle');
      return loop(pThrottle({ limit: 1e9, interval: per, strict: true })(body)); // a full window costs it 170 us a call
    },
    'rate-limiter-flexible memory': async () => {
      const { RateLimiterMemory } = (await import('rate-limiter-flexible')).default;
      const limiter = new RateLimiterMemory({ points: 1e9, duration: 1 });
      return loop(() => limiter.consume('key'));
    },
    'effect, token bucket': async () => {
      const { Effect, limiter } = await effectLimiter('token-bucket', limit, per);
      const limited = limiter()(Effect.sync(body));
      return {
        warmUp: 1_500,
        block: (n) =>
          Effect.runPromise(
            Effect.gen(function* () {
              for (let i = 0; i < n; i++) yield* limited;
            }),
          ),
      };
    },
    ...Object.assign({}, ...strategies.map((strategy) => ours(subscribed(strategy), label(strategy)))),
    ...ours(({ rateLimit, rateLimiter }) => {
      const limiter = rateLimiter('api', { limit, per });
      return {
        block(n) {
          range(0, n).pipe(rateLimit(limiter)).subscribe(sink);
        },
      };
    }, stream),
    ...ours(({ withLock, rateLimiter }) => {
      const limiter = rateLimiter('api', { limit, per });
      return {
        block(n) {
          for (let i = 0; i < n; i++) withLock(limiter)(source).subscribe(sink);
        },
      };
    }, 'rxbaton withLock(limiter)'),
    ...ours(({ run, rateLimiter }) => {
      const limiter = rateLimiter('api', { limit, per });
      return loop(() => run(limiter, body));
    }, 'rxbaton run'),
  },
  bars: [stream, ...strategies.map(label)].flatMap((face) => [bar(face, 'off'), bar(face, 'on')]),
};
