import fc from 'fast-check';
import { Redis } from 'ioredis';
import { Cluster as Cluster5 } from 'ioredis5';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { keysOf, keysWithIndex, stemOf } from '../../../adapters/redis/protocol.ts';
import { slotOf } from '../../../adapters/redis/slots.ts';
import type { Coordinator } from '../../../lib/events/Coordinator.ts';
import { cyclicBarrier } from '../../../lib/gates/cyclicBarrier.ts';
import { mutex } from '../../../lib/gates/mutex.ts';
import { executeNode } from '../../support/execute.ts';
import { faultWorld } from '../../support/faultWorld.ts';
import { type RedisCluster, startCluster } from '../../support/redisCluster.ts';
import { redisLab } from '../../support/redisLab.ts';
import { installTime } from '../../support/redisServer.ts';
import { ask, fates } from '../../../lib/testing/contract/lab.ts';

let cluster: RedisCluster;
const world = faultWorld();

beforeAll(async () => {
  cluster = await startCluster();
}, installTime);

afterEach(() => world.end());
afterAll(() => cluster.stop());

/** The name of a gate that one of three nodes has. */
const nameOn = (node: number, what = 'gate'): string => {
  for (let i = 0; ; i++) if (Math.floor((slotOf(`{${what}${i}}`) * 3) / 16_384) === node) return `${what}${i}`;
};
const names = [nameOn(0), nameOn(1), nameOn(2)];

/** With it no beat tells a waiter anything before the test gives up: only a message does. */
const grace = '2m';

/** A lock of each node goes from one process to the other. */
async function passOn(one: Coordinator, two: Coordinator): Promise<void> {
  for (const name of names) {
    const a = world.ask(one, mutex(name), 'a');
    await a.becomes('held');
    const b = world.ask(two, mutex(name), 'b');
    await b.becomes('queued');
    a.leave();
    await b.becomes('held');
    expect(b.grant.fence).toBeGreaterThan(a.grant.fence ?? NaN);
    b.leave();
  }
}

describe('slots', { timeout: 30_000 }, () => {
  it('are those of the server, the same for all keys of a gate, whatever its name', async () => {
    const admin = new Redis(cluster.primaries[0]!.url);
    const text = fc.oneof(
      fc.string({ minLength: 1, unit: 'binary' }),
      fc.string({ minLength: 1, unit: fc.constantFrom('{', '}', '%', 'a', 'ä') }),
    );
    const property = fc.asyncProperty(text, text, async (name, key) => {
      const stem = stemOf('rxbaton', name);
      const keys = [stem, ...keysOf(stem, true, key), ...keysWithIndex(stem, true)];
      const slots = await Promise.all(keys.map((one) => admin.cluster('KEYSLOT', one)));
      expect(new Set([...slots, ...keys.map(slotOf)]).size).toBe(1);
    });
    await fc.assert(property, { numRuns: 200 });
    admin.disconnect();
  });
});

