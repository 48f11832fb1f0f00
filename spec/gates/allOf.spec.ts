import { describe, expect, it } from 'vitest';
import { acquire, allOf, cyclicBarrier, define, hold, mutex, quota, rateLimiter, run, semaphore } from 'rxbaton';
import { Observable } from 'rxjs';
import { deferred } from '../support/deferred.ts';
import { errorOf, gateWorld } from '../support/gateWorld.ts';

const [a, b] = [mutex('a'), mutex('b')];
const api = rateLimiter('api', { limit: 2, per: 100 });
const pool = semaphore('pool', { permits: 4 });

describe('allOf', () => {
  it('takes all gates in one turn, and gives all of them back in one turn', () => {
    const { ask, state } = gateWorld();
    const both = ask(allOf(a, pool));
    expect([both.fate, state(a).available, state(pool).available]).toEqual(['held', 0, 3]);
    both.leave();
    expect([state(a).available, state(pool).available]).toEqual([1, 4]);
  });

  it('holds nothing while one of them is busy', () => {
    const { ask, state } = gateWorld();
    const busy = ask(b);
    const both = ask(allOf(a, pool, b));
    expect(both.fate).toBe('waiting');
    expect([state(a), state(pool)]).toMatchObject([
      { holders: [], available: 1, waiting: [{}] },
      { holders: [], available: 4, waiting: [{}] },
    ]);
    busy.leave();
    expect(both.fate).toBe('held');
  });

  it('spends no token while the lock is busy', () => {
    const { ask, state } = gateWorld();
    const busy = ask(a);
    const both = ask(allOf(a, api));
    expect([both.fate, state(api).available]).toEqual(['waiting', 2]);
    busy.leave();
    expect([both.fate, state(api).available]).toEqual(['held', 1]);
  });

  it('holds no lock while no token is due', async () => {
    const { clock, ask, state } = gateWorld();
    ask(api, { cost: 2 });
    const both = ask(allOf(a, api));
    await clock.advance(99);
    expect([both.fate, state(a).holders]).toEqual(['waiting', []]);
    await clock.advance(1);
    expect([both.fate, both.grant.waited]).toEqual(['held', 100]);
  });

  it('of tokens alone is a token: it completes and holds nothing', () => {
    const { ask, state } = gateWorld();
    const tokens = rateLimiter('tokens', { limit: 1_000, per: '1m' });
    const both = ask(allOf(api, { gate: tokens, cost: 400 }));
    expect([both.fate, both.grant.fence, state(api).available, state(tokens).available]).toEqual([
      'spent',
      null,
      1,
      600,
    ]);
  });

  it('takes the cost and the key that a member names', () => {
    const { ask, state } = gateWorld();
    ask(allOf({ gate: pool, cost: 3 }, { gate: api, key: 'ada', cost: 2 }, a));
    expect([state(pool).available, state(api, 'ada').available, state(api).available]).toEqual([1, 0, 2]);
  });

  it('takes several keys of one gate', () => {
    const { ask, state } = gateWorld();
    const both = ask(allOf({ gate: a, key: '1' }, { gate: a, key: '2' }));
    expect([both.fate, state(a, '1').holders.length, state(a, '2').holders.length, state(a).holders.length]).toEqual([
      'held',
      1,
      1,
      0,
    ]);
  });

  it('takes another allOf for its members', () => {
    const { ask, state } = gateWorld();
    const all = ask(allOf(allOf(a, { gate: pool, cost: 2 }), b));
    expect([all.grant.gate, state(a).available, state(b).available, state(pool).available]).toEqual([
      'a + b + pool',
      0,
      0,
      2,
    ]);
  });

  it('takes a gate that is named twice once, for both costs', () => {
    const { ask, state } = gateWorld();
    const twice = ask(allOf(pool, { gate: pool, cost: 2 }));
    expect([twice.fate, state(pool).available, state(pool).holders]).toMatchObject(['held', 1, [{ cost: 3 }]]);
    twice.leave();
    expect(state(pool).available).toBe(4);
    expect(ask(allOf(a, a)).fate).toBe('RXB_LIMIT_IMPOSSIBLE');
  });

  it('takes live gates, descriptions and names alike', () => {
    const { ask, open, state } = gateWorld();
    ask(allOf(open(pool), a, 'bare'));
    expect([state('pool').available, state('a').available, state('bare').available]).toEqual([3, 0, 0]);
  });

  it('takes live gates where they live, and not gates of two coordinators', () => {
    const [here, there] = [gateWorld(), gateWorld()];
    acquire(allOf(here.open(pool), allOf(here.open(api), 'bare'))).subscribe();
    expect([here.state('pool').available, here.state('api').available, here.state('bare').available]).toEqual([
      3, 1, 0,
    ]);
    expect(() => acquire(allOf(here.open(pool), there.open(api)))).toThrow(/live gates of different coordinators/);
  });

  it('is refused as a whole where one member can never be had, and leaves no place', () => {
    const { ask, state } = gateWorld();
    ask(a);
    expect(ask(allOf(a, { gate: pool, cost: 5 })).fate).toBe('RXB_LIMIT_IMPOSSIBLE');
    expect([state(a).waiting, state(pool).waiting]).toEqual([[], []]);
  });

  it('leaves all queues when a change makes one member impossible', () => {
    const { ask, open, state } = gateWorld();
    ask(a);
    const both = ask(allOf(a, { gate: pool, cost: 4 }));
    void open(pool).change({ permits: 3 });
    expect([both.fate, state(a).waiting, state(pool).waiting]).toEqual(['RXB_LIMIT_IMPOSSIBLE', [], []]);
  });

  it('leaves all queues when it is unsubscribed, aborted or has waited too long, and lets those behind it in', async () => {
    const { clock, ask, state } = gateWorld();
    ask(a);
    const control = new AbortController();
    const all = [
      ask(allOf(a, { gate: pool, cost: 4 })),
      ask(allOf(a, { gate: pool, cost: 4 }), { signal: control.signal }),
      ask(allOf(a, { gate: pool, cost: 4 }), { timeout: 10 }),
    ];
    const behind = ask(pool);
    all[0]?.leave();
    control.abort();
    expect(behind.fate).toBe('waiting');
    await clock.advance(10);
    expect(all.map(({ fate }) => fate)).toEqual(['left', 'RXB_ABORTED', 'RXB_ACQUIRE_TIMEOUT']);
    expect([behind.fate, state(a).waiting, state(pool).waiting]).toEqual(['held', [], []]);
    expect((all[2]?.error as Error).message).toContain(
      'a + pool did not open within 10 ms: held by anonymous (for 10 ms)',
    );
  });

  it('gives all of it back when it is unsubscribed between the reservation and its delivery', () => {
    const { ask, open, state } = gateWorld();
    const gate = open(a);
    let end!: () => void;
    hold(gate.acquire(), () => new Observable<never>((work) => (end = () => work.complete()))).subscribe({
      complete: () => {
        expect(state(a).available).toBe(0);
        both.leave();
      },
    });
    const both = ask(allOf(a, pool, api));
    const next = ask(a);
    end();
    expect([both.fate, next.fate, state(pool).available, state(api).available]).toEqual(['left', 'held', 4, 2]);
  });

  it('with timeout: 0 takes all at once or nothing, and names the gate that is not free', () => {
    const { ask, state } = gateWorld();
    expect(ask(allOf(a, pool), { timeout: 0 }).fate).toBe('held');
    const busy = ask(allOf(pool, a, api), { timeout: 0 });
    expect([busy.fate, (busy.error as Error).message]).toEqual([
      'RXB_BUSY',
      'a is not free: held by anonymous (for 0 ms).',
    ]);
    expect([state(a).waiting, state(pool), state(api).available]).toMatchObject([[], { waiting: [], available: 3 }, 2]);
  });

  it('loses all of its gates with one of them: the work is torn down and the others go back', () => {
    const { ask, open, state, within } = gateWorld();
    const log: string[] = [];
    within(() =>
      hold(acquire(allOf(a, pool)), ({ signal }) => {
        signal.addEventListener('abort', () => log.push(`aborted: ${signal.reason.message}`));
        return new Observable<never>(() => () => log.push('work gone'));
      }).subscribe({ error: (error: unknown) => log.push((error as Error).message) }),
    );
    const next = ask(pool, { cost: 4 });
    void open(a).force('all', 'by the operator');
    expect([state(a).available, next.fate]).toEqual([1, 'held']);
    expect(log).toEqual([
      'aborted: anonymous lost a + pool: by the operator.',
      'work gone',
      'anonymous lost a + pool: by the operator.',
    ]);
  });

  it('loses all of its gates when the lease of one lapses', async () => {
    const { clock, ask, state } = gateWorld();
    const leased = mutex('leased', { ttl: 10, renew: false });
    const both = ask(allOf(a, leased));
    await clock.advance(10);
    expect([both.fate, state(a).available, state(leased).available]).toEqual(['RXB_LEASE_LOST', 1, 1]);
  });

  it('extends all of its leases', async () => {
    const { clock, ask } = gateWorld();
    const leases = allOf(mutex('x', { ttl: 10, renew: false }), mutex('y', { ttl: 20, renew: false }), api);
    const both = ask(leases);
    expect(await both.grant.extend(50)).toBe(true);
    await clock.advance(49);
    expect(both.fate).toBe('held');
    await clock.advance(1);
    expect([both.fate, await both.grant.extend(50)]).toEqual(['RXB_LEASE_LOST', false]);
  });

  it('extends each of its leases by the ttl of that lease, if nothing else is said', async () => {
    const { clock, ask, state } = gateWorld();
    const [x, y] = [mutex('x', { ttl: 10, renew: false }), mutex('y', { ttl: 20, renew: false })];
    const both = ask(allOf(x, y, a));
    await clock.advance(5);
    expect(await both.grant.extend()).toBe(true);
    expect([x, y, a].map((gate) => state(gate).holders[0]?.left)).toEqual([10, 20, Infinity]);
    await clock.advance(10);
    expect(both.fate).toBe('RXB_LEASE_LOST');
  });

  it('charges the quota among its gates', () => {
    const { ask, state } = gateWorld();
    const hours = quota('hours', { limit: 16, per: '1h' });
    void ask(allOf(a, { gate: hours, cost: 8 })).grant.charge(3);
    expect(state(hours).available).toBe(13);
  });

  it('stands in line with those who want one of them: nobody is passed, nobody starves', () => {
    const { ask } = gateWorld();
    const first = ask(a);
    const both = ask(allOf(a, b));
    const [onlyA, onlyB] = [ask(a), ask(b)];
    expect([both.fate, onlyA.fate, onlyB.fate]).toEqual(['waiting', 'waiting', 'waiting']);
    first.leave();
    expect([both.fate, onlyA.fate, onlyB.fate]).toEqual(['held', 'waiting', 'waiting']);
    both.leave();
    expect([onlyA.fate, onlyB.fate]).toEqual(['held', 'held']);
  });

  it('goes by priority in every queue', () => {
    const { ask } = gateWorld();
    const holder = ask(a);
    const both = ask(allOf(a, b));
    const urgent = ask(allOf(b, a), { priority: 1 });
    holder.leave();
    expect([both.fate, urgent.fate]).toEqual(['waiting', 'held']);
  });

  it('is one holder and one waiter at each of its gates', async () => {
    const { ask, state, within, clock } = gateWorld();
    ask(allOf(a, b), { label: 'one' });
    ask(allOf(a, b), { label: 'two' });
    await clock.advance(7);
    expect([state(a), state(b)]).toMatchObject([
      { holders: [{ who: 'one', held: 7 }], waiting: [{ who: 'two', waited: 7 }] },
      { holders: [{ who: 'one', held: 7 }], waiting: [{ who: 'two', waited: 7 }] },
    ]);
    expect(within(() => state(allOf(a, b)))).toMatchObject({ name: 'a + b', available: 0, opensIn: Infinity });
  });

  it('runs a function while it holds all, and is no alarm where two are nested in the same order', async () => {
    const { within, state } = gateWorld();
    const seen = await within(() =>
      run(allOf(a, api), async () => {
        const outer = state(a).holders.length;
        return [outer, await run(allOf(b, pool), () => state(b).holders.length)];
      }),
    );
    expect(seen).toEqual([1, 1]);
  });

  it('refuses a barrier, whose parties enter together, and says what to do', async () => {
    const { open } = gateWorld();
    const meet = cyclicBarrier('meet', { parties: 2 });
    for (const gate of [meet, open(meet), { gate: meet }]) {
      const error = await errorOf(() => allOf(a, gate));
      expect(error.code).toBe('RXB_CONFIG');
      expect(error.message).toMatch(/^allOf\(\) cannot take the barrier 'meet'\..*Meet at the barrier first/);
    }
  });

  it('refuses the name of a barrier when it is opened', () => {
    const { within, ask, state } = gateWorld();
    within(() => define(cyclicBarrier('meet', { parties: 2 })));
    expect(ask(allOf(a, 'meet')).fate).toBe('RXB_CONFIG');
    expect([state(a).available, state('meet').waiting]).toEqual([1, []]);
  });

  it('has no key and no cost of its own', () => {
    const { ask } = gateWorld();
    expect(() => ask(allOf(a, b), { cost: 2 })).toThrow(
      /cost must be left out for an allOf, whose members have a 'cost'/,
    );
    expect(() => ask(allOf(a, b), { key: 'x' })).toThrow(
      /key must be left out for an allOf, whose members have a 'key'/,
    );
  });

  it('refuses what is no gate', async () => {
    expect((await errorOf(() => allOf())).message).toBe('allOf() needs at least one gate.');
    expect((await errorOf(() => allOf(['a', 'b'] as never))).message).toContain('not in a list');
    for (const bad of [
      null,
      undefined,
      5,
      {},
      { gate: 5 },
      { gate: a, costs: 1 },
      { gate: a, cost: 0 },
      { gate: a, key: 1 },
    ]) {
      expect((await errorOf(() => allOf(bad as never))).code, JSON.stringify(bad)).toBe('RXB_CONFIG');
    }
  });

  it('keeps its gates until its promise has settled', async () => {
    const { within, ask, state } = gateWorld();
    const work = deferred();
    const running = within(() => run(allOf(a, b), () => work.promise));
    const next = ask(b);
    expect([state(a).available, next.fate]).toEqual([0, 'waiting']);
    work.resolve();
    await running;
    expect([state(a).available, next.fate]).toEqual([1, 'held']);
  });
});
