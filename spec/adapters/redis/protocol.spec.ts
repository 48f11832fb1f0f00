import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readReply } from '../../../adapters/redis/Link.ts';
import { keysOf, protocolOf, stemOf } from '../../../adapters/redis/protocol.ts';
import { serverTime } from '../../../adapters/redis/lua/prelude.ts';
import { makeScripts, type OperationName } from '../../../adapters/redis/scripts.ts';
import { cyclicBarrier } from '../../../lib/gates/cyclicBarrier.ts';
import { mutex } from '../../../lib/gates/mutex.ts';
import { quota } from '../../../lib/gates/quota.ts';
import { rateLimiter } from '../../../lib/gates/rateLimiter.ts';
import { semaphore } from '../../../lib/gates/semaphore.ts';
import type { GateSpec } from '../../../lib/gates/spec.ts';
import { ask, fates, line, type Asked } from '../../../lib/testing/contract/lab.ts';
import { deferred } from '../../support/deferred.ts';
import { redisLab, type RedisLab } from '../../support/redisLab.ts';
import { installTime, redisForSpecs, type RedisServer } from '../../support/redisServer.ts';

let server: RedisServer;
let admin: Redis;
let lab: RedisLab;

beforeAll(async () => {
  server = await redisForSpecs();
  admin = new Redis(server.url);
}, installTime);

afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

beforeEach(() => {
  lab = redisLab(server.url);
});

afterEach(() => lab.close());

/** How many scripts are sent while something is done. */
async function sent(work: () => Promise<unknown>, ...labs: readonly RedisLab[]): Promise<number> {
  const total = (): number => [lab, ...labs].reduce((sum, { traffic }) => sum + traffic.sent, 0);
  const before = total();
  await work();
  await lab.idle();
  return total() - before;
}

/** The server loses everything but the time of the spec. */
async function forget(): Promise<void> {
  for (const key of await admin.keys(`${lab.prefix}:{*`)) await admin.del(key);
}

describe('one operation', () => {
  const spec = mutex('raw');
  const scripts = makeScripts(serverTime);
  let prefix = '';
  let cases = 0;

  beforeEach(() => {
    prefix = `${lab.prefix}-raw${++cases}`;
  });

  const run = async (
    operation: OperationName,
    args: readonly (string | number)[],
    notAfter: string | number = 'inf',
  ) => {
    const { policy, list, args: own } = protocolOf(spec, 30_000, 3_000);
    const keys = keysOf(stemOf(prefix, spec.name), list, undefined);
    const { text } = scripts.of(operation, policy);
    return readReply(await admin.eval(text, keys.length, ...keys, notAfter, ...own, ...args));
  };
  const acquire = (id: string, notAfter?: string | number) => run('acquire', [id, 'channel who'], notAfter);

  it('has one effect, however often it arrives', async () => {
    const [code, fence] = await acquire('a');
    const [again, , sameFence] = await acquire('a');
    expect([code, again, sameFence]).toEqual([1, 1, fence]);
    await acquire('b');
    await acquire('b');
    expect(await admin.zcard(`${prefix}:{raw}:q`)).toBe(1);
    expect((await run('release', ['a']))[0]).toBe(1);
    expect((await run('release', ['a']))[0]).toBe(6);
  });

  it('has none when it comes too late', async () => {
    const [code, now] = await acquire('a', 1_000_000);
    expect(code).toBe(0);
    expect(Math.abs(now / 1000 - Date.now())).toBeLessThan(60_000);
    expect(await admin.keys(`${prefix}:*`)).toEqual([]);
  });

  it('is refused for ever once it was called off, although it was on its way', async () => {
    const later = Date.now() * 1000 + 60_000_000;
    expect((await run('release', ['ghost', 1, 'cancel', later]))[0]).toBe(6);
    expect((await acquire('ghost'))[0]).toBe(7);
    expect((await acquire('other'))[0]).toBe(1);
  });

  it('leaves nothing behind that lives for ever', async () => {
    await acquire('a');
    await acquire('b');
    for (const key of await admin.keys(`${prefix}:*`)) expect([key, await admin.pttl(key)]).not.toEqual([key, -1]);
    expect(await admin.keys(`${prefix}:*`)).toHaveLength(3);
  });
});

