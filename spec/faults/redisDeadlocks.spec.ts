import { scheduler } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { redisBackend } from '../../adapters/redis/index.ts';
import { createCoordinator } from '../../lib/events/createCoordinator.ts';
import { within } from '../../lib/events/defaultCoordinator.ts';
import { allOf } from '../../lib/gates/allOf.ts';
import type { GateRef } from '../../lib/gates/gate.ts';
import { mutex } from '../../lib/gates/mutex.ts';
import { readWriteLock } from '../../lib/gates/readWriteLock.ts';
import { run } from '../../lib/gates/run.ts';
import { semaphore } from '../../lib/gates/semaphore.ts';
import type { GateSpec } from '../../lib/gates/spec.ts';
import { type RedisCluster, startCluster } from '../support/redisCluster.ts';
import { installTime, redisForSpecs, type RedisServer } from '../support/redisServer.ts';
import type { WorkerOptions } from '../support/redisWorker.ts';
import { type Happened, startWorkers, type Workers } from '../support/redisWorkers.ts';

let server: RedisServer;
let cluster: RedisCluster;
let workers: Workers | null = null;
let cases = 0;

beforeAll(async () => {
  server = await redisForSpecs();
  cluster = await startCluster();
}, installTime);

afterEach(async () => {
  await workers?.end();
  workers = null;
});
afterAll(async () => {
  await server.stop();
  await cluster.stop();
});

const prefix = (): string => `rxbaton-spec-d${process.pid}-${++cases}`;
/** Nobody loses a lease or a place because the machine is busy. */
const patient = { crashTtl: 30_000, grace: 3_000 };

const places: Readonly<Record<string, () => WorkerOptions>> = {
  'one Redis': () => ({ url: server.url }),
  'a Redis Cluster': () => ({ cluster: cluster.primaries[0]!.port }),
};

async function start(count: number, options: WorkerOptions): Promise<void> {
  workers = await startWorkers(count, { prefix: prefix(), ...patient, ...options });
}

const [a, b, c] = [mutex('a'), mutex('b'), mutex('c')];
const pool = semaphore('pool', { permits: 2 });
const lock = readWriteLock('lock');

const become = (id: string, ...whats: Happened['what'][]): Promise<Happened> =>
  workers!.until((event) => event.id === id && whats.includes(event.what), `${id} is ${whats.join(' or ')}`);

/** Asks and waits until the server has said something. */
async function ask(worker: number, id: string, spec: GateSpec, under?: string): Promise<void> {
  workers!.tell(worker, { do: 'ask', id, spec, ...(under === undefined ? null : { under }) });
  await become(id, 'queued', 'granted');
}
const end = async (worker: number, id: string): Promise<void> => {
  workers!.tell(worker, { do: 'end', id });
  await become(id, 'ended');
};
const granted = (id: string): Promise<Happened> => become(id, 'granted');
const deadlock = async (id: string): Promise<string> => {
  const { code, message = '' } = await become(id, 'refused');
  expect(code).toBe('RXB_DEADLOCK');
  return message;
};
/** Who has been refused until now: everything that was asked has been looked at. */
const refused = (): string[] => workers!.of('refused').map(({ id }) => id);

describe.each(Object.keys(places))('processes that wait for each other, in %s', { timeout: 60_000 }, (where) => {
  const begin = (count: number): Promise<void> => start(count, places[where]!());

  it('two, crosswise: the second is refused and told who has what, and where; the first gets it', async () => {
    await begin(2);
    await ask(0, 'one', a);
    await ask(1, 'two', b);
    await ask(0, 'one more', b, 'one');
    await ask(1, 'two more', a, 'two');
    expect(await deadlock('two more')).toMatch(
      /^two more would wait for a for ever: two more waits for a, held by one \(process \d+ on \S+\); one more \(process \d+ on \S+\) waits for b, held by two\./,
    );
    await end(1, 'two');
    await granted('one more');
    expect(refused()).toEqual(['two more']);
  });

  it('three in a ring', async () => {
    await begin(3);
    for (const [i, spec] of [a, b, c].entries()) await ask(i, `${i}`, spec);
    for (const [i, spec] of [b, c, a].entries()) await ask(i, `${i} more`, spec, `${i}`);
    expect(await deadlock('2 more')).toMatch(/2 more waits for a, .* 0 more .* waits for b, .* 1 more .* waits for c/);
    await end(2, '2');
    await granted('1 more');
    expect(refused()).toEqual(['2 more']);
  });

  it('three who ask at once: one is refused', async () => {
    await begin(3);
    for (const [i, spec] of [a, b, c].entries()) await ask(i, `${i}`, spec);
    for (const [i, spec] of [b, c, a].entries()) workers!.tell(i, { do: 'ask', id: `${i} more`, spec, under: `${i}` });
    const { worker } = await workers!.until(({ what }) => what === 'refused', 'one of them is refused');
    await end(worker, `${worker}`);
    const before = (worker + 2) % 3;
    await granted(`${before} more`);
    await end(before, `${before} more`);
    await end(before, `${before}`);
    await granted(`${(before + 2) % 3} more`);
    expect(refused()).toEqual([`${worker} more`]);
  });

  it('for permits: refused when everybody who has one is stuck, and not before', async () => {
    await begin(3);
    await ask(0, 'one', pool);
    await ask(1, 'two', pool);
    await ask(2, 'three', a);
    await ask(0, 'one more', pool, 'one');
    await ask(2, 'three more', pool, 'three');
    await ask(1, 'two more', a, 'two');
    await deadlock('two more');
    await end(1, 'two');
    await granted('one more');
    await end(0, 'one more');
    await granted('three more');
    expect(refused()).toEqual(['two more']);
  });

  it('readers and a writer', async () => {
    await begin(3);
    await ask(0, 'reader', lock.read);
    await ask(1, 'other reader', lock.read);
    await ask(2, 'writer', a);
    await ask(0, 'reader more', a, 'reader');
    await ask(2, 'writer more', lock.write, 'writer');
    await deadlock('writer more');
    await end(2, 'writer');
    await granted('reader more');
    expect(refused()).toEqual(['writer more']);
  });
});

