import { of } from 'rxjs';
import { ours } from '../rxbaton.mjs';

const CALLS = 1_000;
const source = of(1);
let reads = 0;

/** Counts every way in which JavaScript can read a clock, before the implementation is loaded. */
function count(object, name) {
  const read = object[name];
  object[name] = Object.assign(function () {
    reads++;
    return read.call(object);
  }, read);
}
count(Date, 'now');
count(performance, 'now');
count(process, 'hrtime');
count(process.hrtime, 'bigint');

const counted = (call) => ({
  async measure() {
    await call();
    reads = 0;
    for (let i = 0; i < CALLS; i++) await call();
    return reads / CALLS;
  },
});

const operator =
  (strategy) =>
  ({ rateLimit, rateLimiter }) => {
    const limiter = rateLimiter('api', { limit: 1e5, per: 1_000, strategy });
    return counted(() => void rateLimit(limiter)(source).subscribe());
  };

const names = {};
const rows = ['sliding-window', 'token-bucket', 'fixed-window'].map((strategy) =>
  ours(operator(strategy), (names[strategy] = `rxbaton rateLimit, ${strategy}`)),
);

export default {
  title: 'Clock reads for each permitted call',
  unit: 'reads',
  options: { rounds: 1, blocks: 1 },
  implementations: {
    limiter: async () => {
      const { TokenBucket } = await import('limiter');
      const bucket = new TokenBucket({ bucketSize: 1e5, tokensPerInterval: 1e5, interval: 1_000 });
      bucket.content = 1e5;
      return counted(() => bucket.removeTokens(1));
    },
    'p-throttle': async () => {
      const { default: pThrottle } = await import('p-throttle');
      return counted(pThrottle({ limit: 1e5, interval: 1_000 })(() => 1));
    },
    'rate-limiter-flexible memory': async () => {
      const { RateLimiterMemory } = (await import('rate-limiter-flexible')).default;
      const limiter = new RateLimiterMemory({ points: 1e9, duration: 1 });
      return counted(() => limiter.consume('key'));
    },
    ...Object.assign({}, ...rows),
    ...ours(
      ({ run, rateLimiter }) => {
        const limiter = rateLimiter('api', { limit: 1e5, per: 1_000 });
        return counted(() => run(limiter, () => 1));
      },
      (names.run = 'rxbaton run'),
    ),
  },
  bars: Object.values(names).flatMap((name) =>
    ['off', 'on'].map((context) => ({
      text: `${name}, tracking ${context}: clock reads of a permitted call`,
      unit: 'reads',
      atMost: 1,
      of: (at) => at(`${name}, tracking ${context}`),
    })),
  ),
};
