import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mutex } from '../../lib/gates/mutex.ts';
import { rateLimiter } from '../../lib/gates/rateLimiter.ts';
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
async function ask(worker: number, id: string): Promise<void> {
  workers.tell(worker, { do: 'ask', id, spec: db });
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
