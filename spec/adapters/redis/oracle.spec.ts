import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { agree } from '../../support/agree.ts';
import { redisLab } from '../../support/redisLab.ts';
import { installTime, redisForSpecs, type RedisServer } from '../../support/redisServer.ts';
import { runs } from '../../support/runs.ts';
import { kinds, steps, storyOf } from '../../support/stories.ts';

let server: RedisServer;

beforeAll(async () => {
  server = await redisForSpecs();
}, installTime);

afterAll(() => server.stop());

describe('gates of three processes in one Redis, whatever the schedule: the oracle agrees about', () => {
  for (const [name, kind] of Object.entries(kinds)) {
    it(
      name,
      async () => {
        const property = fc.asyncProperty(kind.spec, steps(kind), async (spec, all) => {
          const lab = redisLab(server.url, {}, null, 0);
          const coordinators = [lab, lab.twin(), lab.twin()].map(({ coordinator }) => coordinator);
          const { now } = lab.clock;
          try {
            await agree([spec], storyOf(all, 2_500), { ...lab, now, coordinators, scattered: true });
          } finally {
            await lab.close();
          }
        });
        // To make a failure smaller takes its time too: told as it is, if there is not enough.
        const time = { interruptAfterTimeLimit: runs(45_000), markInterruptAsFailure: true };
        await fc.assert(property, { numRuns: runs(10), ...time });
      },
      runs(60_000),
    );
  }
});
