import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RedisClient } from '../../adapters/redis/index.ts';
import { mutex } from '../../lib/gates/mutex.ts';
import { executeNode } from '../support/execute.ts';
import { faultWorld, leases, reasonOf } from '../support/faultWorld.ts';
import { installTime, startRedis } from '../support/redisServer.ts';

const world = faultWorld();

beforeAll(async () => {
  await (await startRedis()).stop();
}, installTime);

afterEach(() => world.end());

const db = mutex('db');

describe('clients', { timeout: 30_000 }, () => {
  const make = (Client: unknown, url: string, options: object): RedisClient =>
    new (Client as new (url: string, options: object) => RedisClient)(url, { lazyConnect: true, ...options });

  it.each([
    ['ioredis 6', Redis, {}],
    ['ioredis 6 with RESP2', Redis, { protocol: 2 }],
    ['ioredis 5', Redis5, {}],
    ['a client that makes texts of numbers', Redis, { stringNumbers: true }],
    ['a client with another database and a key prefix', Redis, { db: 3, keyPrefix: 'mine:' }],
  ])('%s', async (_name, Client, options) => {
    const server = await world.serve();
    const client = make(Client, server.url, options);
    const one = world.coordinate({ client });
    const [a, b] = [world.ask(one, db, 'a'), world.ask(one, db, 'b')];
    await a.becomes('held');
    expect(typeof a.grant.fence).toBe('number');
    a.leave();
    await b.becomes('held');
    const admin = new Redis(server.url, { db: 'db' in options ? 3 : 0 });
    expect(await admin.exists('keyPrefix' in options ? 'mine:rxbaton:{db}:g' : 'rxbaton:{db}:g')).toBe(1);
    admin.disconnect();
  });

  it('a URL with a password', async () => {
    const server = await world.serve({ args: ['--requirepass', 'open sesame'] });
    const [right, wrong] = ['open%20sesame', 'wrong'].map((password) =>
      world.coordinate({ url: `redis://:${password}@127.0.0.1:${server.port}` }),
    );
    const a = world.ask(right!, db, 'a');
    await a.becomes('held');
    const b = world.ask(wrong!, mutex('other'), 'b');
    await b.becomes('RXB_BACKEND_UNAVAILABLE');
    expect(String(b.error.cause)).toMatch(/WRONGPASS|NOAUTH/);
  });

  it('keep a process alive while it holds or waits, and no longer', async () => {
    const server = await world.serve();
    const { stdout } = await executeNode([
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      `import { redisBackend } from './adapters/redis/index.ts';
       import { createCoordinator, run, within } from './lib/index.ts';
       const coordinator = createCoordinator({ backend: redisBackend({ url: '${server.url}' }) });
       await within(coordinator, () => run('db', () => new Promise((resolve) => setTimeout(resolve, 50))));
       console.log('done');`,
    ]);
    expect(stdout).toBe('done\n');
  });
});

describe('Redis away', { timeout: 30_000 }, () => {
  it('ends a request within the patience of the backend, or within its own', async () => {
    const server = await world.serve();
    await server.stop();
    const one = world.coordinate({ url: server.url });
    const [patient, hasty] = [world.ask(one, db, 'patient'), world.ask(one, db, 'hasty', { timeout: 300 })];
    await hasty.becomes('RXB_BACKEND_UNAVAILABLE');
    expect(patient.fate).toBe('asking');
    await patient.becomes('RXB_BACKEND_UNAVAILABLE');
    expect(patient.error.details['outcome']).toBe('not-applied');
    await expect(Promise.resolve(one.open(db).inspect())).rejects.toMatchObject({ code: 'RXB_BACKEND_UNAVAILABLE' });
  });

  it("makes requests wait with onUnavailable: 'wait', until it is back", async () => {
    const server = await world.serve();
    await server.stop();
    const one = world.coordinate({ url: server.url, onUnavailable: 'wait' });
    const [a, gone] = [world.ask(one, db, 'a'), world.ask(one, db, 'gone', { timeout: 200 })];
    await gone.becomes('RXB_ACQUIRE_TIMEOUT');
    await world.serve({ port: server.port });
    await a.becomes('held');
  });

  it('killed and started again empty: holders lose, who waits gets in, the fence rises', async () => {
    const server = await world.serve();
    const [one, two] = [0, 1].map(() => world.coordinate({ url: server.url }));
    const a = world.ask(one!, db, 'a');
    await a.becomes('held');
    const b = world.ask(two!, db, 'b');
    await b.becomes('queued');
    await server.stop();
    await world.serve({ port: server.port });
    await b.becomes('held');
    await a.becomes('RXB_LEASE_LOST');
    expect(['taken-over', 'data-loss']).toContain(reasonOf(a));
    expect(b.grant.fence).toBeGreaterThan(a.grant.fence ?? NaN);
  });

  it('frozen: the holder stops by its own clock; thawed, the gate goes on', async () => {
    const server = await world.serve();
    const [one, two] = [0, 1].map(() => world.coordinate({ url: server.url }));
    const a = world.ask(one!, db, 'a');
    await a.becomes('held');
    server.process?.kill('SIGSTOP');
    await a.becomes('RXB_LEASE_LOST');
    expect(reasonOf(a)).toBe('unreachable');
    server.process?.kill('SIGCONT');
    const b = world.ask(two!, db, 'b');
    await b.becomes('held');
  });

  it.each(leases)('forgets its scripts: nobody notices who has or wants %s', async (_what, spec, next) => {
    const server = await world.serve();
    const one = world.coordinate({ url: server.url });
    const a = world.ask(one, spec, 'a');
    await a.becomes('held');
    const admin = new Redis(server.url);
    await admin.script('FLUSH');
    const b = world.ask(one, next, 'b');
    a.leave();
    await b.becomes('held');
    await admin.script('FLUSH');
    b.leave();
    await world.ask(one, spec, 'c').becomes('held');
    admin.disconnect();
  });

  it.each(leases)(
    'out of memory: nobody gets %s, who holds it stops in time, and all goes on when there is memory again',
    async (_what, spec, next) => {
      const server = await world.serve();
      const one = world.coordinate({ url: server.url });
      const a = world.ask(one, spec, 'a');
      await a.becomes('held');
      const admin = new Redis(server.url);
      await admin.config('SET', 'maxmemory', '1');
      const b = world.ask(one, next, 'b');
      await b.becomes('RXB_BACKEND_UNAVAILABLE');
      expect(String(b.error.cause)).toContain('OOM');
      await a.becomes('RXB_LEASE_LOST');
      await admin.config('SET', 'maxmemory', '0');
      await world.ask(one, next, 'c').becomes('held');
      admin.disconnect();
    },
  );
});
