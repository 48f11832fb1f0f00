import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { redisBackend, type RedisBackendOptions } from '../../../adapters/redis/index.ts';
import { createCoordinator } from '../../../lib/events/createCoordinator.ts';
import { cyclicBarrier } from '../../../lib/gates/cyclicBarrier.ts';
import { mutex } from '../../../lib/gates/mutex.ts';
import { quota } from '../../../lib/gates/quota.ts';
import { rateLimiter } from '../../../lib/gates/rateLimiter.ts';
import { semaphore } from '../../../lib/gates/semaphore.ts';
import type { GateSpec } from '../../../lib/gates/spec.ts';
import { errorOf } from '../../support/gateWorld.ts';

const url = 'redis://localhost';
const wrong = async (options: unknown): Promise<string> => {
  const { code, message } = await errorOf(() => redisBackend(options as RedisBackendOptions));
  return `${code}: ${message}`;
};

describe('redisBackend()', () => {
  it('refuses what makes no sense, before it connects', async () => {
    const client = new Redis({ lazyConnect: true });
    const cases: [options: unknown, message: RegExp][] = [
      [undefined, /takes an object of options/],
      [{}, /either a url or a client/],
      [{ url, client }, /either a url or a client/],
      [{ url: 'http://localhost' }, /redis:\/\/ or rediss:\/\/ URL/],
      [{ client: {} }, /client must be a client of ioredis/],
      [{ url, prefix: 'a b' }, /prefix must be a text without spaces/],
      [{ url, prefix: '' }, /prefix must be/],
      [{ url, grace: '3 moons' }, /grace must be a positive duration/],
      [{ url, crashTtl: 0 }, /crashTtl must be a positive duration/],
      [{ url, commandTimeout: Infinity }, /commandTimeout must be a positive duration/],
      [{ url, patience: -1 }, /patience must be a positive duration/],
      [{ url, onUnavailable: 'never' }, /onUnavailable must be one of 'fail', 'wait', 'local'/],
      [{ url, onUnavailable: 'local' }, /share must be a number above 0 and up to 1/],
      [{ url, onUnavailable: 'local', share: 1.5 }, /share must be a number above 0 and up to 1/],
      [{ url, share: 0.5 }, /share must be .* else left out/],
      [{ url, onUnavailable: 'wait', patience: 1 }, /patience must be left out/],
      [{ url, retries: 3 }, /no option 'retries'/],
    ];
    for (const [options, message] of cases) expect(await wrong(options)).toMatch(message);
  });

  it('refuses a lease that is too short for a network, where it is opened', async () => {
    const backend = redisBackend({ url });
    const short = mutex('db', { ttl: 50 });
    expect(backend.supports(short)).toContain("The ttl of 'db' is 50 ms");
    expect(backend.supports(mutex('db', { ttl: 100 }))).toBe(true);
    expect((await errorOf(() => createCoordinator({ backend }).open(short))).code).toBe('RXB_CONFIG');
  });

  it('refuses to be local where every process would have a lock of its own, or less than one call', async () => {
    const coordinator = createCoordinator({ backend: redisBackend({ url, onUnavailable: 'local', share: 0.25 }) });
    const cases: [spec: GateSpec, message: RegExp][] = [
      [mutex('db'), /'db' cannot be local: it is a mutex/],
      [semaphore('pool', { permits: 8 }), /'pool' cannot be local: it is a semaphore/],
      [cyclicBarrier('meeting', { parties: 2 }), /'meeting' cannot be local: it is a barrier/],
      [rateLimiter('api', { limit: 3, per: '1s' }), /0.25 of 'api' is less than one call in 1 s/],
      [
        rateLimiter('api', { limit: 8, per: '1s', strategy: 'token-bucket', burst: 3 }),
        /0.25 of 'api' is less than one call/,
      ],
    ];
    for (const [spec, message] of cases) {
      const { code, message: said } = await errorOf(() => coordinator.open(spec));
      expect([code, said]).toEqual(['RXB_CONFIG', expect.stringMatching(message)]);
    }
    coordinator.open(rateLimiter('api', { limit: 4, per: '1s' }));
    coordinator.open(quota('hours', { limit: 1, per: '1h' }));
    await coordinator.close();
  });

  it('does not connect until a gate is used, and says what it is', async () => {
    const backend = redisBackend({ url: 'redis://localhost:1' });
    expect([backend.kind, backend.shared, backend.find('db')]).toEqual(['redis', true, null]);
    expect([backend.waits(), backend.settled()]).toEqual([[], undefined]);
    await backend.close();
  });
});
