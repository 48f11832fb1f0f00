import { ours } from '../rxbaton.mjs';
import { flagAndList } from './floors.mjs';

const body = async () => 1;

const loop = (call) => ({
  async block(n) {
    for (let i = 0; i < n; i++) await call();
  },
});

const bar = (context, atLeast) => ({
  text: `async-mutex against run, tracking ${context}`,
  atLeast,
  of: (at) => at('async-mutex') / at(`rxbaton run, tracking ${context}`),
});

export default {
  title: 'The promise face: await run(lock, async () => 1), free, ns',
  unit: 'ns',
  base: 'floor: flag and list',
  implementations: {
    'floor: no lock': () => loop(body),
    'floor: flag and list': () => {
      const lock = flagAndList();
      return loop(async () => {
        await lock.acquire();
        try {
          return await body();
        } finally {
          lock.release();
        }
      });
    },
    'async-mutex': async () => {
      const { Mutex } = await import('async-mutex');
      const lock = new Mutex();
      return loop(() => lock.runExclusive(body));
    },
    'p-limit': async () => {
      const { default: pLimit } = await import('p-limit');
      const limit = pLimit(1);
      return loop(() => limit(body));
    },
    'async-lock': async () => {
      const { default: AsyncLock } = await import('async-lock');
      const lock = new AsyncLock();
      return loop(() => lock.acquire('key', body));
    },
    ...ours(({ run, mutex }) => {
      const lock = mutex('m');
      return loop(() => run(lock, body));
    }, 'rxbaton run'),
  },
  bars: [bar('on', 5), bar('off', 8)],
};
