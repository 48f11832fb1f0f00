import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareLog } from '../../lib/testing/log/compareLog.ts';
import type { LogLab } from '../../lib/testing/log/lab.ts';
import { logContract } from '../../lib/testing/logContract.ts';
import { logCommands } from '../support/logCommands.ts';
import { memoryLogLab } from '../support/memoryLogLab.ts';
import { logSaboteurs } from '../support/logSaboteurs.ts';
import type { Spoil } from '../support/logs/spoil.ts';
import { runs } from '../support/runs.ts';

const both = { handles: true, restarts: true };

/** A property: three handles and the model answer any story alike. */
const told = (makeLab: () => LogLab) =>
  fc.asyncProperty(logCommands({ restarts: true, handles: 3 }), async (story) => {
    const lab = makeLab();
    try {
      await compareLog(lab, story, 3);
    } finally {
      await lab.close();
    }
  });

/** A log with a fault, and little patience with it. */
function spoilt(spoil: Spoil): LogLab {
  return { ...memoryLogLab(spoil()), patience: 50 };
}

describe('a log in memory', () => {
  for (const { name, run } of logContract(() => memoryLogLab(), both)) it(name, run);

  it('answers any story as the model does', async () => {
    await fc.assert(
      told(() => memoryLogLab()),
      { numRuns: runs(400) },
    );
  }, 600_000);
});

describe('the contract of logs catches a log that', () => {
  it.each(logSaboteurs)('%s', async (_fault, caughtBy, _byStories, spoil) => {
    const cases = logContract(() => spoilt(spoil), both).filter(({ name }) => caughtBy.test(name));
    expect(cases).toHaveLength(1);
    await expect(cases[0]?.run()).rejects.toThrow();
  });
});

describe('random stories catch a log that', () => {
  it.each(logSaboteurs.filter(([, , byStories]) => byStories))('%s', async (_fault, _caughtBy, _byStories, spoil) => {
    const result = await fc.check(
      told(() => spoilt(spoil)),
      { numRuns: 500, seed: 3, endOnFailure: true },
    );
    expect(result.failed).toBe(true);
  });
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
