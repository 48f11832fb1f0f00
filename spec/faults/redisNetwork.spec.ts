import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Coordinator } from '../../lib/events/Coordinator.ts';
import { cyclicBarrier } from '../../lib/gates/cyclicBarrier.ts';
import { mutex } from '../../lib/gates/mutex.ts';
import { quota } from '../../lib/gates/quota.ts';
import { rateLimiter } from '../../lib/gates/rateLimiter.ts';
import type { GateSpec } from '../../lib/gates/spec.ts';
import type { GateState } from '../../lib/gates/state.ts';
import { faultWorld, leases, type Party, reasonOf, silence } from '../support/faultWorld.ts';
import type { Proxy } from '../support/proxy.ts';
import { installTime, type RedisServer, startRedis } from '../support/redisServer.ts';

const world = faultWorld();
let server: RedisServer;
let proxy: Proxy;
/** A process behind the proxy, and one that is not. */
let far: Coordinator;
let near: Coordinator;

beforeAll(async () => {
  await (await startRedis()).stop();
}, installTime);

beforeEach(async () => {
  server = await world.serve();
  proxy = await world.network(server);
  far = world.coordinate({ url: proxy.url });
  near = world.coordinate({ url: server.url });
});

afterEach(() => world.end());

const db = mutex('db');
const hours = quota('hours', { limit: 1, per: '1h' });
const strategies = ['sliding-window', 'fixed-window', 'token-bucket', 'leaky-bucket'] as const;
const state = (spec: GateSpec): Promise<GateState> => Promise.resolve(near.open(spec).inspect());
const holders = async (spec: GateSpec): Promise<string[]> => (await state(spec)).holders.map(({ who }) => who);

describe('an answer that is lost', { timeout: 30_000 }, () => {
  it.each([...leases, ['a reservation', hours, hours] as const])(
    'to a request for %s: it is there once, and of the one who was told in the end',
    async (_what, spec) => {
      const lost = proxy.loseReplyTo(/ a-lost\r/);
      const a = world.ask(far, spec, 'a-lost');
      await lost;
      await a.becomes('held');
      const { holders: all } = await state(spec);
      expect(all).toMatchObject([{ who: 'a-lost', fence: a.grant.fence }]);
    },
  );

  it('to a release: it frees nobody but its own holder, though it is said again', async () => {
    const a = world.ask(far, db, 'a');
    await a.becomes('held');
    const b = world.ask(near, db, 'b');
    await b.becomes('queued');
    const lost = proxy.loseReplyTo(/\r\ninf\r\n/);
    a.leave();
    await lost;
    await b.becomes('held');
    const c = world.ask(near, db, 'c');
    await c.becomes('queued');
    // Behind what has to be said again.
    const d = world.ask(far, db, 'd');
    await d.becomes('queued');
    expect(await holders(db)).toEqual(['b']);
    b.leave();
    await c.becomes('held');
    expect(d.fate).toBe('queued');
  });

  it('to a departure from the queue: nobody is let in who has left', async () => {
    const a = world.ask(near, db, 'a');
    await a.becomes('held');
    const b = world.ask(far, db, 'b');
    await b.becomes('queued');
    const lost = proxy.loseReplyTo(/\r\ncancel\r\n/);
    b.leave();
    await lost;
    const c = world.ask(far, db, 'c');
    await c.becomes('queued');
    a.leave();
    await c.becomes('held');
    expect(await holders(db)).toEqual(['c']);
  });

  it.each(strategies)('to a call of a limiter (%s): never more than the limit', async (strategy) => {
    const spec = rateLimiter('api', { limit: 2, per: '1h', strategy });
    const lost = proxy.loseReplyTo(/ lost\r/);
    const first = world.ask(far, spec, 'lost', { timeout: 0 });
    await lost;
    const all = [first, ...['b', 'c', 'd'].map((label) => world.ask(near, spec, label, { timeout: 0 }))];
    for (const one of all) await one.becomes('spent', 'RXB_BUSY');
    expect(all.filter(({ fate }) => fate === 'spent').length).toBeLessThanOrEqual(2);
  });

  it('to an arrival at a barrier: it counts once', async () => {
    const spec = cyclicBarrier('meeting', { parties: 3 });
    const lost = proxy.loseReplyTo(/ a-lost\r/);
    const a = world.ask(far, spec, 'a-lost');
    await lost;
    await a.becomes('queued');
    expect((await state(spec)).waiting).toHaveLength(1);
    const [b, c] = ['b', 'c'].map((label) => world.ask(near, spec, label)) as [Party, Party];
    for (const one of [a, b, c]) await one.becomes('spent');
    expect([a, b, c].map(({ grant }) => grant.index)).toEqual([0, 1, 2]);
  });

  it('to the last arrival at a barrier: it is told that it opened', async () => {
    const spec = cyclicBarrier('meeting', { parties: 2 });
    const a = world.ask(near, spec, 'a');
    await a.becomes('queued');
    const lost = proxy.loseReplyTo(/ b-lost\r/);
    const b = world.ask(far, spec, 'b-lost');
    await lost;
    await b.becomes('spent');
    await a.becomes('spent');
    expect([a.grant.index, b.grant.index]).toEqual([0, 1]);
  });
});

