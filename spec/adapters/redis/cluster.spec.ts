import { afterAll, beforeAll, describe, it } from 'vitest';
import { gateContract } from '../../../lib/testing/gateContract.ts';
import { type RedisCluster, startCluster } from '../../support/redisCluster.ts';
import { redisLab } from '../../support/redisLab.ts';
import { installTime } from '../../support/redisServer.ts';

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startCluster();
}, installTime);

afterAll(() => cluster.stop());

describe('gates in a Redis Cluster', () => {
  for (const { name, run } of gateContract(() => redisLab(cluster)).filter(({ name }) => !name.startsWith('joint:')))
    it(name, run);
});
