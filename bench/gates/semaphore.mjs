import { ours } from '../rxbaton.mjs';
import { microtask } from './mutexes.mjs';
import { nextTurn } from './queued.mjs';

const PERMITS = 10;
const TASKS = 1_000;
const plain = 'weight 1';
const weighted = 'weights 1 to 5';
const weights = Array.from({ length: TASKS }, (_, i) => 1 + (i % 5));
const ones = weights.map(() => 1);

/** `run(fn, weight)` for all tasks at once, then all of them awaited. */
const promised = (run, costs) => ({
  per: TASKS,
  async block(n) {
    for (let i = 0; i < n; i++) {
      const all = [];
      for (let task = 0; task < TASKS; task++) all.push(run(microtask, costs[task]));
      await Promise.all(all);
    }
  },
});

const subscribed = ({ withLock, semaphore }, costs) => {
  const pool = semaphore('pool', { permits: PERMITS });
  const locked = [undefined, 1, 2, 3, 4, 5].map((cost) => cost && nextTurn.pipe(withLock(pool, { cost })));
  return {
    per: TASKS,
    async block(n) {
      for (let i = 0; i < n; i++) {
        await new Promise((resolve) => {
          let left = TASKS;
          const observer = { complete: () => --left === 0 && resolve() };
          for (let task = 0; task < TASKS; task++) locked[costs[task]].subscribe(observer);
        });
      }
    },
  };
};

const on = 'rxbaton withLock, tracking on';
const off = 'rxbaton withLock, tracking off';
const bars = (name) => [
  { text: `${name}, against async-sema`, atMost: 0.75, of: (at) => at(name, plain) / at('async-sema', plain) },
  { text: `${name}, weights against none`, atMost: 1.15, of: (at) => at(name, weighted) / at(name, plain) },
];

export default {
  title: `A semaphore of ${PERMITS}, ${TASKS.toLocaleString('en')} tasks that hold it over a microtask`,
  unit: 'ns for each task',
  base: 'async-sema',
  cases: { [plain]: ones, [weighted]: weights },
  skip: (name, column) => column === weighted && ['async-sema', 'p-limit', 'p-queue'].includes(name),
  implementations: {
    'async-sema': async (costs) => {
      const { Sema } = (await import('async-sema')).default;
      const pool = new Sema(PERMITS);
      return promised(async (fn) => {
        await pool.acquire();
        try {
          return await fn();
        } finally {
          pool.release();
        }
      }, costs);
    },
    'async-mutex': async (costs) => {
      const { Semaphore } = await import('async-mutex');
      const pool = new Semaphore(PERMITS);
      return promised((fn, cost) => pool.runExclusive(fn, cost), costs);
    },
    'p-limit': async (costs) => {
      const { default: pLimit } = await import('p-limit');
      const limit = pLimit(PERMITS);
      return promised((fn) => limit(fn), costs);
    },
    'p-queue': async (costs) => {
      const { default: PQueue } = await import('p-queue');
      const queue = new PQueue({ concurrency: PERMITS });
      return promised((fn) => queue.add(fn), costs);
    },
    effect: async (costs) => {
      const { Effect, Semaphore } = await import('effect');
      const pool = Semaphore.makeUnsafe(PERMITS);
      const task = Effect.promise(microtask);
      const tasks = costs.map((cost) => pool.withPermits(cost)(task));
      const all = Effect.all(tasks, { concurrency: 'unbounded', discard: true });
      return {
        per: TASKS,
        warmUp: 1_500,
        async block(n) {
          for (let i = 0; i < n; i++) await Effect.runPromise(all);
        },
      };
    },
    ...ours(subscribed, 'rxbaton withLock'),
    ...ours(({ run, semaphore }, costs) => {
      const pool = semaphore('pool', { permits: PERMITS });
      return promised((fn, cost) => run(pool, { cost }, fn), costs);
    }, 'rxbaton run'),
  },
  bars: [...bars(off), ...bars(on)],
};
