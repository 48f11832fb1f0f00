import { createHash } from 'node:crypto';
import { account, books, read } from './lua/account.ts';
import { barrierTurn } from './lua/barrier.ts';
import * as operations from './lua/operations.ts';
import { look, say } from './lua/looking.ts';
import { budget } from './lua/policies/budget.ts';
import { fixedWindow } from './lua/policies/fixedWindow.ts';
import { gathering } from './lua/policies/gathering.ts';
import { leakyBucket, tokenBucket } from './lua/policies/gcra.ts';
import { permits } from './lua/policies/permits.ts';
import type { LuaPolicy } from './lua/policies/policy.ts';
import { fromDispatch, fromRelease } from './lua/policies/slidingWindow.ts';
import { prelude, type TimeSource, words } from './lua/prelude.ts';
import { acquireAll, member, releaseAll, requested } from './lua/together.ts';
import { turn, turnstile } from './lua/turnstile.ts';

/** A script as Redis knows it. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

export type PolicyName =
  'permits' | 'budget' | 'gathering' | 'fixedWindow' | 'tokenBucket' | 'leakyBucket' | 'fromDispatch' | 'fromRelease';

const policies: Readonly<Record<PolicyName, LuaPolicy>> = {
  permits,
  budget,
  gathering,
  fixedWindow,
  tokenBucket,
  leakyBucket,
  fromDispatch,
  fromRelease,
};
export type OperationName = 'acquire' | 'release' | 'beat' | 'charge' | 'change' | 'adjust' | 'force' | 'inspect';

/** Whether an entry is held until it is given back. */
export const isLease = (policy: PolicyName): boolean => policies[policy].lease;

/** Whether it has a key of its own. */
export const hasList = (policy: PolicyName): boolean => policies[policy].list;

/** All scripts of the protocol, each made when first asked for. */
export interface Scripts {
  readonly renew: Script;
  /** Answers with the server's time and nothing else. */
  readonly time: Script;
  /** Who is at a gate. */
  readonly look: Script;
  /** Sends a message to a process. */
  readonly say: Script;
  of(operation: OperationName, policy: PolicyName): Script;
  /** For several gates of these policies, each named once. */
  together(operation: 'acquire' | 'release', policies: readonly PolicyName[]): Script;
}

/** What only some policies have is `nil` for the others; Redis takes an unknown name for a mistake. */
const optional = 'local charge, outcome, breakAll, onLeave, timeout, breaksAt, generation, thorough';

const scriptOf = (...parts: readonly string[]): Script => {
  const text = parts.join('\n');
  return { text, sha: createHash('sha1').update(text).digest('hex') };
};

/** A gate among several: a function, so that each has variables of its own. */
function memberOf(policy: PolicyName, begins: boolean): string {
  const rules = policies[policy];
  return [
    `policies['${policy}'] = function(KEYS, ARGV)`,
    `local lease = ${rules.lease}`,
    optional,
    read(rules),
    account(rules, begins, (there) => `return {disagrees = ${there}}`),
    rules.load,
    rules.text,
    books(rules),
    turnstile,
    turn,
    member,
    'end',
  ].join('\n');
}

export function makeScripts(time: TimeSource): Scripts {
  const made: { [policy in PolicyName]?: { [operation in OperationName]?: Script } } = {};
  const madeTogether: Record<string, Script> = {};
  const make = (operation: OperationName, policy: PolicyName): Script => {
    const { early, begins, before = '', fast, begin = '', text }: operations.Operation = operations[operation];
    const rules = policies[policy];
    return scriptOf(
      read(rules),
      early?.(rules) ?? '',
      prelude(time),
      `local lease = ${rules.lease}`,
      optional,
      account(rules, begins === true, (there) => `return {4, now, ${there}}`),
      before,
      rules.load,
      fast?.(rules) ?? '',
      words,
      rules.text,
      books(rules),
      begin,
      turnstile,
      policy === 'gathering' ? barrierTurn : turn,
      text,
    );
  };
  return {
    renew: scriptOf(prelude(time), words, operations.renew),
    time: scriptOf(prelude(time), 'return {1, now}'),
    look: scriptOf(prelude(time), words, look),
    say: scriptOf(prelude(time), say),
    // Asked for with each command.
    of: (operation, policy) => ((made[policy] ??= {})[operation] ??= make(operation, policy)),
    together: (operation, some) =>
      (madeTogether[`${operation} ${some.join(' ')}`] ??= scriptOf(
        prelude(time),
        words,
        requested,
        ...some.map((policy) => memberOf(policy, operation === 'acquire')),
        operation === 'acquire' ? acquireAll : releaseAll,
      )),
  };
}
