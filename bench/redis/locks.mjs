/** Locks in Redis under one face: `lockOf(key)` gives `acquire()`, which resolves with a function that gives back. */
import { shared } from './ours.mjs';
import { connect } from './server.mjs';

const TTL = 30_000;
const RELEASE = 'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) else return 0 end';

export const floor = 'floor: SET NX PX and EVALSHA, by hand';

/** What a lock is at the least: no queue, no fence, no renewal, nobody is told of anything. */
async function byHand() {
  const redis = await connect();
  const sha = await redis.script('LOAD', RELEASE);
  let id = 0;
  return (key) => ({
    async acquire() {
      const token = `token-${++id}`;
      if ((await redis.set(`floor:${key}`, token, 'PX', TTL, 'NX')) === null) throw new Error(`${key} is taken`);
      return () => redis.evalsha(sha, 1, `floor:${key}`, token);
    },
  });
}

async function redlock4(options) {
  const { default: Redlock } = await import('redlock4');
  const redlock = new Redlock([await connect()], options);
  return (key) => ({
    async acquire() {
      const lock = await redlock.lock(`redlock4:${key}`, TTL);
      return () => lock.unlock();
    },
  });
}

async function redlock5(options) {
  const { default: Redlock } = await import('redlock');
  const redlock = new Redlock([await connect()], options);
  return (key) => ({
    async acquire() {
      const lock = await redlock.acquire([`redlock5:${key}`], TTL);
      return () => lock.release();
    },
  });
}

async function sesamecare(options) {
  const { Redlock } = await import('@sesamecare-oss/redlock');
  const redlock = new Redlock([await connect()], options);
  return (key) => ({
    async acquire() {
      const lock = await redlock.acquire([`sesamecare:${key}`], TTL);
      return () => lock.release();
    },
  });
}

async function redisSemaphore() {
  const { Mutex } = await import('redis-semaphore');
  const redis = await connect();
  return (key) => ({
    async acquire() {
      const lock = new Mutex(redis, key, { lockTimeout: TTL, acquireTimeout: 60_000 });
      await lock.acquire();
      return () => lock.release();
    },
  });
}

/** Asked as often as it takes. */
const patient = { retryCount: 100_000 };
const hasty = { ...patient, retryDelay: 10, retryJitter: 10 };

export const peers = {
  'redlock 4': () => redlock4(patient),
  'redlock 5': () => redlock5(patient),
  '@sesamecare-oss/redlock': () => sesamecare(patient),
  'redis-semaphore': redisSemaphore,
};

export const tuned = { 'redlock 4, retry every 10 ms': () => redlock4(hasty) };

/** Given back in the background; with `acknowledged` when Redis has said so, as with the peers. */
export const ours =
  (context, acknowledged = false) =>
  async () => {
    const { enter, mutex, backend } = await shared(context);
    return (key) => {
      const lock = mutex(key);
      return {
        async acquire() {
          const grant = await enter(lock);
          return () => {
            grant.release();
            return acknowledged ? backend.settled() : undefined;
          };
        },
      };
    };
  };

export const floors = { [floor]: byHand };
