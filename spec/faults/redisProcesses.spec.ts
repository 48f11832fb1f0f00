import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cyclicBarrier } from '../../lib/gates/cyclicBarrier.ts';
import type { AcquireOptions } from '../../lib/gates/gate.ts';
import { mutex } from '../../lib/gates/mutex.ts';
import { quota } from '../../lib/gates/quota.ts';
import { rateLimiter } from '../../lib/gates/rateLimiter.ts';
import { readWriteLock } from '../../lib/gates/readWriteLock.ts';
import { semaphore } from '../../lib/gates/semaphore.ts';
import type { GateSpec } from '../../lib/gates/spec.ts';
import { startWorkers, type Workers } from '../support/redisWorkers.ts';
import { installTime, redisForSpecs, type RedisServer } from '../support/redisServer.ts';

/** Short enough for a spec, long enough for a busy machine. */
const lives = { crashTtl: 1_500, grace: 1_500 };

let server: RedisServer;
let workers: Workers;
let cases = 0;

beforeAll(async () => {
  server = await redisForSpecs();
}, installTime);

afterEach(() => workers.end());
afterAll(() => server.stop());

const start = async (count: number): Promise<Workers> => {
  workers = await startWorkers(count, { url: server.url, prefix: `rxbaton-spec-p${process.pid}-${++cases}`, ...lives });
  return workers;
};

const db = mutex('db');

/** Asks, and waits until the server has said something. */
async function ask(worker: number, id: string, spec: GateSpec = db, options?: AcquireOptions): Promise<void> {
  workers.tell(worker, { do: 'ask', id, spec, ...(options === undefined ? null : { options }) });
  await workers.until(
    (event) => event.id === id && (event.what === 'queued' || event.what === 'granted'),
    `${id} is heard of`,
  );
}

const granted = (id: string) => workers.until((event) => event.what === 'granted' && event.id === id, `${id} gets it`);
const fenceOf = async (id: string): Promise<number> => (await granted(id)).fence ?? NaN;

describe('a limit of 10 with 50 callers in 5 processes', { timeout: 60_000 }, () => {
  it.each(['sliding-window', 'fixed-window', 'token-bucket'] as const)('%s: exactly 10 pass', async (strategy) => {
    await start(5);
    const spec = rateLimiter('api', { limit: 10, per: '1h', strategy });
    for (let i = 0; i < 50; i++) workers.tell(i % 5, { do: 'ask', id: `${i}`, spec, options: { timeout: 0 } });
    await workers.until(
      () => workers.of('granted').length + workers.of('refused').length === 50,
      'all 50 have been answered',
    );
    expect(workers.of('granted')).toHaveLength(10);
    expect(workers.of('refused').map(({ code }) => code)).toEqual(Array.from({ length: 40 }, () => 'RXB_BUSY'));
  });

  it('leaky-bucket: one passes at once, then one each interval', async () => {
    await start(5);
    const spec = rateLimiter('api', { limit: 10, per: '1s', strategy: 'leaky-bucket' });
    const begin = process.hrtime.bigint();
    for (let i = 0; i < 50; i++) workers.tell(i % 5, { do: 'ask', id: `${i}`, spec });
    await workers.until(() => workers.of('granted').length >= 12, '12 have passed');
    const times = workers
      .of('granted')
      .map(({ at }) => Number(BigInt(at) - begin) / 1e6)
      .sort((a, b) => a - b);
    // Nobody can hear of an admission before it: the second is an interval after the first, which is after the beginning.
    for (const [i, at] of times.entries()) expect(at).toBeGreaterThan(i * 100);
  });
});

describe('a lock of several processes', { timeout: 60_000 }, () => {
  it('is had by 100 contenders in order of arrival, none lost when half of them give up or die', async () => {
    await start(4);
    await ask(0, 'first');
    const ids: { id: string; worker: number }[] = [];
    for (let i = 0; i < 100; i++) {
      const worker = i % 4;
      ids.push({ id: `c${i}`, worker });
      await ask(worker, `c${i}`);
    }
    const leavers = ids.filter(({ worker }, i) => worker === 1 && i % 8 === 1);
    for (const { id, worker } of leavers) workers.tell(worker, { do: 'end', id });
    for (const { id } of leavers) {
      await workers.until((event) => event.what === 'ended' && event.id === id, `${id} has left`);
    }
    workers.signal(3, 'SIGKILL');
    for (const worker of [0, 1, 2]) workers.tell(worker, { do: 'pass' });
    workers.tell(0, { do: 'end', id: 'first' });
    const stayed = ids.filter((one) => one.worker !== 3 && !leavers.includes(one)).map(({ id }) => id);
    await granted(stayed.at(-1)!);
    const order = workers
      .of('granted')
      .filter(({ id }) => id !== 'first')
      .sort((a, b) => (a.fence ?? 0) - (b.fence ?? 0));
    expect(order.map(({ id }) => id)).toEqual(stayed);
    expect(new Set(order.map(({ fence }) => fence)).size).toBe(stayed.length);
  });

  it('goes to the next one when its holder is killed, with a higher fence', async () => {
    await start(2);
    await ask(0, 'a');
    await ask(1, 'b');
    workers.signal(0, 'SIGKILL');
    expect(await fenceOf('b')).toBeGreaterThan(await fenceOf('a'));
  });

  it('goes to the next one when its holder is frozen; thawed, it hears that it has lost before it believes anything', async () => {
    await start(2);
    await ask(0, 'a');
    await ask(1, 'b');
    workers.signal(0, 'SIGSTOP');
    expect(await fenceOf('b')).toBeGreaterThan(await fenceOf('a'));
    workers.tell(0, { do: 'valid', id: 'a' });
    workers.signal(0, 'SIGCONT');
    const { valid } = await workers.until(({ what }) => what === 'valid', 'a looks at its grant');
    expect(valid).toBe(false);
    const { reason } = await workers.until(({ what }) => what === 'lost', 'a hears that it has lost');
    expect(reason).toBe('stalled');
    await ask(0, 'c');
    workers.tell(1, { do: 'end', id: 'b' });
    expect(await fenceOf('c')).toBeGreaterThan(await fenceOf('b'));
  });

  it('passes by a waiter that was killed', async () => {
    await start(3);
    await ask(0, 'a');
    await ask(1, 'dead');
    await ask(2, 'c');
    workers.signal(1, 'SIGKILL');
    workers.tell(0, { do: 'end', id: 'a' });
    expect(await fenceOf('c')).toBeGreaterThan(await fenceOf('a'));
  });

  it('passes by a waiter that is frozen, who gets its turn when it has thawed', async () => {
    await start(3);
    await ask(0, 'a');
    await ask(1, 'frozen');
    await ask(2, 'c');
    workers.signal(1, 'SIGSTOP');
    workers.tell(0, { do: 'end', id: 'a' });
    expect(await fenceOf('c')).toBeGreaterThan(await fenceOf('a'));
    workers.signal(1, 'SIGCONT');
    await workers.until(() => true, 'anything');
    workers.tell(2, { do: 'end', id: 'c' });
    expect(await fenceOf('frozen')).toBeGreaterThan(await fenceOf('c'));
  });
});

