import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CoordinationError } from '../../lib/errors.ts';
import { cyclicBarrier } from '../../lib/gates/cyclicBarrier.ts';
import { mutex } from '../../lib/gates/mutex.ts';
import { quota } from '../../lib/gates/quota.ts';
import { rateLimiter } from '../../lib/gates/rateLimiter.ts';
import { readWriteLock } from '../../lib/gates/readWriteLock.ts';
import { semaphore } from '../../lib/gates/semaphore.ts';
import type { GateSpec } from '../../lib/gates/spec.ts';
import { ask, fates, line, type Asked } from '../../lib/testing/contract/lab.ts';
import { redisLab, type RedisLab } from '../support/redisLab.ts';
import { installTime, redisForSpecs, type RedisServer } from '../support/redisServer.ts';

let server: RedisServer;
let lab: RedisLab;

beforeAll(async () => {
  server = await redisForSpecs();
}, installTime);

afterAll(() => server.stop());

beforeEach(() => {
  lab = redisLab(server.url);
});

afterEach(() => lab.close());

const hour = 3_600_000;
const reason = ({ error }: Asked): unknown => (error as CoordinationError).details['reason'];
const shared = readWriteLock('gate');
const leases: [what: string, spec: GateSpec, next: GateSpec][] = [
  ['a lock', mutex('gate'), mutex('gate')],
  ['a permit', semaphore('gate', { permits: 1 }), semaphore('gate', { permits: 1 })],
  ['a lock to read', shared.read, shared.write],
  ['a lock to write', shared.write, shared.read],
];
const strategies = ['sliding-window', 'fixed-window', 'token-bucket', 'leaky-bucket'] as const;

describe("the server's clock is set an hour ahead", () => {
  it.each(leases)(
    '%s goes to the next one with a higher fence, and its holder hears of it at its next renewal',
    async (_what, spec, next) => {
      const twin = lab.twin();
      const a = ask(lab.open(spec));
      await lab.idle();
      const b = ask(twin.open(next));
      await lab.idle();
      lab.setServerClock(hour);
      await lab.advance(1_000);
      expect(b.fate).toBe('held');
      expect(b.grant.fence).toBeGreaterThan(a.grant.fence ?? NaN);
      await lab.advance(10_000);
      expect([a.fate, reason(a), b.fate]).toEqual(['RXB_LEASE_LOST', 'taken-over', 'held']);
      await lab.advance(60_000);
      expect(b.fate).toBe('held');
    },
  );

  it('a holder that nobody waits for keeps its lease', async () => {
    const a = ask(lab.open(mutex('gate')));
    await lab.idle();
    lab.setServerClock(hour);
    await lab.advance(60_000);
    expect(a.fate).toBe('held');
  });

  it.each(strategies)('%s: one window more at most, then as before', async (strategy) => {
    const gate = lab.open(rateLimiter('api', { limit: 2, per: 1_000, strategy }));
    await line(lab, gate, {}, {});
    await lab.advance(500);
    lab.setServerClock(hour);
    const all = await line(lab, gate, {}, {}, {}, {}, {}, {});
    expect(all.filter(({ fate }) => fate === 'spent').length).toBeLessThanOrEqual(2);
    await lab.advance(3_000);
    expect(new Set(fates(all))).toEqual(new Set(['spent']));
  });

  it('a quota begins its period early, once', async () => {
    const gate = lab.open(quota('hours', { limit: 4, per: '2h' }));
    await line(lab, gate, { cost: 4 });
    lab.setServerClock(hour);
    const [b, c] = (await line(lab, gate, { cost: 4, timeout: 0 }, { cost: 1, timeout: 0 })) as [Asked, Asked];
    expect(['held', 'RXB_BUSY']).toContain(b.fate);
    lab.setServerClock(hour);
    const all = await line(lab, gate, { cost: 4, timeout: 0 }, { cost: 1, timeout: 0 });
    expect([b, c, ...all].filter(({ fate }) => fate === 'held')).toHaveLength(1);
  });

  it('a barrier breaks early, for everybody', async () => {
    const gate = lab.open(cyclicBarrier('meeting', { parties: 3, timeout: '10m' }));
    const all = await line(lab, gate, {}, {});
    lab.setServerClock(hour);
    await lab.advance(1_000);
    expect(fates(all)).toEqual(['RXB_BARRIER_BROKEN', 'RXB_BARRIER_BROKEN']);
  });
});

describe("the server's clock is set an hour back", () => {
  it('a lease that nobody renews ends after its time all the same, not before its holder knows', async () => {
    const twin = lab.twin();
    const spec = mutex('gate', { ttl: '5s', renew: false });
    const a = ask(lab.open(spec));
    await lab.idle();
    const b = ask(twin.open(spec));
    await lab.idle();
    lab.setServerClock(-hour);
    await lab.advance(4_999);
    expect(fates([a, b])).toEqual(['held', 'waiting']);
    await lab.advance(1);
    expect(a.fate).toBe('RXB_LEASE_LOST');
    await lab.advance(2_000);
    expect(b.fate).toBe('held');
    expect(b.grant.fence).toBeGreaterThan(a.grant.fence ?? NaN);
  });

  it.each(leases)('%s is renewed and handed over as before, and fences rise', async (_what, spec, next) => {
    const twin = lab.twin();
    const a = ask(lab.open(spec));
    await lab.idle();
    lab.setServerClock(-hour);
    const b = ask(twin.open(next));
    await lab.advance(60_000);
    expect(fates([a, b])).toEqual(['held', 'waiting']);
    a.leave();
    await lab.advance(1_000);
    expect(b.fate).toBe('held');
    expect(b.grant.fence).toBeGreaterThan(a.grant.fence ?? NaN);
    await lab.advance(60_000);
    expect(b.fate).toBe('held');
  });

  it.each(strategies)('%s: nobody waits for the hour, and no window has more than its limit', async (strategy) => {
    const gate = lab.open(rateLimiter('api', { limit: 2, per: 1_000, strategy }));
    await line(lab, gate, {}, {});
    await lab.advance(400);
    lab.setServerClock(-hour);
    const all = await line(lab, gate, {}, {}, {}, {});
    if (strategy !== 'token-bucket' && strategy !== 'leaky-bucket')
      expect(all.filter(({ fate }) => fate === 'spent')).toEqual([]);
    await lab.advance(4_000);
    expect(new Set(fates(all))).toEqual(new Set(['spent']));
  });

  it('a quota does not give the same period twice, and goes on with the next', async () => {
    const gate = lab.open(quota('hours', { limit: 4, per: '30m' }));
    await line(lab, gate, { cost: 4 });
    lab.setServerClock(-hour);
    const [b] = (await line(lab, gate, { cost: 1, timeout: 0 })) as [Asked];
    expect(b.fate).toBe('RXB_BUSY');
    lab.setServerClock(hour + 1_800_000);
    const [c] = (await line(lab, gate, { cost: 4, timeout: 0 })) as [Asked];
    expect(c.fate).toBe('held');
  });

  it('a barrier breaks after its time all the same', async () => {
    const gate = lab.open(cyclicBarrier('meeting', { parties: 3, timeout: '10s' }));
    const all = await line(lab, gate, {}, {});
    await lab.advance(5_000);
    lab.setServerClock(-hour);
    await lab.advance(15_000);
    expect(fates(all)).toEqual(['RXB_BARRIER_BROKEN', 'RXB_BARRIER_BROKEN']);
  });
});
