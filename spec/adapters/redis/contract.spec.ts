import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquire } from '../../../lib/gates/acquire.ts';
import { allOf } from '../../../lib/gates/allOf.ts';
import { mutex } from '../../../lib/gates/mutex.ts';
import { ask, follow } from '../../../lib/testing/contract/lab.ts';
import { gateContract } from '../../../lib/testing/gateContract.ts';
import { redisLab } from '../../support/redisLab.ts';
import { installTime, redisForSpecs, type RedisServer } from '../../support/redisServer.ts';

let server: RedisServer;

beforeAll(async () => {
  server = await redisForSpecs();
}, installTime);

afterAll(() => server.stop());

/** Several gates as one are refused, for now. */
const kept = gateContract(() => redisLab(server.url)).filter(({ name }) => !name.startsWith('joint:'));

describe('gates in Redis', () => {
  for (const { name, run } of kept) it(name, run);

  it('refuse to be taken together, with the name of each', async () => {
    const lab = redisLab(server.url);
    const both = follow(acquire(allOf(lab.open(mutex('one')), lab.open(mutex('two')))));
    expect(String(both.error)).toContain('The redis backend cannot take these gates together: one, two.');
    const one = ask(lab.open(mutex('one')));
    await lab.idle();
    expect(one.fate).toBe('held');
    await lab.close();
  });
});