describe('traffic', () => {
  it('is two commands for a lock that is free', async () => {
    const gate = lab.open(mutex('gate'));
    const warm = ask(gate);
    await lab.idle();
    warm.leave();
    await lab.idle();
    const cycle = async (): Promise<void> => {
      const one = ask(gate);
      await lab.idle();
      expect(one.fate).toBe('held');
      one.leave();
    };
    expect(await sent(cycle)).toBe(2);
  });

  it('is two commands for each of a hundred who wait, in two processes', async () => {
    const twin = lab.twin();
    const gates = [twin.open(mutex('gate')), lab.open(mutex('gate'))];
    // Both are connected.
    const [other, first] = [ask(gates[0]!), ask(gates[1]!)];
    await lab.idle();
    other.leave();
    await lab.idle();
    expect(first.fate).toBe('held');
    const all: Asked[] = [];
    const everybody = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) all.push(ask(gates[i % 2]!));
      await lab.idle();
      first.leave();
      for (let served = 0; served < 100; served++) {
        await lab.idle();
        const held = all.filter(({ fate }) => fate === 'held');
        expect(held).toHaveLength(1);
        held[0]?.leave();
      }
    };
    // One for the first, whose other one came before.
    expect(await sent(everybody, twin)).toBe(201);
  });

  it('is one command for a permitted call and two for one that has to wait', async () => {
    const gate = lab.open(rateLimiter('gate', { limit: 1, per: 100 }));
    const warm = ask(gate);
    await lab.advance(100);
    expect(warm.fate).toBe('spent');
    expect(await sent(async () => ask(gate))).toBe(1);
    let late: Asked | undefined;
    expect(await sent(async () => (late = ask(gate)))).toBe(1);
    expect(await sent(() => lab.advance(100))).toBe(1);
    expect(late?.fate).toBe('spent');
  });

  it('of renewals is shared by all leases of a process', async () => {
    for (let i = 0; i < 1_000; i++) ask(lab.open(mutex(`gate ${i}`)));
    await lab.idle();
    await lab.advance(10_000);
    expect(await sent(() => lab.advance(10_000))).toBeLessThanOrEqual(20);
  });
});

describe('a message that is lost', () => {
  const deafen = (one: RedisLab): void => {
    for (const client of one.traffic.clients) client.removeAllListeners('message');
  };

  it('costs a waiter no more than a third of the grace', async () => {
    const twin = lab.twin();
    const a = ask(lab.open(mutex('gate')));
    await lab.idle();
    const b = ask(twin.open(mutex('gate')));
    await lab.idle();
    deafen(twin);
    a.leave();
    await lab.idle();
    expect(b.fate).toBe('waiting');
    await lab.advance(1_000);
    expect(b.fate).toBe('held');
    await lab.advance(60_000);
    expect(b.fate).toBe('held');
  });

  it('costs a party of a barrier no more either, and it learns its place', async () => {
    const twin = lab.twin();
    const meeting = cyclicBarrier('meeting', { parties: 2 });
    const a = ask(twin.open(meeting));
    await lab.idle();
    deafen(twin);
    const b = ask(lab.open(meeting));
    await lab.idle();
    expect(fates([a, b])).toEqual(['waiting', 'spent']);
    await lab.advance(1_000);
    expect([a.fate, a.grant.index, b.grant.index]).toEqual(['spent', 0, 1]);
  });

  it('of a token is asked for again', async () => {
    const twin = lab.twin();
    const spec = rateLimiter('api', { limit: 1, per: 500 });
    await line(lab, lab.open(spec), {});
    const b = ask(twin.open(spec));
    await lab.idle();
    const c = ask(lab.open(spec));
    await lab.idle();
    deafen(twin);
    await lab.advance(3_000);
    expect(fates([b, c])).toEqual(['spent', 'spent']);
  });
});

