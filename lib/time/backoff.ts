import { ConfigError } from '../errors.ts';
import { knownOptions, oneOf, positiveInteger, show } from '../internal/options.ts';
import { milliseconds, type Duration } from './duration.ts';

/** How a failure is tried again. A number is the number of attempts. */
export interface Retry {
  /** All attempts together, the first one too: 3 means tried at most three times. */
  readonly attempts: number;
  /** The wait after the first failure. Default 1 s. */
  readonly delay?: Duration;
  /** Each wait is so many times the one before. Default 2; 1 keeps it the same. */
  readonly factor?: number;
  /** No wait is longer. Default 30 s, or `delay` if that is more. */
  readonly maxDelay?: Duration;
  /** `'full'`: anything from nothing to the wait. `'equal'`: half of it and anything up to the other half. Default `'none'`. */
  readonly jitter?: 'none' | 'full' | 'equal';
  /** Whether this error is worth another attempt, and, if it says a duration, after which wait. Default: every error is. */
  readonly when?: (error: unknown, attempt: number) => boolean | Duration;
}

/**
 * What to do after the `attempt`-th failure (from 1): the milliseconds to wait before the next one, or `null` to give up.
 * Pure but for `random`, and what `when` throws is thrown.
 */
export type Backoff = (error: unknown, attempt: number, random: () => number) => number | null;

/** The settings of `retry` as a function from failures to waits. @throws ConfigError */
export function backoff(retry: number | Retry, owner: string): Backoff {
  const options: Retry = typeof retry === 'number' ? { attempts: retry } : retry;
  knownOptions(owner, options, ['attempts', 'delay', 'factor', 'maxDelay', 'jitter', 'when']);
  const { factor = 2, jitter = 'none', when } = options;
  const attempts = positiveInteger(options.attempts, `${owner}.attempts`);
  const first = milliseconds(options.delay ?? 1_000, `${owner}.delay`, { zero: true });
  const most = milliseconds(options.maxDelay ?? Math.max(30_000, first), `${owner}.maxDelay`, { zero: true });
  oneOf(jitter, ['none', 'full', 'equal'], `${owner}.jitter`);
  if (typeof factor !== 'number' || !(factor >= 1) || factor === Infinity) {
    throw new ConfigError(`${owner}.factor must be a number from 1 up, not ${show(factor)}.`, { details: { factor } });
  }
  if (when !== undefined && typeof when !== 'function')
    throw new ConfigError(`${owner}.when must be a function, not ${show(when)}.`);

  return (error, attempt, random) => {
    if (attempt >= attempts) return null;
    const answer = when === undefined ? true : when(error, attempt);
    if (answer === false) return null;
    if (answer !== true) return milliseconds(answer, `the answer of ${owner}.when`, { zero: true });
    const wait = Math.min(most, first * factor ** (attempt - 1));
    if (jitter === 'none') return wait;
    return jitter === 'full' ? wait * random() : wait / 2 + (wait / 2) * random();
  };
}
