import { firstValueFrom } from 'rxjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { acquire } from '../../lib/gates/acquire.ts';
import { allOf } from '../../lib/gates/allOf.ts';
import { quota } from '../../lib/gates/quota.ts';
import { rateLimiter } from '../../lib/gates/rateLimiter.ts';
import { errorOf } from '../support/gateWorld.ts';
import { faultWorld, type Party } from '../support/faultWorld.ts';
import { installTime, startRedis } from '../support/redisServer.ts';

const world = faultWorld();

beforeAll(async () => {
  await (await startRedis()).stop();
}, installTime);

afterEach(() => world.end());

const local = { onUnavailable: 'local', patience: 300 } as const;
const settled = (party: Party): Promise<void> => party.becomes('spent', 'held', 'RXB_BUSY', 'RXB_BACKEND_UNAVAILABLE');
const fates = (all: readonly Party[]): string[] => all.map(({ fate }) => fate);

/** A port on which there was a server a moment ago. */
async function deserted(): Promise<{ readonly port: number; readonly url: string }> {
  const server = await world.serve();
  await server.stop();
  return server;
}

describe("Redis away, with onUnavailable: 'local'", { timeout: 30_000 }, () => {
  it.each(['sliding-window', 'fixed-window', 'token-bucket'] as const)(
    '%s: all processes together pass their shares, never more than the limit, and say that they are degraded',
    async (strategy) => {
      const { url } = await deserted();
      const spec = rateLimiter('api', { limit: 11, per: '1h', strategy });
      const processes = Array.from({ length: 5 }, () => world.coordinate({ url, ...local, share: 1 / 5 }));
      const all = processes.flatMap((one, p) =>
        Array.from({ length: 5 }, (_, i) => world.ask(one, spec, `${p}.${i}`, { timeout: 0 })),
      );
      for (const party of all) await settled(party);
      const passed = all.filter(({ fate }) => fate === 'spent');
      expect(passed).toHaveLength(10);
      expect(passed.every(({ grant }) => grant.degraded && grant.fence === null)).toBe(true);
      expect(fates(all.filter((one) => !passed.includes(one)))).toEqual(Array.from({ length: 15 }, () => 'RXB_BUSY'));
    },
  );

  it('a leaky bucket leaks as slowly as its share', async () => {
    const { url } = await deserted();
    const spec = rateLimiter('api', { limit: 20, per: '1s', strategy: 'leaky-bucket' });
    const one = world.coordinate({ url, ...local, share: 1 / 4 });
    const [a, b] = [world.ask(one, spec, 'a'), world.ask(one, spec, 'b')];
    await b.becomes('spent');
    expect(b.grantedAt - a.grantedAt).toBeGreaterThan(190);
  });

  it('a quota reserves and charges its share', async () => {
    const { url } = await deserted();
    const one = world.coordinate({ url, ...local, share: 1 / 2 });
    const spec = quota('hours', { limit: 10, per: '1h' });
    const a = world.ask(one, spec, 'a', { cost: 5 });
    await a.becomes('held');
    expect([a.grant.degraded, a.grant.fence]).toEqual([true, null]);
    await a.grant.charge(2);
    const b = world.ask(one, spec, 'b', { cost: 3, timeout: 0 });
    await b.becomes('held');
    const c = world.ask(one, spec, 'c', { cost: 1, timeout: 0 });
    await c.becomes('RXB_BUSY');
  });

  it('keeps nobody waiting once it is known to be away, and refuses what the share can never give', async () => {
    const { url } = await deserted();
    const [one, unknowing] = [0, 1].map(() => world.coordinate({ url, ...local, patience: 1_000, share: 1 / 2 }));
    const spec = rateLimiter('api', { limit: 10, per: '1h' });
    const first = world.ask(one!, spec, 'first');
    await first.becomes('spent');
    const patient = world.ask(unknowing!, spec, 'patient');
    const [second, heavy] = [world.ask(one!, spec, 'second'), world.ask(one!, spec, 'heavy', { cost: 6 })];
    await second.becomes('spent');
    await heavy.becomes('RXB_BACKEND_UNAVAILABLE');
    expect(patient.fate).toBe('asking');
  });

  it('a request that is over before it is known to be away is refused, and the others go in the order of asking', async () => {
    const { url } = await deserted();
    const one = world.coordinate({ url, ...local, patience: 400, share: 1 / 2 });
    const spec = rateLimiter('api', { limit: 20, per: '1h' });
    const hasty = world.ask(one, spec, 'hasty', { timeout: 100 });
    const order: string[] = [];
    const all: Party[] = [];
    for (let i = 0; i < 10; i++) {
      const party = world.ask(one, spec, `${i}`);
      void party.becomes('spent').then(() => order.push(party.label));
      all.push(party);
      if (i === 4) await hasty.becomes('RXB_BACKEND_UNAVAILABLE', 'RXB_ACQUIRE_TIMEOUT');
    }
    for (const party of all) await party.becomes('spent');
    expect(order).toEqual(all.map(({ label }) => label));
    expect(all.every(({ grant }) => grant.degraded)).toBe(true);
  });

  it('several gates together are never local', async () => {
    const { url } = await deserted();
    const one = world.coordinate({ url, ...local, share: 1 / 2 });
    const [minute, hour] = [
      rateLimiter('minute', { limit: 10, per: '1m' }),
      rateLimiter('hour', { limit: 10, per: '1h' }),
    ];
    const both = await errorOf(firstValueFrom(acquire(allOf(one.open(minute), one.open(hour)))));
    expect(both.code).toBe('RXB_BACKEND_UNAVAILABLE');
  });

  it('whoever still waits when it is back asks there again, and nobody is degraded any more', async () => {
    const { url, port } = await deserted();
    const one = world.coordinate({ url, ...local, share: 1 / 2 });
    const spec = rateLimiter('api', { limit: 2, per: '1h' });
    const [a, b, gone] = ['a', 'b', 'gone'].map((label) => world.ask(one, spec, label)) as [Party, Party, Party];
    await a.becomes('spent');
    await b.becomes('queued');
    await gone.becomes('queued');
    gone.leave();
    await world.serve({ port });
    await b.becomes('spent');
    expect([a.grant.degraded, b.grant.degraded]).toEqual([true, false]);
    expect(gone.fate).toBe('left');
  });

  it('is nothing to those who can reach it: they have all of the limit', async () => {
    const { url } = await world.serve();
    const one = world.coordinate({ url, ...local, share: 1 / 5 });
    const spec = rateLimiter('api', { limit: 10, per: '1h' });
    const all = Array.from({ length: 11 }, (_, i) => world.ask(one, spec, `${i}`, { timeout: 0 }));
    for (const party of all) await settled(party);
    expect(all.filter((one) => one.fate === 'spent' && !one.grant.degraded)).toHaveLength(10);
  });
});
