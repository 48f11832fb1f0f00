import { ours } from '../rxbaton.mjs';
import { floors, microtask, peers, work } from './mutexes.mjs';
import { atOnce, crowdOf, nextTurn } from './queued.mjs';

const small = 'W=100';
const large = 'W=10,000';

/** Of the large crowd a warm-up of the usual length holds too few: half of the blocks would time code that is still being compiled. */
const repeated = (crowd, waiters, body, warmUp = waiters < 10_000 ? undefined : 1_000) => ({
  per: waiters,
  warmUp,
  async block(n) {
    for (let i = 0; i < n; i++) await crowd(waiters, body);
  },
});

const crowded = (entries) =>
  Object.fromEntries(
    Object.entries(entries).map(([name, make]) => [
      name,
      async ({ waiters, turns }) => {
        const { crowd, warmUp } = await make();
        return repeated(crowd, waiters, turns ? microtask : work, warmUp);
      },
    ]),
  );

const queued = (api, { waiters, turns }) => repeated(crowdOf(api, api.mutex('m')), waiters, turns ? nextTurn : atOnce);

const promised = ({ run, mutex }, { waiters, turns }) => {
  const lock = mutex('m');
  const crowd = async (count, fn) => {
    let free;
    run(lock, () => new Promise((resolve) => (free = resolve)));
    await null;
    let last;
    for (let i = 0; i < count; i++) last = run(lock, fn);
    free();
    await last;
  };
  return repeated(crowd, waiters, turns ? microtask : work);
};

const growth = (context, kind = '') => ({
  text: `withLock, tracking ${context}, W=10,000 against W=100, for each waiter${kind}`,
  atMost: 1.5,
  of: (at) => at(`rxbaton, tracking ${context}`, large + kind) / at(`rxbaton, tracking ${context}`, small + kind),
});

export default {
  title: 'A queue of W behind one holder, let through; body at once, or holding the lock over a microtask',
  unit: 'ns for each waiter',
  base: 'floor: flag and list',
  cases: {
    [small]: { waiters: 100 },
    [large]: { waiters: 10_000 },
    [`${small}, microtask`]: { waiters: 100, turns: true },
    [`${large}, microtask`]: { waiters: 10_000, turns: true },
  },
  implementations: { ...crowded(floors), ...crowded(peers), ...ours(queued), ...ours(promised, 'rxbaton run') },
  bars: [growth('off'), growth('on'), growth('off', ', microtask'), growth('on', ', microtask')],
};
