import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { redisBackend, type RedisBackendOptions, type RedisClient } from '../../adapters/redis/index.ts';
import { createCoordinator } from '../../lib/events/createCoordinator.ts';
import type { Coordinator } from '../../lib/events/Coordinator.ts';
import type { CoordinationError } from '../../lib/errors.ts';
import { mutex } from '../../lib/gates/mutex.ts';
import { ask, type Asked } from '../../lib/testing/contract/lab.ts';
import { executeNode } from '../support/execute.ts';
import { installTime, type RedisServer, startRedis } from '../support/redisServer.ts';

const lives = { crashTtl: 1_500, grace: 900, commandTimeout: 600, patience: 1_200 } as const;

const servers: RedisServer[] = [];
const coordinators: Coordinator[] = [];

async function serve(options?: Parameters<typeof startRedis>[0]): Promise<RedisServer> {
  const server = await startRedis(options);
  servers.push(server);
  return server;
}

function coordinate(options: RedisBackendOptions): Coordinator {
  const coordinator = createCoordinator({ backend: redisBackend({ ...lives, ...options }) });
  coordinators.push(coordinator);
  return coordinator;
}

/** Waits for an event of the gates: looked at whenever the event loop turns. */
async function until(condition: () => boolean, what: string, ms = 10_000): Promise<void> {
  const end = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Not within ${ms} ms: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const becomes = (one: Asked, fate: string): Promise<void> =>
  until(() => one.fate === fate, `${fate} (it is ${one.fate})`).catch((error: unknown) => {
    throw new Error(`${String(error)} In the end: ${one.fate}, ${String(one.error)}`);
  });
const reason = (one: Asked): unknown => (one.error as CoordinationError).details['reason'];

beforeAll(async () => {
  await (await serve()).stop();
}, installTime);

afterEach(async () => {
  for (const coordinator of coordinators.splice(0)) await coordinator.close({ deadline: 0 });
  for (const server of servers.splice(0)) await server.stop();
});

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
    const server = await serve();
    const client = make(Client, server.url, options);
    const gate = coordinate({ client }).open(db);
    const [a, b] = [ask(gate), ask(gate)];
    await becomes(a, 'held');
    expect(typeof a.grant.fence).toBe('number');
    a.leave();
    await becomes(b, 'held');
    const admin = new Redis(server.url, { db: 'db' in options ? 3 : 0 });
    expect(await admin.exists('keyPrefix' in options ? 'mine:rxbaton:{db}:g' : 'rxbaton:{db}:g')).toBe(1);
    admin.disconnect();
  });

  it('a URL with a password', async () => {
    const server = await serve({ args: ['--requirepass', 'open sesame'] });
    const a = ask(coordinate({ url: `redis://:open%20sesame@127.0.0.1:${server.port}` }).open(db));
    await becomes(a, 'held');
    const b = ask(coordinate({ url: `redis://:wrong@127.0.0.1:${server.port}` }).open(mutex('other')));
    await becomes(b, 'RXB_BACKEND_UNAVAILABLE');
    expect(String((b.error as Error).cause)).toMatch(/WRONGPASS|NOAUTH/);
  });

  it('keep a process alive while it holds or waits, and no longer', async () => {
    const server = await serve();
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
    const server = await serve();
    await server.stop();
    const gate = coordinate({ url: server.url }).open(db);
    const begin = performance.now();
    const [patient, hasty] = [ask(gate), ask(gate, { timeout: 300 })];
    await becomes(hasty, 'RXB_BACKEND_UNAVAILABLE');
    expect(performance.now() - begin).toBeLessThan(1_000);
    await becomes(patient, 'RXB_BACKEND_UNAVAILABLE');
    expect((patient.error as CoordinationError).details['outcome']).toBe('not-applied');
    await expect(Promise.resolve(gate.inspect())).rejects.toMatchObject({ code: 'RXB_BACKEND_UNAVAILABLE' });
  });

  it("makes requests wait with onUnavailable: 'wait', until it is back", async () => {
    const server = await serve();
    await server.stop();
    const { crashTtl, grace, commandTimeout } = lives;
    const coordinator = createCoordinator({
      backend: redisBackend({ crashTtl, grace, commandTimeout, url: server.url, onUnavailable: 'wait' }),
    });
    coordinators.push(coordinator);
    const a = ask(coordinator.open(db));
    const gone = ask(coordinator.open(db), { timeout: 200 });
    await becomes(gone, 'RXB_ACQUIRE_TIMEOUT');
    await serve({ port: server.port });
    await becomes(a, 'held');
  });

  it('killed and started again empty: holders lose, who waits gets in, the fence rises', async () => {
    const server = await serve();
    const [one, two] = [coordinate({ url: server.url }), coordinate({ url: server.url })];
    const a = ask(one.open(db));
    await becomes(a, 'held');
    const b = ask(two.open(db));
    await until(() => b.fate === 'waiting', 'b waits');
    await server.stop();
    await serve({ port: server.port });
    await becomes(b, 'held');
    await becomes(a, 'RXB_LEASE_LOST');
    expect(['taken-over', 'data-loss']).toContain(reason(a));
    expect(b.grant.fence).toBeGreaterThan(a.grant.fence ?? NaN);
  });

  it('frozen: the holder stops before its lease is over there; thawed, the gate goes on', async () => {
    const server = await serve();
    const [one, two] = [coordinate({ url: server.url }), coordinate({ url: server.url })];
    const a = ask(one.open(db));
    await becomes(a, 'held');
    const begin = performance.now();
    server.process?.kill('SIGSTOP');
    await becomes(a, 'RXB_LEASE_LOST');
    expect(reason(a)).toBe('unreachable');
    expect(performance.now() - begin).toBeLessThan(lives.crashTtl);
    server.process?.kill('SIGCONT');
    const b = ask(two.open(db));
    await becomes(b, 'held');
  });

  it('forgets its scripts: nobody notices', async () => {
    const server = await serve();
    const gate = coordinate({ url: server.url }).open(db);
    const a = ask(gate);
    await becomes(a, 'held');
    const admin = new Redis(server.url);
    await admin.script('FLUSH');
    const b = ask(gate);
    a.leave();
    await becomes(b, 'held');
    await admin.script('FLUSH');
    b.leave();
    await becomes(ask(gate), 'held');
    admin.disconnect();
  });

  it('out of memory: nobody is let in, who holds stops in time, and all goes on when there is memory again', async () => {
    const server = await serve();
    const gate = coordinate({ url: server.url }).open(db);
    const a = ask(gate);
    await becomes(a, 'held');
    const admin = new Redis(server.url);
    await admin.config('SET', 'maxmemory', '1');
    const b = ask(gate);
    await becomes(b, 'RXB_BACKEND_UNAVAILABLE');
    expect(String((b.error as Error).cause)).toContain('OOM');
    await becomes(a, 'RXB_LEASE_LOST');
    await admin.config('SET', 'maxmemory', '0');
    await becomes(ask(gate), 'held');
    admin.disconnect();
  });
});
