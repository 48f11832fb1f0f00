import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareLog } from '../../lib/testing/log/compareLog.ts';
import { logContract } from '../../lib/testing/logContract.ts';
import { logCommands } from '../support/logCommands.ts';
import { memoryLogLab } from '../support/memoryLogLab.ts';
import { runs } from '../support/runs.ts';

describe('a log in memory', () => {
  for (const { name, run } of logContract(() => memoryLogLab(), { handles: true, restarts: true })) it(name, run);

  it('answers any story as the model does', async () => {
    const stories = logCommands({ restarts: true, handles: 3 });
    await fc.assert(
      fc.asyncProperty(stories, async (story) => {
        const lab = memoryLogLab();
        try {
          await compareLog(lab, story, 3);
        } finally {
          await lab.close();
        }
      }),
      { numRuns: runs(300) },
    );
  }, 600_000);
});

describe('logContract', () => {
  it('leaves out what not every log can do, unless it is asked for', () => {
    const names = (options?: { handles?: boolean; restarts?: boolean }) =>
      logContract(() => memoryLogLab(), options).map(({ name }) => name);
    expect(names().filter((name) => /^(handles|restart):/.test(name))).toEqual([]);
    expect(names({ handles: true }).filter((name) => name.startsWith('handles:'))).not.toEqual([]);
    expect(names({ restarts: true }).filter((name) => name.startsWith('restart:'))).not.toEqual([]);
    expect(new Set(names()).size).toBe(names().length);
  });

  it('refuses options that it does not know', () => {
    expect(() => logContract(() => memoryLogLab(), { restart: true } as never)).toThrow("no option 'restart'");
    expect(() => logContract(() => memoryLogLab(), { handles: 2 } as never)).toThrow('handles must be true or false');
  });
});
