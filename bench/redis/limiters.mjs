import { shared } from './ours.mjs';
import { connect } from './server.mjs';

/** Far above what a loop can ask for: nothing ever waits. */
const LIMIT = 1_000_000;
const PER = 1_000;

const alone = 'one after another';
const many = '100 ways';

/** `ways` loops side by side, at one limiter. */
const looping = (make) => async (ways) => {
  const call = await make(ways);
  const loop = async (n) => {
    for (let i = 0; i < n; i++) await call();
  };
  return { per: ways * 1_000, block: (n) => Promise.all(Array.from({ length: ways }, () => loop(n))) };
};

async function ping() {
  const redis = await connect();
  return () => redis.ping();
}

async function flexible() {
  const { RateLimiterRedis } = (await import('rate-limiter-flexible')).default;
  const limiter = new RateLimiterRedis({ storeClient: await connect(), points: LIMIT, duration: PER / 1_000 });
  return () => limiter.consume('key');
}

async function bottleneck(ways) {
  const { default: Bottleneck } = await import('bottleneck');
  const { Redis } = await import('ioredis');
  const client = await connect();
  const limiter = new Bottleneck({
    id: `bench-${ways}`,
    datastore: 'ioredis',
    Redis,
    connection: new Bottleneck.IORedisConnection({ client }),
    reservoir: 1e12,
  });
  await limiter.ready();
  return () => limiter.schedule(async () => 1);
}

/** A limit of BullMQ is one of a worker that takes jobs from a queue: a call is a job, and permitted when it begins. */
async function bullmq(ways) {
  const { Queue, Worker } = await import('bullmq');
  const name = `bench-${ways}`;
  const connection = await connect({ maxRetriesPerRequest: null });
  const calls = new Map();
  let last = 0;
  const begin = async (job) => {
    calls.get(job.name)();
    calls.delete(job.name);
  };
  const options = { limiter: { max: LIMIT, duration: PER }, concurrency: ways };
  const worker = new Worker(name, begin, { connection: connection.duplicate(), ...options });
  await worker.waitUntilReady();
  const queue = new Queue(name, { connection, defaultJobOptions: { removeOnComplete: true } });
  return () =>
    new Promise((resolve, reject) => {
      const call = `${++last}`;
      calls.set(call, resolve);
      queue.add(call, 0).catch(reject);
    });
}

const strategies = ['sliding-window', 'token-bucket', 'fixed-window', 'leaky-bucket'];
const label = (strategy) => `rxbaton run, ${strategy}`;
const ours = (strategy) => async (ways) => {
  const { run, rateLimiter } = await shared();
  // A leaky bucket lets nobody go ahead of its pace.
  const limit = strategy === 'leaky-bucket' ? 1e9 : LIMIT;
  const limiter = rateLimiter(`bench-${strategy}-${ways}`, { limit, per: PER, strategy });
  return () => run(limiter, () => 1);
};

const bucket = label('token-bucket');
const flexibleName = 'rate-limiter-flexible';
const clustering = 'bottleneck clustering';

export default {
  title: 'A call that is permitted at once',
  unit: 'us for each call',
  base: '1 PING',
  options: { together: true },
  cases: { [alone]: 1, [many]: 100 },
  implementations: Object.fromEntries(
    Object.entries({
      '1 PING': ping,
      [flexibleName]: flexible,
      [clustering]: bottleneck,
      'bullmq, a job of a worker with a limiter': bullmq,
      ...Object.fromEntries(strategies.map((strategy) => [label(strategy), ours(strategy)])),
    }).map(([name, make]) => [name, looping(make)]),
  ),
  bars: [
    ...strategies.map((strategy) => ({
      text: `${strategy} against a PING, one after another`,
      atMost: 1.4,
      of: (at) => at(label(strategy), alone) / at('1 PING', alone),
    })),
    {
      text: `${flexibleName} against token-bucket, 100 ways`,
      atLeast: 1,
      of: (at) => at(flexibleName, many) / at(bucket, many),
    },
    {
      text: `${flexibleName} against fixed-window, which is what it does, 100 ways`,
      atLeast: 1,
      of: (at) => at(flexibleName, many) / at(label('fixed-window'), many),
    },
    {
      text: `${clustering} against token-bucket, 100 ways`,
      atLeast: 30,
      of: (at) => at(clustering, many) / at(bucket, many),
    },
  ],
};
