import fc from 'fast-check';
import { describe, it } from 'vitest';
import { mutex } from '../../lib/gates/mutex.ts';
import { rateLimiter } from '../../lib/gates/rateLimiter.ts';
import { semaphore } from '../../lib/gates/semaphore.ts';
import { agree } from '../support/agree.ts';
import { runs } from '../support/runs.ts';
import { kinds, permits, pick, type Step, steps, storyOf } from '../support/stories.ts';

describe('the law of acquire, whatever the schedule: the oracle agrees about', () => {
  for (const [name, kind] of Object.entries(kinds)) {
    it(
      name,
      async () => {
        const property = fc.asyncProperty(kind.spec, steps(kind), (spec, all) => agree([spec], storyOf(all)));
        await fc.assert(property, { numRuns: runs(200) });
      },
      120_000,
    );
  }

  it('several gates together', async () => {
    const { limit, per } = { limit: pick(1, 2), per: pick(64, 128) };
    const specs = fc
      .record({
        permits,
        limit,
        per,
        strategy: pick('sliding-window' as const, 'token-bucket' as const, 'fixed-window' as const),
      })
      .map((some) => [
        mutex('lock'),
        semaphore('pool', { permits: some.permits }),
        rateLimiter('api', { limit: some.limit, per: some.per, strategy: some.strategy }),
      ]);
    const gate = fc.subarray(['lock', 'pool', 'api'], { minLength: 1 });
    const some = steps({ spec: fc.constant(mutex('lock')), beat: 8 }).chain((all) =>
      fc
        .array(gate, { minLength: all.length, maxLength: all.length })
        .map((names) =>
          all.map((step, i): Step => (step.do === 'arrive' ? { ...step, gate: names[i] ?? ['lock'] } : step)),
        ),
    );
    await fc.assert(
      fc.asyncProperty(specs, some, (gates, all) => agree(gates, storyOf(all))),
      { numRuns: runs(200) },
    );
  }, 120_000);
});