describe('a message that overtakes the answer to its request', () => {
  /** Keeps what the server answers to scripts back until the returned function is called. */
  const hold = (one: RedisLab): (() => void) => {
    const all = deferred();
    for (const client of one.traffic.clients) {
      const call = client.call.bind(client) as (...args: unknown[]) => Promise<unknown>;
      const late = async (...args: unknown[]): Promise<unknown> => {
        const answer = await call(...args);
        if (String(args[0]).startsWith('eval')) await all.promise;
        return answer;
      };
      client.call = late;
    }
    return all.resolve;
  };

  it.each([
    ['a lease, which is held all the same', mutex('gate'), 'held', 1],
    ['a token, which is spent once', rateLimiter('gate', { limit: 2, per: 500 }), 'spent', 0],
  ] as const)('lets in to %s', async (_what, spec, fate, held) => {
    const twin = lab.twin();
    const gates = [lab.open(spec), twin.open(spec)] as const;
    const cost = spec.kind === 'mutex' ? 1 : 2;
    const [a] = await line(lab, gates[0], { cost });
    const other = ask(twin.open(mutex('other')));
    await lab.idle();
    const first = ask(gates[0]);
    await lab.idle();
    const answer = hold(twin);
    const b = ask(gates[1]);
    while ((await admin.zcard(`${lab.prefix}:{gate}:q`)) < 2);
    a!.leave();
    if (spec.kind === 'mutex') first.leave();
    await lab.clock.advance(500);
    while (b.fate === 'waiting') await new Promise(setImmediate);
    answer();
    await lab.idle();
    expect([b.fate, (await gates[0].inspect()).holders.length]).toEqual([fate, held]);
    b.leave();
    other.leave();
    await lab.idle();
    expect([twin.backend.forget(twin.backend.find('gate')!), (await gates[0].inspect()).holders]).toEqual([true, []]);
  });
});

describe('a process that cannot be reached', () => {
  it('is passed by at once, and gets its turn when it is back', async () => {
    const twin = lab.twin();
    const a = ask(lab.open(mutex('gate')));
    await lab.idle();
    const b = ask(twin.open(mutex('gate')));
    await lab.idle();
    const c = ask(lab.open(mutex('gate')));
    await lab.idle();
    for (const client of twin.traffic.clients) client.disconnect();
    const listeners = async (): Promise<number> => (await admin.pubsub('CHANNELS', `${lab.prefix}:wake:*`)).length;
    while ((await listeners()) > 1);
    a.leave();
    await lab.idle();
    expect(fates([b, c])).toEqual(['waiting', 'held']);
    await lab.advance(100);
    c.leave();
    await lab.idle();
    expect(b.fate).toBe('held');
  });
});

describe('when Redis loses everything', () => {
  it('the holder hears of it at its next renewal, and the next fence is higher all the same', async () => {
    const twin = lab.twin();
    const a = ask(lab.open(mutex('gate')));
    await lab.idle();
    await forget();
    const b = ask(twin.open(mutex('gate')));
    await lab.idle();
    expect(b.grant.fence).toBeGreaterThan(a.grant.fence ?? NaN);
    await lab.advance(10_000);
    expect([a.fate, b.fate]).toEqual(['RXB_LEASE_LOST', 'held']);
    expect((a.error as { details: { reason: string } }).details.reason).toBe('taken-over');
  });

  it('a holder that nobody followed hears of it too', async () => {
    const a = ask(lab.open(mutex('gate')));
    await lab.idle();
    await forget();
    await lab.advance(10_000);
    expect((a.error as { details: { reason: string } }).details.reason).toBe('data-loss');
  });

  it('waiters ask again, in the same order', async () => {
    const gate = lab.open(mutex('gate'));
    const [a, b, c] = (await line(lab, gate, {}, {}, {})) as [Asked, Asked, Asked];
    await forget();
    await lab.advance(1_000);
    expect(fates([a, b, c])).toEqual(['held', 'held', 'waiting']);
    b.leave();
    await lab.idle();
    expect(c.fate).toBe('held');
  });

  it('a barrier is broken for those who waited', async () => {
    const a = ask(lab.open(cyclicBarrier('meeting', { parties: 2 })));
    await lab.idle();
    await forget();
    await lab.advance(1_000);
    expect([a.fate, String(a.error)]).toEqual(['RXB_BARRIER_BROKEN', expect.stringContaining('lost')]);
  });
});

