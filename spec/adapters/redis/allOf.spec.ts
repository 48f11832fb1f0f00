import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { acquire } from '../../../lib/gates/acquire.ts';
import { allOf } from '../../../lib/gates/allOf.ts';
import { cyclicBarrier } from '../../../lib/gates/cyclicBarrier.ts';
import type { AcquireOptions, Gate } from '../../../lib/gates/gate.ts';
import { mutex } from '../../../lib/gates/mutex.ts';
import { quota } from '../../../lib/gates/quota.ts';
import { rateLimiter } from '../../../lib/gates/rateLimiter.ts';
import { semaphore } from '../../../lib/gates/semaphore.ts';
import { ask, type Asked, fates, follow } from '../../../lib/testing/contract/lab.ts';
import { redisLab, type RedisLab } from '../../support/redisLab.ts';
import { installTime, redisForSpecs, type RedisServer } from '../../support/redisServer.ts';

let server: RedisServer;
let lab: RedisLab;
let twin: RedisLab;

beforeAll(async () => {
  server = await redisForSpecs();
}, installTime);

afterAll(() => server.stop());

beforeEach(() => {
  lab = redisLab(server.url);
  twin = lab.twin();
});

afterEach(() => lab.close());

const [db, pool] = [mutex('db'), semaphore('pool', { permits: 4 })];

type Member = Gate | { gate: Gate; cost?: number; key?: string };
const together = (members: readonly Member[], options?: AcquireOptions): Asked =>
  follow(acquire(allOf(...members), options));

const free = async (...gates: readonly Gate[]): Promise<number[]> => {
  const states = await Promise.all(gates.map((gate) => gate.inspect()));
  return states.map(({ available, waiting }) => (waiting.length === 0 ? available : NaN));
};

/** It is dead, as far as the server can tell, while something is done. */
async function without({ traffic }: RedisLab, work: () => Promise<unknown>): Promise<void> {
  const clients = [...traffic.clients];
  const own = clients.map(({ duplicate }) => duplicate);
  for (const client of clients) {
    client.duplicate = () => {
      throw new Error('It is dead.');
    };
    client.disconnect();
  }
  await work();
  for (const [i, client] of clients.entries()) client.duplicate = own[i]!;
  await lab.advance(2_000);
}