describe('in a cluster', { timeout: 30_000 }, () => {
  it.each([
    ['ioredis 6', (): object => cluster.client()],
    ['ioredis 6 with RESP2', (): object => cluster.client({ protocol: 2 })],
    [
      'ioredis 5',
      (): object => new Cluster5([{ host: '127.0.0.1', port: cluster.primaries[1]!.port }], { lazyConnect: true }),
    ],
    ['a client with a key prefix', (): object => cluster.client({ keyPrefix: 'mine:' })],
  ])('%s: locks of all nodes go from process to process', async (client, make) => {
    const [one, two] = [0, 1].map(() =>
      world.coordinate({ client: make() as never, prefix: client.replaceAll(' ', '-'), grace }),
    );
    await passOn(one!, two!);
    const admins = cluster.primaries.map(({ url }) => new Redis(url));
    const found = await Promise.all(admins.map((admin) => admin.keys('*:{gate*}:g')));
    for (const admin of admins) admin.disconnect();
    const prefix = client.includes('prefix') ? 'mine:' : '';
    for (const [i, keys] of found.entries())
      expect(keys).toContain(`${prefix}${client.replaceAll(' ', '-')}:{${names[i]}}:g`);
  });

  it('without messages of shards, those of the whole cluster wake who waits', async () => {
    const old = await world.serveCluster({ args: ['--rename-command', 'SPUBLISH', ''] });
    const [one, two] = [0, 1].map(() => world.coordinate({ client: old.client(), grace }));
    await passOn(one!, two!);
  });

  it('a slot that moves to another node takes its holders and waiters along', async () => {
    const [one, two] = [0, 1].map(() => world.coordinate({ client: cluster.client() }));
    const [name] = names;
    const a = world.ask(one!, mutex(name!), 'a');
    await a.becomes('held');
    const [b, c] = ['b', 'c'].map((label) => world.ask(two!, mutex(name!), label));
    await b!.becomes('queued');
    const slot = slotOf(stemOf('rxbaton', name!));
    await cluster.move(slot, 0, 2);
    a.leave();
    await b!.becomes('held');
    b!.leave();
    await c!.becomes('held');
    expect(c!.grant.fence).toBeGreaterThan(b!.grant.fence ?? NaN);
    await cluster.move(slot, 2, 0);
    expect(await Promise.resolve(two!.open(mutex(name!)).inspect())).toMatchObject({ holders: [{ who: 'c' }] });
  });

  it('a process is kept alive while it holds or waits, and no longer', async () => {
    const { stdout } = await executeNode([
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      `import { Cluster } from 'ioredis';
       import { redisBackend } from './adapters/redis/index.ts';
       import { createCoordinator, run, within } from './lib/index.ts';
       const client = new Cluster([{ host: '127.0.0.1', port: ${cluster.primaries[0]!.port} }], { lazyConnect: true });
       const coordinator = createCoordinator({ backend: redisBackend({ client }) });
       await within(coordinator, () => run('db', () => new Promise((resolve) => setTimeout(resolve, 50))));
       console.log('done');`,
    ]);
    expect(stdout).toBe('done\n');
  });

  it('renews leases with one command for each slot, and gives up connections that nobody uses', async () => {
    const lab = redisLab(cluster);
    const held = Array.from({ length: 300 }, (_, i) => ask(lab.open(mutex(`lease ${i}`))));
    await lab.idle();
    expect(new Set(fates(held))).toEqual(new Set(['held']));
    await lab.advance(10_000);
    const before = lab.traffic.sent;
    await lab.advance(10_000);
    const slots = new Set(held.map((_, i) => slotOf(stemOf(lab.prefix, `lease ${i}`))));
    expect(lab.traffic.sent - before).toBe(slots.size);
    const listening = async (): Promise<number> => {
      const admins = cluster.primaries.map(({ url }) => new Redis(url));
      const found = await Promise.all(admins.map((admin) => admin.pubsub('SHARDCHANNELS', `${lab.prefix}*`)));
      for (const admin of admins) admin.disconnect();
      return found.flat().length;
    };
    expect(await listening()).toBe(slots.size);
    for (const one of held) one.leave();
    await lab.idle();
    expect(await listening()).toBeLessThanOrEqual(130);
    await lab.close();
    expect(await listening()).toBe(0);
  });
});

describe('a node that is killed', { timeout: 60_000 }, () => {
  it('is followed by its replica: fences rise, losers hear of it, and nobody waits for ever', async () => {
    const mortal = await world.serveCluster({ replicas: true });
    const [one, two] = [0, 1].map(() =>
      world.coordinate({ client: mortal.client(), patience: 20_000, crashTtl: 10_000, commandTimeout: 500 }),
    );
    const spec = mutex(names[1]!);
    const a = world.ask(one!, spec, 'a');
    await a.becomes('held');
    const b = world.ask(two!, spec, 'b');
    await b.becomes('queued');
    const first = world.ask(one!, cyclicBarrier(nameOn(1, 'meeting'), { parties: 2 }), 'first');
    await first.becomes('queued');
    await mortal.primaries[1]!.stop();
    // Asked while there is no primary.
    const late = world.ask(two!, mutex(nameOn(1, 'late')), 'late');
    await late.becomes('held');
    // Its lease was known to the replica, unless that had not heard of it yet.
    if (a.fate === 'held') a.leave();
    else expect(a.fate).toBe('RXB_LEASE_LOST');
    await b.becomes('held');
    expect(b.grant.fence).toBeGreaterThan(a.grant.fence ?? NaN);
    const second = world.ask(two!, cyclicBarrier(nameOn(1, 'meeting'), { parties: 2 }), 'second');
    // It stands there still, or hears that it was forgotten.
    await first.becomes('spent', 'RXB_BARRIER_BROKEN');
    if (first.fate === 'spent') await second.becomes('spent');
  });

  it('leaves those of the other nodes alone, where the cluster does not need all of its slots', async () => {
    const partial = await world.serveCluster({ args: ['--cluster-require-full-coverage', 'no'] });
    const [one, two] = [0, 1].map(() => world.coordinate({ client: partial.client(), grace, crashTtl: '4s' }));
    const [a, other] = [world.ask(one!, mutex(names[0]!), 'a'), world.ask(one!, mutex(names[2]!), 'other')];
    await a.becomes('held');
    await other.becomes('held');
    const b = world.ask(two!, mutex(names[2]!), 'b');
    await b.becomes('queued');
    await partial.primaries[0]!.stop();
    await a.becomes('RXB_LEASE_LOST');
    const gone = world.ask(two!, mutex(names[0]!), 'gone');
    await gone.becomes('RXB_BACKEND_UNAVAILABLE');
    expect([other.fate, b.fate]).toEqual(['held', 'queued']);
    other.leave();
    await b.becomes('held');
  });
});
