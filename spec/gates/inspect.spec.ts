import { describe, expect, it } from 'vitest';
import { allOf, cyclicBarrier, mutex, quota, rateLimiter, run, semaphore, waits } from 'rxbaton';
import { deferred } from '../support/deferred.ts';
import { gateWorld } from '../support/gateWorld.ts';

describe('inspect', () => {
  it('shows a gate that nobody has used as it is at the start', () => {
    const { state } = gateWorld();
    const spec = mutex('db', { ttl: '30s' });
    expect(state(spec)).toEqual({
      name: 'db',
      kind: 'mutex',
      spec,
      holders: [],
      waiting: [],
      available: 1,
      opensIn: 0,
      pausedFor: 0,
    });
  });

  it('shows who holds it since when, with which fence and how much of the lease is left, and who waits in which order', async () => {
    const { clock, ask, state } = gateWorld();
    const spec = semaphore('pool', { permits: 3, ttl: 100, renew: false });
    const a = ask(spec, { label: 'a', cost: 2 });
    await clock.advance(10);
    const b = ask(spec, { label: 'b' });
    ask(spec, { label: 'c', cost: 2 });
    await clock.advance(5);
    ask(spec, { label: 'd', priority: 1 });
    await clock.advance(5);
    expect(state(spec)).toEqual({
      name: 'pool',
      kind: 'semaphore',
      spec,
      holders: [
        { who: 'a', fence: a.grant.fence, cost: 2, held: 20, left: 80 },
        { who: 'b', fence: b.grant.fence, cost: 1, held: 10, left: 90 },
      ],
      waiting: [
        { who: 'd', cost: 1, priority: 1, waited: 5 },
        { who: 'c', cost: 2, priority: 0, waited: 10 },
      ],
      available: 0,
      opensIn: Infinity,
      pausedFor: 0,
    });
  });

  it('shows the key, the pause and the changed settings', () => {
    const { open, state } = gateWorld();
    const spec = rateLimiter('api', { limit: 5, per: 100 });
    const gate = open(spec);
    void gate.change({ limit: 7, pauseUntil: 40 });
    expect(state(gate, 'ada')).toEqual({
      name: 'api',
      key: 'ada',
      kind: 'limiter',
      spec: { ...spec, limit: 7, burst: 7 },
      holders: [],
      waiting: [],
      available: 7,
      opensIn: 40,
      pausedFor: 40,
    });
  });

  it('shows a quota, a limiter and a barrier', async () => {
    const { clock, ask, state } = gateWorld();
    const hours = quota('hours', { limit: 10, per: 1_000 });
    const api = rateLimiter('api', { limit: 2, per: 100 });
    const meet = cyclicBarrier('meet', { parties: 3 });
    ask(hours, { cost: 8 });
    ask(hours, { cost: 5 });
    ask(api, { cost: 2 });
    ask(api);
    ask(meet);
    await clock.advance(30);
    expect(state(hours)).toMatchObject({
      available: 2,
      opensIn: 970,
      holders: [{ cost: 8, held: 30, left: Infinity }],
    });
    expect(state(api)).toMatchObject({ available: 0, opensIn: 70, holders: [], waiting: [{ waited: 30 }] });
    expect(state(meet)).toMatchObject({ available: 0, opensIn: Infinity, generation: 0, waiting: [{}] });
  });

  it('is plain data: it survives a copy, and stays as it was', () => {
    const { ask, state } = gateWorld();
    const a = ask('db');
    const before = state('db');
    a.leave();
    expect(before.holders).toHaveLength(1);
    expect(structuredClone(before)).toEqual(before);
  });

  it('changes nothing: no place is taken, nothing is reserved, no fence is used', () => {
    const { ask, state } = gateWorld();
    const first = ask('db').grant.fence!;
    for (let i = 0; i < 10; i++) state('db');
    expect([state('db').waiting, ask('other').grant.fence]).toEqual([[], first + 1]);
  });

  it('is asked of a live gate, of a coordinator, and by a key', () => {
    const { ask, open, state } = gateWorld();
    const gate = open(mutex('db'));
    ask(gate, { key: 'k', label: 'holder' });
    expect([gate.inspect('k'), state(gate, 'k'), gate.inspect()]).toMatchObject([
      { holders: [{ who: 'holder' }] },
      { holders: [{ who: 'holder' }] },
      { holders: [] },
    ]);
  });

  it('refuses what is no gate', () => {
    const { state } = gateWorld();
    expect(() => state(5 as never)).toThrow(/inspect\(\) needs a gate/);
  });
});

describe('waits', () => {
  it('shows who waits for what, held by whom, since when, over all gates and keys', async () => {
    const { clock, within, ask } = gateWorld();
    expect(await within(() => waits())).toEqual([]);
    const pool = semaphore('pool', { permits: 2 });
    ask(pool, { label: 'p1' });
    ask(pool, { label: 'p2' });
    ask('db', { label: 'keyed', key: 'k' });
    await clock.advance(10);
    ask(pool, { label: 'third' });
    ask('db', { label: 'also keyed', key: 'k' });
    ask('free', { label: 'alone' });
    await clock.advance(5);
    expect(await within(() => waits())).toEqual([
      { waiter: 'third', gate: 'pool', holders: ['p1', 'p2'], since: 5 },
      { waiter: 'also keyed', gate: 'db[k]', holders: ['keyed'], since: 5 },
    ]);
  });

  it('shows a request for several gates at each of them, and work by the call it belongs to', async () => {
    const { coordinator, within, ask } = gateWorld();
    ask('a', { label: 'x' });
    ask(allOf('a', 'b'), { label: 'both' });
    const done = deferred();
    const call = coordinator.coordinate('writer', () => run('b', () => done.promise))();
    const edges = await within(() => waits());
    expect(edges.map(({ waiter, gate, holders }) => [waiter.split('#')[0], gate, holders])).toEqual([
      ['both', 'a', ['x']],
      ['both', 'b', []],
      ['writer', 'b', []],
    ]);
    done.resolve();
    void call;
  });

  it('shows only the gates of the current coordinator', async () => {
    const [here, there] = [gateWorld(), gateWorld()];
    here.ask('db');
    here.ask('db');
    expect([(await here.within(() => waits())).length, (await there.within(() => waits())).length]).toEqual([1, 0]);
  });
});
