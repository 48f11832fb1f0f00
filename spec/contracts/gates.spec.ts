import { describe, it } from 'vitest';
import { gateContract } from '../../lib/testing/gateContract.ts';
import { memoryLab } from '../support/memoryLab.ts';

describe('gates in memory', () => {
  for (const { name, run } of gateContract(() => memoryLab(), { synchronous: true })) it(name, run);
});
