import { afterAll, beforeAll, describe, it } from 'vitest';
import { gateContract } from '../../../lib/testing/gateContract.ts';
import { redisLab } from '../../support/redisLab.ts';
import { installTime, redisForSpecs, type RedisServer } from '../../support/redisServer.ts';

let server: RedisServer;

beforeAll(async () => {
  server = await redisForSpecs();
}, installTime);

afterAll(() => server.stop());

describe('gates in Redis', () => {
  for (const { name, run } of gateContract(() => redisLab(server.url))) it(name, run);
});
