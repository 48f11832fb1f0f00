import { describe, expect, it } from 'vitest';
import { gateContract } from '../../lib/testing/gateContract.ts';
import { memoryLab } from '../support/memoryLab.ts';
import { saboteurs } from '../support/saboteurs.ts';
import { ignoreUnheardErrors } from '../support/unheard.ts';

describe('gates in memory', () => {
  for (const { name, run } of gateContract(() => memoryLab(), { synchronous: true })) it(name, run);
});

describe('the contract of gates catches a place that', () => {
  ignoreUnheardErrors();

  it.each(saboteurs)('%s', async (_fault, caughtBy, make) => {
    const cases = gateContract(() => memoryLab(make()), { synchronous: true }).filter(({ name }) =>
      caughtBy.test(name),
    );
    const results = await Promise.allSettled(cases.map(({ run }) => run()));
    expect(results.length).toBeGreaterThan(0);
    expect(results.map(({ status }) => status)).toContain('rejected');
  });
});

describe('gateContract', () => {
  it('leaves out what only one memory can promise, unless it is asked for', () => {
    const names = (options?: { synchronous: boolean }) =>
      gateContract(() => memoryLab(), options).map(({ name }) => name);
    expect(names().filter((name) => name.startsWith('synchronous'))).toEqual([]);
    expect(names({ synchronous: true }).length).toBeGreaterThan(names().length);
    expect(new Set(names()).size).toBe(names().length);
  });

  it('refuses options that it does not know', () => {
    expect(() => gateContract(() => memoryLab(), { sync: true } as never)).toThrow("no option 'sync'");
  });
});