describe('a lock to read or write, of several processes', { timeout: 60_000 }, () => {
  const catalogue = readWriteLock('catalogue');

  it('is written by the next one when a reader is killed and the others are done, with a higher fence', async () => {
    await start(3);
    await ask(0, 'dead', catalogue.read);
    await ask(1, 'b', catalogue.read);
    await ask(2, 'c', catalogue.write);
    workers.signal(0, 'SIGKILL');
    workers.tell(1, { do: 'end', id: 'b' });
    expect(await fenceOf('c')).toBeGreaterThan(Math.max(await fenceOf('dead'), await fenceOf('b')));
  });

  it('is read by all who wait to read when its writer is killed, with higher fences', async () => {
    await start(3);
    await ask(0, 'dead', catalogue.write);
    await ask(1, 'b', catalogue.read);
    await ask(2, 'c', catalogue.write);
    await ask(1, 'd', catalogue.read);
    workers.signal(0, 'SIGKILL');
    const fences = [await fenceOf('b'), await fenceOf('d')];
    expect(Math.min(...fences)).toBeGreaterThan(await fenceOf('dead'));
    expect(workers.of('granted').map(({ id }) => id)).not.toContain('c');
  });

  it.each(['SIGKILL', 'SIGSTOP'] as const)(
    'lets in who reads behind a writer that waits and gets %s',
    async (signal) => {
      await start(3);
      await ask(0, 'a', catalogue.read);
      await ask(1, 'silent', catalogue.write);
      await ask(2, 'c', catalogue.read);
      workers.signal(1, signal);
      await granted('c');
      expect(workers.of('granted').map(({ id }) => id)).toEqual(['a', 'c']);
      expect(workers.of('lost')).toEqual([]);
    },
  );
});

describe('a process that ends or stands still', { timeout: 60_000 }, () => {
  it('gives its permit back: the next one has it, with a higher fence', async () => {
    await start(2);
    const pool = semaphore('pool', { permits: 2 });
    await ask(0, 'a', pool);
    await ask(0, 'b', pool);
    await ask(1, 'c', pool, { cost: 2 });
    workers.signal(0, 'SIGKILL');
    expect(await fenceOf('c')).toBeGreaterThan(await fenceOf('b'));
  });

  it('has its reservation of a quota charged in full', async () => {
    await start(2);
    const hours = quota('hours', { limit: 3, per: '1h' });
    await ask(0, 'a', hours, { cost: 2 });
    workers.signal(0, 'SIGKILL');
    await ask(1, 'b', hours);
    await granted('b');
    workers.tell(1, { do: 'ask', id: 'c', spec: hours, options: { timeout: 0 } });
    const { code } = await workers.until(({ what, id }) => what === 'refused' && id === 'c', 'c is refused');
    expect(code).toBe('RXB_BUSY');
  });

  it.each(['SIGKILL', 'SIGSTOP'] as const)('breaks the barrier that it waits at (%s)', async (signal) => {
    await start(2);
    const meeting = cyclicBarrier('meeting', { parties: 3 });
    await ask(0, 'a', meeting);
    await ask(1, 'b', meeting);
    workers.signal(0, signal);
    const { code, reason } = await workers.until(({ what, id }) => what === 'refused' && id === 'b', 'b hears of it');
    expect([code, reason]).toEqual(['RXB_BARRIER_BROKEN', 'a no longer answers']);
  });

  it('is passed by in the queue of a limiter', async () => {
    await start(3);
    const api = rateLimiter('api', { limit: 1, per: '3s' });
    await ask(0, 'a', api);
    await ask(1, 'dead', api);
    await ask(2, 'c', api);
    workers.signal(1, 'SIGKILL');
    await granted('c');
    expect(workers.of('granted').map(({ id }) => id)).toEqual(['a', 'c']);
  });
});
