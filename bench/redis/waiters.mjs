import { median } from '../harness.mjs';
import { ours, peers, tuned } from './locks.mjs';
import { commandsSent, connect } from './server.mjs';

const WAITERS = 100;
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** All ask at once; whoever gets it gives it back at once. The gap is from there to the next who has it. */
const crowd = (make) => async () => {
  const lockOf = await make();
  const lock = lockOf('crowd');
  const once = async () => {
    const gaps = [];
    let free = null;
    const begin = performance.now();
    const before = commandsSent();
    await Promise.all(
      Array.from({ length: WAITERS }, async () => {
        const release = await lock.acquire();
        if (free !== null) gaps.push(performance.now() - free);
        free = performance.now();
        await release();
      }),
    );
    const total = performance.now() - begin;
    return {
      'gap p50, us': median(gaps) * 1_000,
      'gap mean, us': mean(gaps) * 1_000,
      'all, ms': total,
      'commands for each lock': (commandsSent() - before) / WAITERS,
    };
  };
  for (let i = 0; i < 3; i++) await once();
  return { measure: once };
};

const ping = async () => {
  const redis = await connect();
  return {
    async measure() {
      const times = [];
      for (let i = 0; i < WAITERS; i++) {
        const begin = performance.now();
        await redis.ping();
        times.push(performance.now() - begin);
      }
      return { 'gap p50, us': median(times) * 1_000, 'gap mean, us': mean(times) * 1_000 };
    },
  };
};

const our = 'rxbaton enter';
const idle = (at, name) => at(name, 'gap mean, us') / at(our, 'gap mean, us');

export default {
  title: `${WAITERS} waiters for one lock, handed from one to the next`,
  unit: 'us, ms, commands',
  base: '1 PING',
  options: { together: true, blocks: 9, rounds: 1, budget: 60_000 },
  implementations: {
    '1 PING': ping,
    ...Object.fromEntries(Object.entries({ ...peers, ...tuned }).map(([name, make]) => [name, crowd(make)])),
    [our]: crowd(ours('off')),
  },
  bars: [
    {
      text: 'client commands for each lock',
      unit: '',
      atMost: 2,
      of: (at) => at(our, 'commands for each lock'),
    },
    {
      text: 'gap of a hand-over (p50) against a PING',
      atMost: 2.75,
      of: (at) => at(our, 'gap p50, us') / at('1 PING', 'gap p50, us'),
    },
    ...['redlock 5', 'redis-semaphore'].map((name) => ({
      text: `mean gap of ${name} against ours`,
      atLeast: 15,
      of: (at) => idle(at, name),
    })),
    {
      text: 'mean gap of redlock with retries every 10 ms against ours',
      atLeast: 3,
      of: (at) => idle(at, Object.keys(tuned)[0]),
    },
  ],
};