describe('a cycle that is none any more', { timeout: 60_000 }, () => {
  it('because one has given back what it held', async () => {
    await start(3, { url: server.url });
    await ask(0, 'one', a);
    await ask(1, 'two', b);
    await ask(0, 'one more', b, 'one');
    await end(0, 'one');
    await ask(2, 'three', a);
    await ask(1, 'two more', a, 'two');
    await end(2, 'three');
    await granted('two more');
    expect(refused()).toEqual([]);
  });

  it('because one was killed: the other gets what it held when its lease is over', async () => {
    await start(2, { url: server.url, crashTtl: 1_000, grace: 1_000 });
    await ask(0, 'one', a);
    await ask(1, 'two', b);
    await ask(0, 'one more', b, 'one');
    workers!.signal(0, 'SIGKILL');
    await ask(1, 'two more', a, 'two');
    await granted('two more');
    expect(refused()).toEqual([]);
  });

  it("because a lease was taken away and is somebody else's", async () => {
    const options = { url: server.url, prefix: prefix() };
    await start(3, options);
    await ask(0, 'one', a);
    await ask(1, 'two', b);
    await ask(2, 'three', a);
    await ask(0, 'one more', b, 'one');
    const coordinator = createCoordinator({ backend: redisBackend(options) });
    await coordinator.open(a).force('all', 'for a spec');
    await granted('three');
    await ask(1, 'two more', a, 'two');
    await end(2, 'three');
    await granted('two more');
    expect(refused()).toEqual([]);
    await coordinator.close();
  });
});

it('a cycle over a process that stands still is found when it goes on', { timeout: 60_000 }, async () => {
  await start(2, { url: server.url });
  await ask(0, 'one', a);
  await ask(1, 'two', b);
  await ask(0, 'one more', b, 'one');
  workers!.signal(0, 'SIGSTOP');
  await ask(1, 'two more', a, 'two');
  workers!.signal(0, 'SIGCONT');
  await deadlock('two more');
  expect(refused()).toEqual(['two more']);
});

/** Things that nobody waits for who has one of them, if all take them in this order. Slots of a cluster are not taken together. */
const apart = (where: string): readonly GateRef[] => [
  mutex('w'),
  where === 'one Redis' ? allOf(mutex('x'), mutex('y')) : mutex('v'),
  pool,
  lock.write,
  mutex('z'),
];
/** And things that are in each other's way. */
const shelf = (where: string): readonly GateRef[] => [...apart(where), mutex('x'), mutex('y'), lock.read];

describe.each(Object.keys(places))(
  'six who take up to three things, one inside the other, in %s',
  { timeout: 60_000 },
  (where) => {
    const rounds = 12;

    /** Each works so many times; who is refused gives everything back and tries again. Resolves with how often that was. */
    async function work(things: readonly GateRef[], inOrder: boolean): Promise<number> {
      const { cluster: port, ...options } = { prefix: prefix(), ...patient, ...places[where]!() };
      const client = port === undefined ? null : { client: cluster.client() };
      const backends = Array.from({ length: 6 }, () => redisBackend({ ...options, ...client }));
      const all = backends.map((backend) => createCoordinator({ backend }));
      let refused = 0;
      const nested = async ([first, ...others]: readonly GateRef[]): Promise<void> => {
        if (first === undefined) await scheduler.yield();
        else await run(first, () => nested(others));
      };
      const live = async (i: number): Promise<void> => {
        let seed = i + 1;
        for (let round = 0; round < rounds;) {
          const picked = new Set<number>();
          while (picked.size < 3) picked.add((seed = (seed * 16_807) % 2_147_483_647) % things.length);
          const wanted = [...picked];
          if (inOrder) wanted.sort((a, b) => a - b);
          try {
            await within(all[i]!, () => nested(wanted.map((thing) => things[thing]!)));
            round++;
          } catch (error) {
            if ((error as { code?: string }).code !== 'RXB_DEADLOCK') throw error;
            refused++;
          }
        }
      };
      await Promise.all(all.map((_, i) => live(i)));
      await Promise.all(all.map((coordinator) => coordinator.close()));
      return refused;
    }

    it('in any order: some are refused, and all have worked in the end', async () => {
      expect(await work(shelf(where), false)).toBeGreaterThan(0);
    });

    it('in one order: nobody is ever refused', async () => {
      expect(await work(apart(where), true)).toBe(0);
    });
  },
);
