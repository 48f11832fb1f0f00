import fc from 'fast-check';
import { describe, it } from 'vitest';
import { compareLog } from '../../../lib/testing/log/compareLog.ts';
import { logContract } from '../../../lib/testing/logContract.ts';
import { fileLogLab } from '../../support/fileLogLab.ts';
import { logCommands } from '../../support/logCommands.ts';
import { runs } from '../../support/runs.ts';

describe('a log in files', () => {
  for (const { name, run } of logContract(() => fileLogLab(), { restarts: true })) it(name, run);

  it('answers any story as the model does, through rotation, compaction and restarts', async () => {
    const stories = fc.asyncProperty(logCommands({ restarts: true, handles: 1 }), async (story) => {
      const lab = fileLogLab({ segmentBytes: 500 });
      try {
        await compareLog(lab, story, 1);
      } finally {
        await lab.close();
      }
    });
    await fc.assert(stories, { numRuns: runs(100) });
  }, 600_000);
});
