/** 100,000 keys, visited in a scattered order, and locks by key under one face: `visit(from, count)`. */
import { of } from 'rxjs';
import { flagAndList } from './floors.mjs';

export const KEYS = 100_000;
const STEP = 61_803; // has no common factor with KEYS: every key once in each round
const keys = Array.from({ length: KEYS }, (_, i) => `customer-${(i * STEP) % KEYS}`);
new Set(keys); // hashes them all: a string that is hashed later, while memory is measured, would grow then
const source = of(1);
const sink = () => {};
const body = () => 1;

const visiting = (call) => async (from, count) => {
  for (let i = 0; i < count; i++) await call(keys[(from + i) % KEYS]);
};

export const peers = {
  'floor: a Map of flags and lists, never cleaned': () => {
    const locks = new Map();
    return async (from, count) => {
      for (let i = 0; i < count; i++) {
        const key = keys[(from + i) % KEYS];
        let lock = locks.get(key);
        if (!lock) locks.set(key, (lock = flagAndList()));
        await lock.acquire();
        lock.release();
      }
    };
  },
  'async-lock': async () => {
    const { default: AsyncLock } = await import('async-lock');
    const lock = new AsyncLock();
    return visiting((key) => lock.acquire(key, body));
  },
  'a Map of async-mutex, never cleaned': async () => {
    const { Mutex } = await import('async-mutex');
    const locks = new Map();
    return visiting((key) => {
      let lock = locks.get(key);
      if (!lock) locks.set(key, (lock = new Mutex()));
      return lock.runExclusive(body);
    });
  },
};

export const byKey = ({ withLock, mutex }) => {
  const lock = mutex('customer');
  return (from, count) => {
    for (let i = 0; i < count; i++) withLock(lock, { key: keys[(from + i) % KEYS] })(source).subscribe(sink);
  };
};

export const byName = ({ withLock }) => {
  return (from, count) => {
    for (let i = 0; i < count; i++) withLock(keys[(from + i) % KEYS])(source).subscribe(sink);
  };
};

export const runByKey = ({ run, mutex }) => {
  const lock = mutex('customer');
  return visiting((key) => run(lock, { key }, body));
};