describe('several gates in Redis as one', () => {
  it('are taken with one command and given back with one, under one fence', async () => {
    const gates = [lab.open(db), lab.open(pool)] as const;
    const warm = together(gates);
    await lab.idle();
    warm.leave();
    await lab.idle();
    const before = lab.traffic.sent;
    const both = together([gates[0], { gate: gates[1], cost: 3 }]);
    await lab.idle();
    both.leave();
    await lab.idle();
    expect(lab.traffic.sent - before).toBe(2);
    const again = together(gates);
    await lab.idle();
    const fences = [...(await gates[0].inspect()).holders, ...(await gates[1].inspect()).holders].map((h) => h.fence);
    expect(fences).toEqual([again.grant.fence, again.grant.fence]);
    expect(again.grant.fence).toBeGreaterThan(both.grant.fence ?? NaN);
  });

  it('are entered by a process in which the last of them was not the one that came free', async () => {
    const a = ask(twin.open(db));
    await lab.idle();
    const b = ask(twin.open(pool), { cost: 4 });
    await lab.idle();
    const both = together([lab.open(db), lab.open(pool)]);
    await lab.idle();
    const behind = [ask(twin.open(db)), ask(twin.open(pool))];
    await lab.idle();
    a.leave();
    await lab.idle();
    expect(fates([both, ...behind])).toEqual(['waiting', 'waiting', 'waiting']);
    b.leave();
    await lab.idle();
    expect(fates([both, ...behind])).toEqual(['held', 'waiting', 'held']);
    both.leave();
    await lab.idle();
    expect(fates(behind)).toEqual(['held', 'held']);
  });

  it('are entered also when one of them opens, closes and opens again', async () => {
    const [a, x] = [ask(twin.open(db)), ask(twin.open(pool))];
    await lab.idle();
    const both = together([lab.open(db), { gate: lab.open(pool), cost: 3 }]);
    await lab.idle();
    await twin.open(pool).change({ permits: 3 });
    await lab.idle();
    a.leave();
    await lab.idle();
    expect(both.fate).toBe('waiting');
    x.leave();
    await lab.idle();
    expect(both.fate).toBe('held');
  });

  it('are entered within a third of the grace although the message is lost', async () => {
    const a = ask(lab.open(db));
    await lab.idle();
    const both = together([twin.open(db), twin.open(pool)]);
    await lab.idle();
    for (const client of twin.traffic.clients) client.removeAllListeners('message');
    a.leave();
    await lab.idle();
    expect(both.fate).toBe('waiting');
    await lab.advance(1_000);
    expect(both.fate).toBe('held');
  });

  it('are kept while their work runs, and come free when their process has died', async () => {
    const both = together([twin.open(db), twin.open(pool)]);
    await lab.idle();
    const next = ask(lab.open(db));
    await lab.advance(60_000);
    expect([both.fate, next.fate]).toEqual(['held', 'waiting']);
    await without(twin, async () => {
      await lab.advance(30_000);
      expect([both.fate, next.fate]).toEqual(['RXB_LEASE_LOST', 'held']);
    });
    expect(await free(lab.open(pool))).toEqual([4]);
  });

  it('are passed by when their process has died in the queue', async () => {
    const a = ask(lab.open(db));
    await lab.idle();
    together([twin.open(db), twin.open(pool)]);
    await lab.idle();
    const next = ask(lab.open(pool), { cost: 4 });
    await lab.idle();
    expect(next.fate).toBe('waiting');
    await without(twin, async () => {
      await lab.advance(4_000);
      expect([a.fate, next.fate]).toEqual(['held', 'held']);
    });
  });

  it('are all lost with one of them, and all go back', async () => {
    const gates = [lab.open(db), lab.open(pool)] as const;
    const both = together(gates);
    await lab.idle();
    expect(await twin.open(pool).force('all', 'by the operator')).toBe(1);
    await lab.idle();
    expect([both.fate, String(both.error)]).toEqual([
      'RXB_LEASE_LOST',
      expect.stringContaining('lost db + pool: by the operator'),
    ]);
    expect([both.grant.signal.aborted, both.grant.valid(), await free(...gates)]).toEqual([true, false, [1, 4]]);
  });

  it('are all lost when the lease of one lapses, and extended together', async () => {
    const [x, y] = [mutex('x', { ttl: 200, renew: false }), mutex('y', { ttl: 400, renew: false })];
    const gates = [lab.open(x), lab.open(y)] as const;
    const both = together(gates);
    await lab.idle();
    await lab.advance(150);
    const extended = both.grant.extend();
    await lab.idle();
    expect(await extended).toBe(true);
    await lab.advance(199);
    expect(both.fate).toBe('held');
    await lab.advance(1);
    expect(both.fate).toBe('RXB_LEASE_LOST');
    await lab.idle();
    expect(await free(...gates)).toEqual([1, 1]);
  });

  it('charge the quota among them', async () => {
    const hours = lab.open(quota('hours', { limit: 16, per: '1h' }));
    const both = together([lab.open(db), { gate: hours, cost: 8 }]);
    await lab.idle();
    await both.grant.charge(3);
    both.leave();
    await lab.idle();
    expect(await free(hours)).toEqual([13]);
  });

  it('are tokens when all of them are, and none is spent in vain', async () => {
    const [calls, words] = [rateLimiter('calls', { limit: 1, per: 500 }), rateLimiter('words', { limit: 9, per: 500 })];
    const gates = [lab.open(calls), { gate: lab.open(words), cost: 5 }] as const;
    const both = [together(gates), together(gates, { timeout: 0 })];
    await lab.idle();
    expect(fates(both)).toEqual(['spent', 'RXB_BUSY']);
    expect([String(both[1]?.error), both[0]?.grant.fence]).toEqual([
      expect.stringContaining('calls is not free'),
      null,
    ]);
    expect(await free(lab.open(words))).toEqual([4]);
  });

  it('name the one that is in use with other settings, and the one that can never be had', async () => {
    ask(twin.open(pool));
    await lab.idle();
    const other = together([lab.open(db), lab.open(semaphore('pool', { permits: 3 }))]);
    await lab.idle();
    expect(String(other.error)).toContain(`'pool' is in use as {"kind":"semaphore"`);
    ask(twin.open(db));
    await lab.idle();
    const waiting = together([twin.open(db), { gate: twin.open(pool), cost: 3 }]);
    await lab.idle();
    await twin.open(pool).change({ permits: 2 });
    await lab.idle();
    expect([waiting.fate, String(waiting.error)]).toEqual([
      'RXB_LIMIT_IMPOSSIBLE',
      expect.stringContaining('3 of pool can never be had at once: it has 2'),
    ]);
    expect((await twin.open(db).inspect()).waiting).toEqual([]);
    const never = together([lab.open(db), { gate: lab.open(pool), cost: 3 }]);
    await lab.idle();
    expect(never.fate).toBe('RXB_LIMIT_IMPOSSIBLE');
  });

  it('leave all queues when they are called off while the answer is on its way', async () => {
    const a = ask(lab.open(db));
    await lab.idle();
    const calledOff = new AbortController();
    const both = together([lab.open(db), lab.open(pool)], { signal: calledOff.signal });
    calledOff.abort();
    await lab.idle();
    a.leave();
    await lab.idle();
    expect([both.fate, await free(lab.open(db), lab.open(pool))]).toEqual(['RXB_ABORTED', [1, 4]]);
  });

  it('stand in line anew, in all queues, when the server has lost one of them', async () => {
    const a = ask(lab.open(db));
    await lab.idle();
    const both = together([twin.open(db), twin.open(pool)], { label: 'both' });
    await lab.idle();
    const other = together([lab.open(db), lab.open(pool)], { label: 'other' });
    await lab.idle();
    const admin = [...lab.traffic.clients][0]!;
    const [id = ''] = await admin.zrange(`${lab.prefix}:{pool}:q`, '0', '0');
    await admin.zrem(`${lab.prefix}:{pool}:q`, id);
    await lab.advance(1_000);
    const names = async (gate: Gate): Promise<string[]> => (await gate.inspect()).waiting.map(({ who }) => who);
    expect([await names(lab.open(db)), await names(lab.open(pool))]).toEqual([
      ['other', 'both'],
      ['other', 'both'],
    ]);
    a.leave();
    await lab.idle();
    other.leave();
    await lab.idle();
    expect(both.fate).toBe('held');
  });

  it('are no barriers', async () => {
    const [meet, gate] = [twin.open(cyclicBarrier('meet', { parties: 2 })), twin.open(db)];
    expect([meet.name, follow(acquire(allOf(gate, 'meet'))).fate]).toEqual(['meet', 'RXB_CONFIG']);
  });
});
