import fc from 'fast-check';
import { describe, it } from 'vitest';
import { agree } from '../support/agree.ts';
import { runs } from '../support/runs.ts';
import { kinds, several, steps, storyOf } from '../support/stories.ts';

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
    await fc.assert(
      fc.asyncProperty(several.specs, several.steps, (gates, all) => agree(gates, storyOf(all))),
      { numRuns: runs(200) },
    );
  }, 120_000);
});
