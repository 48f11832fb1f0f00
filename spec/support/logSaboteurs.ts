/**
 * Logs with one fault each, around one that is right. A contract that one of them passes does not say what it means to say.
 */
import { appendFaults } from './logs/appendFaults.ts';
import { conditionFaults } from './logs/conditionFaults.ts';
import { effectFaults } from './logs/effectFaults.ts';
import { lifeFaults } from './logs/lifeFaults.ts';
import { readFaults } from './logs/readFaults.ts';
import type { Saboteur } from './logs/spoil.ts';

export const logSaboteurs: readonly Saboteur[] = [
  ...readFaults,
  ...appendFaults,
  ...conditionFaults,
  ...effectFaults,
  ...lifeFaults,
];
