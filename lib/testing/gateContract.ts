import { deadlockLaws } from './contract/deadlockLaws.ts';
import type { GateLab, Laws } from './contract/lab.ts';
import { leaseLaws } from './contract/leaseLaws.ts';
import { barrierLaws, jointLaws, limiterLaws, quotaLaws } from './contract/limitLaws.ts';
import { queueLaws } from './contract/queueLaws.ts';
import { readWriteLaws } from './contract/readWriteLaws.ts';
import { singles } from './contract/singles.ts';
import { synchronousLaws } from './contract/synchronousLaws.ts';
import { knownOptions } from '../internal/options.ts';

/** One thing that a backend must do. `run` rejects when it does not. */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export interface ContractOptions {
  /** Whether the gates live in this memory and so answer in the same turn. Default `false`. */
  readonly synchronous?: boolean;
}

/**
 * The law of `acquire` for every kind of gate, as cases for any test runner. Whatever claims to be a place for gates has to
 * pass them all.
 *
 * @param makeLab Makes a fresh place for each case. Gates of several cases have the same names.
 * @throws ConfigError for an unknown option.
 * @example With vitest
 * ```ts
 * describe('my backend', () => {
 *   for (const { name, run } of gateContract(() => makeLab(myBackend()))) it(name, run);
 * });
 * ```
 */
export function gateContract(
  makeLab: () => GateLab | Promise<GateLab>,
  options: ContractOptions = {},
): readonly ContractCase[] {
  knownOptions('gateContract', options, ['synchronous']);
  const sections: [title: string, laws: Laws][] = [
    ...singles.map((single): [string, Laws] => [single.title, queueLaws(single)]),
    ['lease', leaseLaws],
    ['read/write lock', readWriteLaws],
    ['deadlock', deadlockLaws],
    ['quota', quotaLaws],
    ['limiter', limiterLaws],
    ['barrier', barrierLaws],
    ['joint', jointLaws],
    ...(options.synchronous === true ? [['synchronous', synchronousLaws] as [string, Laws]] : []),
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
