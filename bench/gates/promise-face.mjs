import { ours } from '../rxbaton.mjs';
import { flagAndList } from './floors.mjs';

/** What runs under the lock. The second adds a promise of its own, which in a process with tracking is dear for everybody. */
const cases = { '() => 1': () => 1, 'async () => 1': async () => 1 };
const [plain] = Object.keys(cases);

const loop = (call) => ({
  async block(n) {
    for (let i = 0; i < n; i++) await call();
  },
});

const bar = (context, atLeast) => ({
  text: `async-mutex against run, tracking ${context}`,
  atLeast,
  of: (at) => at('async-mutex', plain) / at(`rxbaton run, tracking ${context}`, plain),
});

export default {
  title: 'The promise face: await run(lock, body), free, ns',
  unit: 'ns',
  base: 'floor: flag and list',
  cases,
  implementations: {
    'floor: no lock': (body) => loop(body),
    'floor: flag and list': (body) => {
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
    'async-mutex': async (body) => {
      const { Mutex } = await import('async-mutex');
      const lock = new Mutex();
      return loop(() => lock.runExclusive(body));
    },
    'p-limit': async (body) => {
      const { default: pLimit } = await import('p-limit');
      const limit = pLimit(1);
      return loop(() => limit(body));
    },
    'async-lock': async (body) => {
      const { default: AsyncLock } = await import('async-lock');
      const lock = new AsyncLock();
      return loop(() => lock.acquire('key', body));
    },
    ...ours(({ run, mutex }, body) => {
      const lock = mutex('m');
      return loop(() => run(lock, body));
    }, 'rxbaton run'),
  },
  bars: [bar('on', 5), bar('off', 8)],
};
