/**
 * Mutexes under one face: `once(n)` takes and gives back n times, free; `crowd(waiters, work)` lets `waiters` queue behind
 * one holder, then lets them all through.
 */
import { flagAndList, promiseChain } from './floors.mjs';

export const work = () => 1;
export const microtask = async () => {
  await null;
};

/** A lock that is taken and given back by hand, as a function that runs others, which is what its users write around it. */
const running = (acquire, release) => async (fn) => {
  await acquire();
  try {
    return fn === work ? fn() : await fn();
  } finally {
    release();
  }
};

/** The same without any function around it: the least that it can cost. */
const inLine = (acquire, release) => async (n) => {
  for (let i = 0; i < n; i++) {
    await acquire();
    try {
      work();
    } finally {
      release();
    }
  }
};

/** Locks that run a function. First come, first served: the last promise is the end of all. */
function byRun(run) {
  return {
    async once(n) {
      for (let i = 0; i < n; i++) await run(work);
    },
    async crowd(waiters, fn) {
      let free;
      await new Promise((started) => {
        run(() => {
          started();
          return new Promise((resolve) => (free = resolve));
        });
      });
      let last;
      for (let i = 0; i < waiters; i++) last = run(fn);
      free();
      await last;
    },
  };
}

async function effect() {
  const { Effect, Fiber, Semaphore } = await import('effect');
  const lock = Semaphore.makeUnsafe(1);
  const locked = lock.withPermits(1)(Effect.sync(work));
  const lockedTurn = lock.withPermits(1)(Effect.promise(() => Promise.resolve()));
  return {
    warmUp: 1_500,
    once: (n) =>
      Effect.runPromise(
        Effect.gen(function* () {
          for (let i = 0; i < n; i++) yield* locked;
        }),
      ),
    crowd: (waiters, fn) =>
      Effect.runPromise(
        Effect.gen(function* () {
          yield* lock.take(1);
          const fibers = [];
          for (let i = 0; i < waiters; i++) fibers.push(yield* Effect.forkChild(fn === work ? locked : lockedTurn));
          yield* Effect.yieldNow;
          yield* lock.release(1);
          for (const fiber of fibers) yield* Fiber.join(fiber);
        }),
      ),
  };
}

async function sema() {
  const { Sema } = (await import('async-sema')).default;
  const lock = new Sema(1);
  return { acquire: () => lock.acquire(), release: () => lock.release() };
}

/** Like the floor, the bare pair of calls in a loop: nobody's program, and no locked piece of work to call. */
export const bare = {
  'async-sema, acquire and release in a loop': async () => {
    const { acquire, release } = await sema();
    return { once: inLine(acquire, release) };
  },
};

export const floors = {
  'floor: flag and list': () => {
    const { acquire, release } = flagAndList();
    return { ...byRun(running(acquire, release)), once: inLine(acquire, release) };
  },
  'floor: promise chain': () => byRun(promiseChain()),
};

export const peers = {
  'async-mutex': async () => {
    const { Mutex } = await import('async-mutex');
    const lock = new Mutex();
    return byRun((fn) => lock.runExclusive(fn));
  },
  'p-limit': async () => {
    const { default: pLimit } = await import('p-limit');
    return byRun(pLimit(1));
  },
  'p-queue': async () => {
    const { default: PQueue } = await import('p-queue');
    const queue = new PQueue({ concurrency: 1 });
    return byRun((fn) => queue.add(fn));
  },
  'async-sema': async () => {
    const { acquire, release } = await sema();
    return byRun(running(acquire, release));
  },
  'async-lock': async () => {
    const { default: AsyncLock } = await import('async-lock');
    const lock = new AsyncLock({ maxPending: Infinity });
    return byRun((fn) => lock.acquire('key', fn));
  },
  effect,
};
