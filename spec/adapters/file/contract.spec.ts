import fc from 'fast-check';
import { describe, it } from 'vitest';
import { compareLog } from '../../../lib/testing/log/compareLog.ts';
import { logContract } from '../../../lib/testing/logContract.ts';
import { fileLogLab } from '../../support/fileLogLab.ts';
import { logCommands } from '../../support/logCommands.ts';
import { runs } from '../../support/runs.ts';

/** Of chains of thousands of appends, each of which waits for the disk. */
const patience = 60_000;

describe('a log in files', () => {
  const makeLab = () => fileLogLab({ maxCommitBytes: 4_096 });
  for (const { name, run } of logContract(makeLab, { restarts: true })) it(name, run, patience);

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

describe('a log in files, through the inbox of its writer', () => {
  const makeLab = () => fileLogLab({ fsync: 'always' }, 'submitters');
  for (const { name, run } of logContract(makeLab, { handles: true, restarts: true })) it(name, run, patience);

  it('answers any story of three handles as the model does', async () => {
    const stories = fc.asyncProperty(logCommands({ restarts: true, handles: 3 }), async (story) => {
      const lab = makeLab();
      try {
        await compareLog(lab, story, 3);
      } finally {
        await lab.close();
      }
    });
    await fc.assert(stories, { numRuns: runs(20) });
  }, 600_000);
});