describe('descriptions', () => {
  it('that differ between processes are refused while one is in use, and taken over when it is not', async () => {
    const twin = lab.twin();
    const a = ask(lab.open(semaphore('pool', { permits: 2 })));
    await lab.idle();
    const b = ask(twin.open(semaphore('pool', { permits: 3 })));
    await lab.idle();
    expect([a.fate, b.fate]).toEqual(['held', 'RXB_SPEC_CONFLICT']);
    expect(String(b.error)).toContain('"permits":2');
    a.leave();
    await lab.idle();
    const c = ask(twin.open(semaphore('pool', { permits: 3 })), { cost: 3 });
    await lab.idle();
    expect(c.fate).toBe('held');
  });

  it('that differ are refused whatever is to be done while one is in use, and by no operation when it is not', async () => {
    const [a] = await line(lab, lab.open(semaphore('pool', { permits: 2 })), undefined);
    const other = lab.twin().open(semaphore('pool', { permits: 3 }));
    const operations = [() => other.inspect(), () => other.force('all', 'why'), () => other.change({ permits: 4 })];
    for (const work of operations)
      await expect((async () => work())()).rejects.toMatchObject({ code: 'RXB_SPEC_CONFLICT' });
    a?.leave();
    await lab.idle();
    for (const work of operations) await work();
    expect(await other.inspect()).toMatchObject({ spec: { permits: 4 }, holders: [] });
  });

  it('say of a pause for ever that it is one', async () => {
    const gate = lab.open(mutex('paused'));
    await gate.change({ pauseUntil: Infinity });
    expect(await gate.inspect()).toMatchObject({ pausedFor: Infinity, opensIn: Infinity });
    await gate.change({ pauseUntil: 0 });
    expect(await gate.inspect()).toMatchObject({ pausedFor: 0, opensIn: 0 });
  });

  describe('of those who have died', () => {
    /** One operation as of a time of the server, by a process that is heard of only in it. */
    const at = async (seconds: number, spec: GateSpec, id: string, key?: string): Promise<number> => {
      const { policy, list, args: own } = protocolOf(spec, 30_000, 3_000);
      const keys = keysOf(stemOf(lab.prefix, spec.name), list, key);
      const { text } = makeScripts(`local now = ${seconds * 1e6} local stamp = now`).of('acquire', policy);
      return readReply(await admin.eval(text, keys.length, ...keys, 'inf', ...own, id, 'channel who'))[0];
    };

    it.each<[string, GateSpec, GateSpec]>([
      ['a mutex', mutex('x', { ttl: '5s' }), mutex('x', { ttl: '6s' })],
      ['a semaphore', semaphore('x', { permits: 1, ttl: '5s' }), semaphore('x', { permits: 3, ttl: '5s' })],
      ['a lock, by a limiter', mutex('x', { ttl: '5s' }), rateLimiter('x', { limit: 1, per: '1s' })],
    ])('bind nobody when their leases of %s are over', async (_, one, two) => {
      expect([await at(1000, one, 'holds'), await at(1000, one, 'waits')]).toEqual([1, 2]);
      expect([await at(1004, two, 'early'), await at(1006, two, 'late')]).toEqual([4, 1]);
    });

    it('count from the end of their leases where calls count from their release', async () => {
      const calls = (limit: number) => rateLimiter('x', { limit, per: '5s', from: 'release' });
      expect(await at(1000, calls(1), 'holds')).toBe(1);
      // The lease of a process lasts 30 s.
      expect([await at(1034, calls(2), 'early'), await at(1036, calls(2), 'late')]).toEqual([4, 1]);
    });

    it('bind those who wait no longer than the grace', async () => {
      const [one, two] = [cyclicBarrier('x', { parties: 2 }), cyclicBarrier('x', { parties: 3 })];
      expect(await at(1000, one, 'waits')).toBe(2);
      expect([await at(1002, two, 'early'), await at(1004, two, 'late')]).toEqual([4, 2]);
    });

    it('bind no key of their gate either', async () => {
      const [one, two] = [mutex('x', { ttl: '5s' }), mutex('x', { ttl: '6s' })];
      expect(await at(1000, one, 'holds')).toBe(1);
      expect([await at(1004, two, 'early', 'k'), await at(1006, two, 'late', 'k')]).toEqual([4, 1]);
    });
  });

  it('changed by one process hold for all, and for keys', async () => {
    const twin = lab.twin();
    const spec = semaphore('pool', { permits: 1 });
    await lab.open(spec).change({ permits: 2 });
    const all = [ask(twin.open(spec), { cost: 2 }), ask(twin.open(spec), { cost: 2, key: 'k' })];
    await lab.idle();
    expect(fates(all)).toEqual(['held', 'held']);
    expect(await twin.open(spec).inspect('k')).toMatchObject({ spec: { permits: 2 }, available: 0, key: 'k' });
    expect(await twin.open(spec).force('all', 'enough')).toBe(2);
    await lab.idle();
    expect(fates(all)).toEqual(['RXB_LEASE_LOST', 'RXB_LEASE_LOST']);
  });
});

