import { Redis } from 'ioredis';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cyclicBarrier } from '../../lib/gates/cyclicBarrier.ts';
import { mutex } from '../../lib/gates/mutex.ts';
import { quota } from '../../lib/gates/quota.ts';
import { rateLimiter } from '../../lib/gates/rateLimiter.ts';
import { faultWorld, leases, type Party, reasonOf, silence } from '../support/faultWorld.ts';
import { printed } from '../support/printed.ts';
import { installTime, type RedisServer, startRedis } from '../support/redisServer.ts';

const world = faultWorld();

beforeAll(async () => {
  await (await startRedis()).stop();
}, installTime);

afterEach(() => world.end());

const db = mutex('db');
const strategies = ['sliding-window', 'fixed-window', 'token-bucket', 'leaky-bucket'] as const;

async function tell(server: { readonly url: string }, ...command: readonly string[]): Promise<unknown> {
  const admin = new Redis(server.url);
  try {
    return await admin.call(command[0]!, ...command.slice(1));
  } finally {
    admin.disconnect();
  }
}

describe.each([
  ['FLUSHALL', (server: RedisServer) => tell(server, 'FLUSHALL')],
  [
    'Redis killed and started again, empty',
    async (server: RedisServer) => {
      await server.stop();
      await world.serve({ port: server.port });
    },
  ],
])('%s', { timeout: 30_000 }, (_name, forget) => {
  it.each(leases.filter(([, spec]) => !('renew' in spec && !spec.renew)))(
    'whoever holds %s loses it, who waited gets in, and the fence rises',
    async (_what, spec, next) => {
      const server = await world.serve();
      const [one, two] = [0, 1].map(() => world.coordinate({ url: server.url }));
      const a = world.ask(one!, spec, 'a');
      await a.becomes('held');
      const b = world.ask(two!, next, 'b');
      await b.becomes('queued');
      await forget(server);
      await b.becomes('held');
      await a.becomes('RXB_LEASE_LOST');
      expect(['taken-over', 'data-loss']).toContain(reasonOf(a));
      expect(b.grant.fence).toBeGreaterThan(a.grant.fence ?? NaN);
      const c = world.ask(one!, spec, 'c');
      await c.becomes('queued');
      b.leave();
      await c.becomes('held');
      expect(c.grant.fence).toBeGreaterThan(b.grant.fence ?? NaN);
    },
  );

  it('a reservation of a quota goes on, and there is a whole budget again', async () => {
    const server = await world.serve();
    const one = world.coordinate({ url: server.url });
    const spec = quota('hours', { limit: 2, per: '1h' });
    const a = world.ask(one, spec, 'a', { cost: 2 });
    await a.becomes('held');
    await forget(server);
    const b = world.ask(one, spec, 'b', { cost: 2 });
    await b.becomes('held');
    a.leave();
    b.leave();
    const c = world.ask(one, spec, 'c', { timeout: 0 });
    await c.becomes('RXB_BUSY');
    expect([a.fate, b.fate]).toEqual(['left', 'left']);
  });

  it('a barrier breaks for those who waited, and is whole for who comes next', async () => {
    const server = await world.serve();
    const one = world.coordinate({ url: server.url });
    const spec = cyclicBarrier('meeting', { parties: 2 });
    const a = world.ask(one, spec, 'a');
    await a.becomes('queued');
    await forget(server);
    await a.becomes('RXB_BARRIER_BROKEN');
    expect(a.error.message).toContain('Redis has lost');
    const next = ['b', 'c'].map((label) => world.ask(one, spec, label));
    for (const party of next) await party.becomes('spent');
  });

  it.each(strategies)('a limiter (%s) gives one window more at most, and who waited gets in', async (strategy) => {
    const server = await world.serve();
    const one = world.coordinate({ url: server.url });
    const spec = rateLimiter('api', { limit: 2, per: '1h', strategy });
    const before = ['a', 'b'].map((label) => world.ask(one, spec, label, { timeout: 0 }));
    for (const party of before) await party.becomes('spent', 'RXB_BUSY');
    const waiter = world.ask(one, spec, 'waiter');
    await waiter.becomes('queued');
    await forget(server);
    await waiter.becomes('spent');
    const after = ['c', 'd', 'e'].map((label) => world.ask(one, spec, label, { timeout: 0 }));
    for (const party of after) await party.becomes('spent', 'RXB_BUSY');
    expect([waiter, ...after].filter(({ fate }) => fate === 'spent').length).toBeLessThanOrEqual(2);
  });
});

