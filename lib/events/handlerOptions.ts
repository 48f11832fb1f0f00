import { ConfigError } from '../errors.ts';
import type { Overflow } from '../internal/backlog.ts';
import { expected, flag, knownOptions, oneOf, positiveInteger, show } from '../internal/options.ts';
import { backoff, type Backoff, type Retry } from '../time/backoff.ts';
import { milliseconds, type Duration } from '../time/duration.ts';

/** How one handler takes its events. */
export interface HandlerOptions {
  /** How many events it works on at once. Default: no limit. */
  readonly concurrency?: number;
  /** How many more may wait, 0 or more. Default: no limit. Needs `concurrency`. */
  readonly maxQueue?: number;
  /**
   * `'drop-oldest'` and `'drop-newest'` lose one event and say so with `rxbaton.handler_dropped`; `'error'` (the default)
   * refuses the new one with an `OverflowError`, as if the handler had failed on it. Needs `maxQueue`.
   */
  readonly overflow?: Overflow;
  /** Tries again when it fails: a number of attempts, or more exactly. It keeps its place (`concurrency`) meanwhile. */
  readonly retry?: number | Retry;
  /**
   * The longest that one attempt may take, in milliseconds or `'30s'`. Then it counts as failed with `CallTimeoutError` and
   * its place is free: an Observable is unsubscribed, a promise goes on unheard, since nothing can stop it.
   */
  readonly timeout?: Duration;
  /** Takes one event and ends. So `maxQueue`, and `concurrency` above 1, would do nothing and are refused. */
  readonly once?: boolean;
  /** Ends the subscription when it aborts. */
  readonly signal?: AbortSignal;
}

/** Options that were checked. */
export interface Terms {
  readonly concurrency: number;
  readonly maxQueue: number;
  readonly overflow: Overflow;
  readonly retry: Backoff | null;
  readonly timeout: number;
  readonly once: boolean;
  readonly signal: AbortSignal | null;
  /** No option asks for more than calling the handler. */
  readonly plain: boolean;
}

/** The terms of every handler without options. */
const none: Terms = {
  concurrency: Infinity,
  maxQueue: Infinity,
  overflow: 'error',
  retry: null,
  timeout: Infinity,
  once: false,
  signal: null,
  plain: true,
};

/**
 * Whether `when` was given a handler.
 *
 * @throws ConfigError when it got options without one: nobody would read them.
 */
export function withHandler<H>(handler: H | undefined, options: HandlerOptions | undefined): handler is H {
  if (handler === undefined && options !== undefined)
    throw new ConfigError('when() has options for its handler, but no handler.', {
      hint: 'Give a handler, or leave the options out and use operators on the Observable.',
    });
  return handler !== undefined;
}

/** @throws ConfigError */
export function terms(options: HandlerOptions | undefined, owner: string): Terms {
  if (options === undefined) return none;
  knownOptions(owner, options, ['concurrency', 'maxQueue', 'overflow', 'retry', 'timeout', 'once', 'signal']);
  const { concurrency = Infinity, maxQueue = Infinity, overflow, retry, timeout, once = false, signal } = options;
  if (concurrency !== Infinity) positiveInteger(concurrency, `${owner}.concurrency`);
  if (maxQueue !== Infinity && !(Number.isSafeInteger(maxQueue) && maxQueue >= 0)) {
    expected(`${owner}.maxQueue`, 'an integer from 0 up', maxQueue);
  }
  if (maxQueue !== Infinity && concurrency === Infinity) {
    throw new ConfigError(`${owner}.maxQueue does nothing without concurrency: nothing ever waits.`, {
      hint: 'Give concurrency too.',
    });
  }
  if (overflow !== undefined && maxQueue === Infinity) {
    throw new ConfigError(`${owner}.overflow does nothing without maxQueue: nothing ever overflows.`, {
      hint: 'Give maxQueue too.',
    });
  }
  if (flag(once, `${owner}.once`) && (maxQueue !== Infinity || (options.concurrency ?? 1) > 1)) {
    throw new ConfigError(`${owner}.once takes one event: nothing else runs or waits, so these options do nothing.`, {
      hint: 'Leave out concurrency and maxQueue.',
    });
  }
  if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.addEventListener !== 'function') {
    throw new ConfigError(`${owner}.signal must be an AbortSignal, not ${show(signal)}.`);
  }
  return {
    concurrency,
    maxQueue,
    overflow:
      overflow === undefined ? 'error' : oneOf(overflow, ['drop-oldest', 'drop-newest', 'error'], `${owner}.overflow`),
    retry: retry === undefined ? null : backoff(retry, `${owner}.retry`),
    timeout: timeout === undefined ? Infinity : milliseconds(timeout, `${owner}.timeout`),
    once,
    signal: signal ?? null,
    plain: concurrency === Infinity && retry === undefined && timeout === undefined && !once,
  };
}
