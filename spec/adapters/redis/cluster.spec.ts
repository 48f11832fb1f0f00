import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquire } from '../../../lib/gates/acquire.ts';
import { allOf } from '../../../lib/gates/allOf.ts';
import { mutex } from '../../../lib/gates/mutex.ts';
import { follow } from '../../../lib/testing/contract/lab.ts';
import { gateContract } from '../../../lib/testing/gateContract.ts';
import { type RedisCluster, startCluster } from '../../support/redisCluster.ts';
import { redisLab, type RedisLab } from '../../support/redisLab.ts';
import { installTime } from '../../support/redisServer.ts';

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startCluster();
}, installTime);

afterAll(() => cluster.stop());

const joint = (name: string): boolean => name.startsWith('joint:');

describe('gates in a Redis Cluster', () => {
  for (const { name, run } of gateContract(() => redisLab(cluster)).filter(({ name }) => !joint(name))) it(name, run);

  it('in different slots are not taken together, and the error says what to do', async () => {
    const lab = redisLab(cluster);
    const both = follow(acquire(allOf(lab.open(mutex('one')), lab.open(mutex('two')))));
    expect([both.fate, String(both.error)]).toEqual([
      'RXB_CONFIG',
      expect.stringMatching(/one and two cannot be taken together: .*slots of the cluster\..*prefix: '\{shop\}'/),
    ]);
    await lab.close();
  });
});

let prefixes = 0;

describe('gates in one slot of a Redis Cluster, by a hash tag in their prefix', () => {
  const lab = (): RedisLab => redisLab(cluster, { prefix: `{rxbaton-spec-slot-${process.pid}-${++prefixes}}` });
  for (const { name, run } of gateContract(lab).filter(({ name }) => joint(name))) it(name, run);
});