describe('a server that is paused', { timeout: 30_000 }, () => {
  const all = leases.map((row) => ['ALL', ...row] as const);
  it.each([...all, ['WRITE', 'a lock', db, db] as const])(
    '(%s) the holder of %s stops in time, and what was given up meanwhile has no effect',
    async (pause, _what, spec, next) => {
      const server = await world.serve();
      const [one, two] = [0, 1].map(() => world.coordinate({ url: server.url, patience: 10_000 }));
      const a = world.ask(one!, spec, 'a');
      await a.becomes('held');
      const warm = world.ask(two!, mutex('warm'), 'warm');
      await warm.becomes('held');
      warm.leave();
      await tell(server, 'CLIENT', 'PAUSE', '2500', pause);
      const hasty = world.ask(two!, next, 'hasty', { timeout: 200 });
      const b = world.ask(two!, next, 'b');
      await hasty.becomes('RXB_ACQUIRE_TIMEOUT');
      await a.becomes('RXB_LEASE_LOST');
      expect(reasonOf(a)).toBe(silence(spec));
      expect(b.fate).toBe('asking');
      await b.becomes('held');
      expect(b.grant.fence).toBeGreaterThan(a.grant.fence ?? NaN);
      expect((await Promise.resolve(two!.open(next).inspect())).holders.map(({ who }) => who)).toEqual(['b']);
    },
  );
});

describe('a failover that loses the last writes', { timeout: 30_000 }, () => {
  /** A primary, a replica that can be kept from hearing anything, and a way to whoever is the primary. */
  async function replicated() {
    const primary = await world.serve({ args: ['--repl-diskless-sync-delay', '0'] });
    const link = await world.network(primary);
    const replica = await world.serve({ args: ['--replicaof', '127.0.0.1', `${link.port}`] });
    await printed(primary, /Synchronization with replica \S+ succeeded/);
    const proxy = await world.network(primary);
    return {
      url: proxy.url,
      lag: async () => {
        await tell(primary, 'WAIT', '1', '5000');
        link.blackHole();
      },
      failOver: async () => {
        await primary.stop();
        await tell(replica, 'REPLICAOF', 'NO', 'ONE');
        proxy.retarget(replica.port);
        proxy.cut();
      },
    };
  }

  it.each(leases)(
    'the holder of %s that the new primary does not know loses it, and the next fence is higher than all before',
    async (_what, spec, next) => {
      const { url, lag, failOver } = await replicated();
      const [one, two] = [0, 1].map(() => world.coordinate({ url, patience: 10_000 }));
      const a = world.ask(one!, next, 'a');
      await a.becomes('held');
      const b = world.ask(two!, spec, 'b');
      await b.becomes('queued');
      await lag();
      a.leave();
      await b.becomes('held');
      const c = world.ask(one!, next, 'c');
      await c.becomes('queued');
      await failOver();
      await b.becomes('RXB_LEASE_LOST');
      expect(['data-loss', 'taken-over', silence(spec)]).toContain(reasonOf(b));
      await c.becomes('held');
      expect(b.endedAt).toBeLessThan(Infinity);
      expect(c.grant.fence).toBeGreaterThan(b.grant.fence ?? NaN);
      expect(b.grant.fence).toBeGreaterThan(a.grant.fence ?? NaN);
    },
  );

  it('a limiter gives at most what was lost again, and a barrier breaks or meets: nobody waits for ever', async () => {
    const { url, lag, failOver } = await replicated();
    const one = world.coordinate({ url, patience: 10_000 });
    const api = rateLimiter('api', { limit: 3, per: '1h' });
    const known = world.ask(one, api, 'known');
    await known.becomes('spent');
    await lag();
    const lost = world.ask(one, api, 'lost');
    await lost.becomes('spent');
    const first = world.ask(one, cyclicBarrier('meeting', { parties: 2 }), 'first');
    await first.becomes('queued');
    await failOver();
    await first.becomes('RXB_BARRIER_BROKEN');
    const after: Party[] = ['c', 'd', 'e'].map((label) => world.ask(one, api, label, { timeout: 0 }));
    for (const party of after) await party.becomes('spent', 'RXB_BUSY');
    // Two were known to be left, and one of them had been given already.
    expect(after.filter(({ fate }) => fate === 'spent')).toHaveLength(2);
  });
});
