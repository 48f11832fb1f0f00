/** Everything in Redis expires by itself, and nothing before it counts no more. */
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rateLimiter } from '../../../lib/gates/rateLimiter.ts';
import { fates, line } from '../../../lib/testing/contract/lab.ts';
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

const hour = 3_600_000;
const calls = rateLimiter('calls', { limit: 1, per: '1s' });

/** How long a part of the gate lives, hours. */
const lives = async (part = 'g'): Promise<number> => (await admin.pttl(`${lab.prefix}:{calls}:${part}`)) / hour;

describe.each([
  ['of a gate that nobody has used', false],
  ['of one that was used just now', true],
])('the settings %s', (_, used) => {
  beforeEach(async () => {
    if (used) await line(lab, lab.open(calls), undefined);
  });

  it('are kept while a pause lasts', async () => {
    await lab.open(calls).change({ pauseUntil: (await lab.wall()) + 24 * hour });
    expect(await lives()).toBeGreaterThan(24);
  });

  it('are kept for a month after a change', async () => {
    await lab.open(calls).change({ limit: 7 });
    expect(await lives()).toBeGreaterThan(29 * 24);
  });
});

it('what was admitted is known for the whole of a period that was made longer', async () => {
  const gate = lab.open(calls);
  await line(lab, gate, undefined);
  await gate.change({ per: '24h' });
  expect(await lives('l')).toBeGreaterThan(24);
});

it.each([
  ['a token bucket', rateLimiter('calls', { strategy: 'token-bucket', limit: 1, per: '1h', burst: 100 })],
  ['a leaky bucket', rateLimiter('calls', { strategy: 'leaky-bucket', limit: 1, per: '1h' })],
])('the debt of %s is kept until it is paid', async (_, spec) => {
  const gate = lab.open(spec);
  expect(fates(await line(lab, gate, { cost: 100 }))).toEqual(['spent']);
  expect(await lives()).toBeGreaterThan(100);
});

it('a debt of more years than Redis can count is one all the same', async () => {
  const gate = lab.open(rateLimiter('calls', { strategy: 'leaky-bucket', limit: 1, per: '1h' }));
  const all = await line(lab, gate, { cost: 1e200 }, undefined);
  expect(fates(all)).toEqual(['spent', 'waiting']);
  expect(await lives()).toBeGreaterThan(1e6);
});