describe('a reservation of a quota', () => {
  it('that is taken away before its process has claimed it costs what it reserved: its work may have begun', async () => {
    const twin = lab.twin();
    const spec = quota('budget', { limit: 2, per: 500 });
    const [, b] = await line(lab, lab.open(spec), { cost: 2 }, {});
    const c = ask(twin.open(spec));
    await lab.idle();
    // The process of b asks whether its time has come; that of c is told.
    await lab.advance(500);
    expect(fates([b!, c])).toEqual(['held', 'held']);
    expect(await lab.open(spec).force(c.grant.fence ?? NaN, 'enough')).toBe(1);
    await lab.idle();
    expect([c.fate, await lab.open(spec).inspect()]).toMatchObject(['RXB_LEASE_LOST', { available: 0 }]);
  });
});

describe('a try', () => {
  it('that is called off before its answer comes is aborted at once, and holds nothing', async () => {
    const gate = lab.open(mutex('gate'));
    const warm = ask(gate);
    await lab.idle();
    warm.leave();
    const calledOff = new AbortController();
    const a = ask(gate, { timeout: 0, signal: calledOff.signal });
    calledOff.abort();
    expect(a.fate).toBe('RXB_ABORTED');
    await lab.idle();
    expect([a.fate, ask(gate, { timeout: 0 }).fate]).toEqual(['RXB_ABORTED', 'waiting']);
    await lab.idle();
    expect(await gate.inspect()).toMatchObject({ holders: [{ held: 0 }], waiting: [] });
  });
});

describe('settled()', () => {
  it('waits until a release is acknowledged', async () => {
    const a = ask(lab.open(mutex('gate')));
    await lab.idle();
    a.leave();
    await lab.backend.settled();
    expect((await admin.hkeys(`${lab.prefix}:{gate}:g`)).sort()).toEqual(['a']);
  });
});
