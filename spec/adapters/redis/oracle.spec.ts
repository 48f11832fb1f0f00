import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { GateSpec } from '../../../lib/gates/spec.ts';
import { agree } from '../../support/agree.ts';
import { redisLab } from '../../support/redisLab.ts';
import { installTime, redisForSpecs, type RedisServer } from '../../support/redisServer.ts';
import { runs } from '../../support/runs.ts';
import { kinds, several, type Step, steps, storyOf } from '../../support/stories.ts';

let server: RedisServer;

beforeAll(async () => {
  server = await redisForSpecs();
}, installTime);

afterAll(() => server.stop());

describe('gates of three processes in one Redis, whatever the schedule: the oracle agrees about', () => {
  const told = async (arbitrary: fc.Arbitrary<readonly [specs: readonly GateSpec[], all: Step[]]>): Promise<void> => {
    const property = fc.asyncProperty(arbitrary, async ([specs, all]) => {
      const lab = redisLab(server.url, {}, null, 0);
      const coordinators = [lab, lab.twin(), lab.twin()].map(({ coordinator }) => coordinator);
      const { now } = lab.clock;
      try {
        await agree(specs, storyOf(all, 2_500), { ...lab, now, coordinators, scattered: true });
      } finally {
        await lab.close();
      }
    });
    // To make a failure smaller takes its time too: told as it is, if there is not enough.
    const time = { interruptAfterTimeLimit: runs(45_000), markInterruptAsFailure: true };
    await fc.assert(property, { numRuns: runs(10), ...time });
  };

  for (const [name, kind] of Object.entries(kinds)) {
    it(name, () => told(fc.tuple(fc.tuple(kind.spec), steps(kind))), runs(60_000));
  }

  it('several gates together', () => told(fc.tuple(several.specs, several.steps)), runs(60_000));
});
