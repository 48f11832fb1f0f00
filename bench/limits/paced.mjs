/**
 * Limiters of 200 calls for each second, in real time, under one face: `call(fn)`. `due(i)` says when the algorithm itself
 * would let call `i` of a thousand at once begin, in milliseconds after the first.
 */
import { ours } from '../rxbaton.mjs';
import { effectLimiter } from './effectLimiter.mjs';

export const LIMIT = 200;
export const PER = 1_000;
const EACH = PER / LIMIT;

const windows = (i) => Math.floor(i / LIMIT) * PER;
const fullBucket = (i) => Math.max(0, (i - LIMIT + 1) * EACH);
const spaced = (i) => i * EACH;

const peers = {
  'limiter TokenBucket': async () => {
    const { TokenBucket } = await import('limiter');
    const bucket = new TokenBucket({ bucketSize: LIMIT, tokensPerInterval: LIMIT, interval: PER });
    return { due: fullBucket, call: (fn) => bucket.removeTokens(1).then(fn) };
  },
  'limiter RateLimiter': async () => {
    const { RateLimiter } = await import('limiter');
    const limiter = new RateLimiter({ tokensPerInterval: LIMIT, interval: PER });
    return { due: windows, call: (fn) => limiter.removeTokens(1).then(fn) };
  },
  'bottleneck, minTime': async () => {
    const { default: Bottleneck } = await import('bottleneck');
    const limiter = new Bottleneck({ minTime: EACH });
    return { due: spaced, call: (fn) => limiter.schedule(async () => fn()) };
  },
  'bottleneck, reservoir': async () => {
    const { default: Bottleneck } = await import('bottleneck');
    const limiter = new Bottleneck({
      reservoir: LIMIT,
      reservoirRefreshAmount: LIMIT,
      reservoirRefreshInterval: PER,
    });
    return { due: windows, call: (fn) => limiter.schedule(async () => fn()) };
  },
  'p-throttle': async () => {
    const { default: pThrottle } = await import('p-throttle');
    return { due: windows, call: pThrottle({ limit: LIMIT, interval: PER })((fn) => fn()) };
  },
  'p-throttle strict': async () => {
    const { default: pThrottle } = await import('p-throttle');
    return { due: windows, call: pThrottle({ limit: LIMIT, interval: PER, strict: true })((fn) => fn()) };
  },
  'rate-limiter-flexible queue': async () => {
    const { RateLimiterMemory, RateLimiterQueue } = (await import('rate-limiter-flexible')).default;
    const memory = new RateLimiterMemory({ points: LIMIT, duration: PER / 1_000 });
    const queue = new RateLimiterQueue(memory, { maxQueueSize: 10_000 });
    return { due: windows, call: (fn) => queue.removeTokens(1).then(fn) };
  },
  'effect, fixed window': () => viaEffect('fixed-window', windows),
  'effect, token bucket': () => viaEffect('token-bucket', fullBucket),
};

async function viaEffect(algorithm, due) {
  const { Effect, limiter } = await effectLimiter(algorithm, LIMIT, PER);
  const limited = limiter();
  return { due, call: (fn) => Effect.runPromise(limited(Effect.sync(fn))) };
}

const strategies = {
  'sliding-window': windows,
  'token-bucket': fullBucket,
  'fixed-window': windows,
  'leaky-bucket': spaced,
};

const rows = Object.entries(strategies).map(([strategy, due]) =>
  ours(({ run, rateLimiter }) => {
    const limiter = rateLimiter('api', { limit: LIMIT, per: PER, strategy });
    return { due, call: (fn) => run(limiter, fn) };
  }, `rxbaton ${strategy}`),
);

/** The rows of a table: `test(limiter)` is one run of it. Only tracking on for what is not the exact strategy. */
export const limited = (test) =>
  Object.fromEntries(
    Object.entries({ ...peers, ...Object.assign({}, ...rows) })
      .filter(([name]) => !/(bucket|fixed-window), tracking off/.test(name))
      .map(([name, make]) => [
        name,
        async () => {
          const limiter = await make();
          return { measure: () => test(limiter) };
        },
      ]),
  );

/** Most calls in any window of `length`, wherever it begins. `stamps` rise. */
export function most(stamps, length) {
  let count = 0;
  let first = 0;
  stamps.forEach((stamp, last) => {
    while (stamp - stamps[first] >= length) first++;
    count = Math.max(count, last - first + 1);
  });
  return count;
}

export const exact = ['rxbaton sliding-window, tracking off', 'rxbaton sliding-window, tracking on'];
