import * as library5 from 'ioredis5';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { gateContract } from '../../../lib/testing/gateContract.ts';
import { redisLab, type RedisThrough } from '../../support/redisLab.ts';
import { installTime, redisForSpecs, type RedisServer } from '../../support/redisServer.ts';
import { ioredis6, type Library } from '../../support/watchedClients.ts';

const ioredis5 = library5 as unknown as Library;
let server: RedisServer;

beforeAll(async () => {
  server = await redisForSpecs();
}, installTime);

afterAll(() => server.stop());

describe('gates in Redis', () => {
  for (const { name, run } of gateContract(() => redisLab(server.url))) it(name, run);
});

describe.each<[client: string, through: () => RedisThrough]>([
  ['ioredis 5', () => ({ url: server.url, library: ioredis5 })],
  ['ioredis 6 with RESP2', () => ({ url: server.url, library: ioredis6, settings: { protocol: 2 } })],
])('gates in Redis through %s', (_client, through) => {
  for (const { name, run } of gateContract(() => redisLab(through()))) it(name, run);
});