describe('packets that are late', { timeout: 30_000 }, () => {
  it('a lock goes from hand to hand, and everybody who has it really has it', async () => {
    proxy.delay(40);
    const all = Array.from({ length: 6 }, (_, i) => world.ask(i % 2 ? near : far, db, `${i}`));
    const left = new Set(all);
    while (left.size > 0) {
      const one = await Promise.race([...left].map((party) => party.becomes('held').then(() => party)));
      expect(await holders(db)).toEqual([one.label]);
      expect(one.grant.valid()).toBe(true);
      left.delete(one);
      one.leave();
    }
  });

  it('a request that arrives after it was given up has no effect', async () => {
    const warm = world.ask(far, mutex('warm'), 'warm');
    await warm.becomes('held');
    const kept = proxy.keepRequest(/ ghost\r/);
    const ghost = world.ask(far, db, 'ghost');
    await kept;
    ghost.leave();
    // Another connection by now, since the first one did not answer.
    const next = world.ask(far, db, 'next');
    await next.becomes('held');
    next.leave();
    await proxy.heal();
    const c = world.ask(near, db, 'c', { timeout: 0 });
    await c.becomes('held');
    expect(await holders(db)).toEqual(['c']);
  });

  it('a request that was answered and is over by the time its first copy arrives has no second effect', async () => {
    const warm = world.ask(far, mutex('warm'), 'warm');
    await warm.becomes('held');
    const kept = proxy.keepRequest(/ twice\r/);
    const a = world.ask(far, db, 'twice');
    await kept;
    await a.becomes('held');
    a.leave();
    const b = world.ask(near, db, 'b');
    await b.becomes('held');
    b.leave();
    await proxy.heal();
    const c = world.ask(near, db, 'c', { timeout: 0 });
    await c.becomes('held');
    expect(await holders(db)).toEqual(['c']);
  });
});

describe.each([
  ['a half-open socket', (): void => proxy.blackHole()],
  ['a partition', (): void => proxy.cut({ refusing: true })],
])('%s', { timeout: 30_000 }, (_name, separate) => {
  it.each(leases)(
    'the holder of %s stops before anybody else is let in, whose fence is higher',
    async (_what, spec, next) => {
      const a = world.ask(far, spec, 'a');
      await a.becomes('held');
      const b = world.ask(near, next, 'b');
      await b.becomes('queued');
      const { signal } = a.grant;
      separate();
      await b.becomes('held');
      expect([a.fate, signal.aborted]).toEqual(['RXB_LEASE_LOST', true]);
      expect(reasonOf(a)).toBe(silence(spec));
      expect(a.endedAt).toBeLessThan(b.grantedAt);
      expect(b.grant.fence).toBeGreaterThan(a.grant.fence ?? NaN);
      b.leave();
      await proxy.heal();
      const again = world.ask(far, spec, 'again');
      await again.becomes('held');
      expect(again.grant.fence).toBeGreaterThan(b.grant.fence ?? NaN);
    },
  );

  it('who waits behind it hears of it within the patience, and is passed by', async () => {
    const a = world.ask(near, db, 'a');
    await a.becomes('held');
    const b = world.ask(far, db, 'b');
    await b.becomes('queued');
    const c = world.ask(near, db, 'c');
    await c.becomes('queued');
    separate();
    a.leave();
    await b.becomes('RXB_BACKEND_UNAVAILABLE');
    expect(b.error.details['outcome']).toBe('unknown');
    await c.becomes('held');
    await proxy.heal();
    c.leave();
    const d = world.ask(far, db, 'd');
    await d.becomes('held');
    expect(await holders(db)).toEqual(['d']);
  });

  it.each<[what: string, spec: GateSpec]>([
    ['a quota', quota('hours', { limit: 2, per: '1h' })],
    ['a barrier', cyclicBarrier('meeting', { parties: 2 })],
    ...strategies.map((strategy): [string, GateSpec] => [
      `a limiter (${strategy})`,
      rateLimiter('api', { limit: 2, per: '1h', strategy }),
    ]),
  ])('who asks for %s is refused within the patience; the others go on', async (_what, spec) => {
    const warm = world.ask(far, mutex('warm'), 'warm');
    await warm.becomes('held');
    separate();
    const patient = world.ask(world.coordinate({ url: proxy.url, patience: '1m' }), spec, 'patient');
    const a = world.ask(far, spec, 'a');
    await a.becomes('RXB_BACKEND_UNAVAILABLE');
    expect(patient.fate).toBe('asking');
    const others = ['b', 'c'].map((label) => world.ask(near, spec, label));
    await others[0]!.becomes('held', 'spent');
    await proxy.heal();
  });

  it('a party of a barrier is told, and breaks it for the others', async () => {
    const spec = cyclicBarrier('meeting', { parties: 3 });
    const a = world.ask(far, spec, 'a');
    await a.becomes('queued');
    const b = world.ask(near, spec, 'b');
    await b.becomes('queued');
    separate();
    await a.becomes('RXB_BACKEND_UNAVAILABLE');
    await b.becomes('RXB_BARRIER_BROKEN');
    expect(reasonOf(b)).toMatch(/^a (no longer answers|left)$/);
  });
});
