import { describe, it } from 'vitest';
import { logContract } from '../../lib/testing/logContract.ts';
import { memoryLogLab } from '../support/memoryLogLab.ts';

describe('a log in memory', () => {
  for (const { name, run } of logContract(() => memoryLogLab(), { handles: true, restarts: true })) it(name, run);
});
