import { NEVER, of } from 'rxjs';
import { growth } from '../heap.mjs';
import { ours } from '../rxbaton.mjs';
import { flagAndList } from './floors.mjs';

const WAITERS = 10_000;

/** `queue()` makes one waiter and returns what its owner keeps of it. As many wait before, so that what is measured is not the compiled code. */
const each = (queue) => {
  const crowd = () => Array.from({ length: WAITERS }, queue);
  return {
    async measure() {
      const before = crowd();
      const bytes = await growth(crowd);
      return bytes / before.length;
    },
  };
};

const never = () => new Promise(() => {});
const body = () => 1;
const source = of(1);
const sink = () => {};

const bar = (context) => ({
  text: `a queued waiter of withLock, tracking ${context}`,
  unit: 'bytes',
  atMost: 320,
  of: (at) => at(`rxbaton, tracking ${context}`),
});

export default {
  title: 'Memory for each queued waiter, at 10,000 (what its owner keeps included), bytes',
  unit: 'bytes',
  base: 'floor: flag and list',
  options: { blocks: 1 },
  implementations: {
    'floor: flag and list': () => {
      const lock = flagAndList();
      lock.acquire();
      return each(() => lock.acquire());
    },
    'async-mutex': async () => {
      const { Mutex } = await import('async-mutex');
      const lock = new Mutex();
      lock.runExclusive(never);
      return each(() => lock.runExclusive(body));
    },
    'p-limit': async () => {
      const { default: pLimit } = await import('p-limit');
      const limit = pLimit(1);
      limit(never);
      return each(() => limit(body));
    },
    'p-queue': async () => {
      const { default: PQueue } = await import('p-queue');
      const queue = new PQueue({ concurrency: 1 });
      queue.add(never);
      return each(() => queue.add(body));
    },
    'async-sema': async () => {
      const { Sema } = (await import('async-sema')).default;
      const lock = new Sema(1);
      await lock.acquire();
      return each(() => lock.acquire());
    },
    'async-lock': async () => {
      const { default: AsyncLock } = await import('async-lock');
      const lock = new AsyncLock({ maxPending: Infinity });
      lock.acquire('key', never);
      return each(() => lock.acquire('key', body));
    },
    ...ours(({ withLock, mutex }) => {
      const lock = mutex('m');
      withLock(lock)(NEVER).subscribe();
      return each(() => withLock(lock)(source).subscribe(sink));
    }),
    ...ours(({ run, mutex }) => {
      const lock = mutex('m');
      run(lock, never);
      return each(() => run(lock, body));
    }, 'rxbaton run'),
  },
  bars: [bar('off'), bar('on')],
};
