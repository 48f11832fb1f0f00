import { flag, knownOptions } from '../internal/options.ts';
import type { ContractCase } from './gateContract.ts';
import { appendLaws } from './log/appendLaws.ts';
import { conditionLaws } from './log/conditionLaws.ts';
import { effectLaws } from './log/effectLaws.ts';
import { followLaws } from './log/followLaws.ts';
import { handleLaws } from './log/handleLaws.ts';
import type { LogLab, LogLaws } from './log/lab.ts';
import { lifeLaws } from './log/lifeLaws.ts';
import { raceLaws } from './log/raceLaws.ts';
import { readLaws } from './log/readLaws.ts';
import { restartLaws } from './log/restartLaws.ts';

export interface LogContractOptions {
  /** Whether several handles may be open at a time, and see each other. Default `false`. */
  readonly handles?: boolean;
  /** Whether the log is still there when it was closed and opened again. Default `false`. */
  readonly restarts?: boolean;
}

/**
 * The contract of `EventLog`, sentence by sentence, as cases for any test runner. Whatever claims to be a log has to pass
 * them all.
 *
 * @param makeLab Makes a fresh place for each case. Streams of several cases have the same names.
 * @throws ConfigError for an unknown option, or one that is neither true nor false.
 * @example With vitest
 * ```ts
 * describe('my log', () => {
 *   for (const { name, run } of logContract(() => makeLab(), { restarts: true })) it(name, run);
 * });
 * ```
 */
export function logContract(
  makeLab: () => LogLab | Promise<LogLab>,
  options: LogContractOptions = {},
): readonly ContractCase[] {
  knownOptions('logContract', options, ['handles', 'restarts']);
  const { handles = false, restarts = false } = options;
  const sections: [title: string, laws: LogLaws][] = [
    ['append', appendLaws],
    ['conditions', conditionLaws],
    ['effects', effectLaws],
    ['read', readLaws],
    ['follow', followLaws],
    ['life', lifeLaws],
    ['race', raceLaws],
    ...(flag(handles, 'logContract.handles') ? [['handles', handleLaws] as [string, LogLaws]] : []),
    ...(flag(restarts, 'logContract.restarts') ? [['restart', restartLaws] as [string, LogLaws]] : []),
  ];
  return sections.flatMap(([title, laws]) =>
    Object.entries(laws).map(([law, check]) => ({
      name: `${title}: ${law}`,
      run: async () => {
        const lab = await makeLab();
        try {
          await check(lab);
        } finally {
          await lab.close();
        }
      },
    })),
  );
}
