import type { Subscription } from 'rxjs';
import { ConfigError } from '../errors.ts';
import type { Gate } from '../gates/gate.ts';
import type { GateHost } from '../gates/host.ts';
import type { GateBackend } from '../gates/port.ts';
import type { GateSpec } from '../gates/spec.ts';
import type { Clock } from '../internal/env.ts';
import { expected, flag, knownOptions, oneOf, show } from '../internal/options.ts';
import { checkLog } from '../log/deliveryOptions.ts';
import type { EventLog } from '../log/EventLog.ts';
import type { Duration } from '../time/duration.ts';
import type { Coordinate } from './coordinateWith.ts';
import type { DeadLetters } from './deadLetter.ts';
import type { Define } from './defineWith.ts';
import type { Names } from './maps.ts';
import type { Emit, When } from './signatures.ts';

/** Takes what the library has to say. Shaped like a pino logger: facts first, then the sentence. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** How a coordinator is made: `createCoordinator(options)`, and `configure(options)` for the default one. */
export interface CoordinatorOptions {
  /** Where the gates live. Default: in the memory of this process. `close` closes it too. */
  readonly backend?: GateBackend;
  /**
   * Keeps every event from the first one on, as `persist(coordinator, log)` does; a promise may be of a log that is being
   * opened. `configureBroker` can change it later. `close` leaves the log open. Default: nothing is kept.
   */
  readonly log?: EventLog | PromiseLike<EventLog>;
  /** Where waiting happens, and where timestamps come from. Default: the clock of the host. */
  readonly clock?: Clock;
  /** Numbers in [0, 1): for ids and jitter. Default `Math.random`. */
  readonly random?: () => number;
  /**
   * `'on'` (default): causes, calls and the current coordinator follow promises and timers, which makes every `await` of the
   * process dearer from the first event on. `'off'`: they hold until the first `await`.
   */
  readonly context?: 'on' | 'off';
  /**
   * Freezes events that somebody listens to, with their data, to the depth of plain objects and arrays. So what is given to
   * `emit` is frozen too, but never the arguments and the result of a call: of its events only what the library has made (the
   * event, its data, the array of arguments) is. Default `false`.
   */
  readonly freeze?: boolean;
  /**
   * How many of the events that handlers gave up on are kept, to be looked at, replayed or discarded; the oldest are let go.
   * Default 1,000. 0 keeps none.
   */
  readonly deadLetters?: number;
  /** What happens when a request for a gate would close a cycle of waiting. Default `'error'`. */
  readonly deadlock?: 'error' | 'report' | 'off';
  /** Default: silence. */
  readonly logger?: Logger;
  /**
   * Gets errors that have no other receiver, and every failure of a handler. Default: failures that nobody listens for at
   * `rxbaton.handler_failed` go where RxJS's unhandled errors go: to `config.onUnhandledError`, else they are thrown.
   */
  readonly onError?: (error: unknown, what: string) => void;
}

/** How `close` goes about it. */
export interface CloseOptions {
  /** How long work may take to end. Then it is aborted. Default: no limit. 0 aborts at once. */
  readonly deadline?: Duration;
}

/** What `close` could not bring to its end. */
export interface CloseReport {
  /** The calls and handlers that were aborted. */
  readonly aborted: readonly string[];
  /** How many events waited in queues of handlers and were dropped. */
  readonly dropped: number;
}

/** Events and gates of their own, apart from every other coordinator. */
export interface Coordinator<N extends Names = any> extends AsyncDisposable {
  /** `when`, for the events of this coordinator. */
  readonly when: When<N>;
  /** `emit`, to those who listen at this coordinator. */
  readonly emit: Emit<N>;
  /** `coordinate`, with all calls at this coordinator, wherever they are made. */
  readonly coordinate: Coordinate;
  /** The events that its handlers gave up on. */
  readonly deadLetters: DeadLetters;
  /** Where its gates live, for backends and tools; `open` gives a gate. */
  readonly gates: GateHost;
  /** The live gate of a description or a name. */
  open(gate: GateSpec | string): Gate;
  /** `define`, for the gates and the events of this coordinator. */
  readonly define: Define<N>;
  /**
   * Subscribes the methods of an object that `@when.method` has marked. Unsubscribing ends all of them.
   *
   * @throws ConfigError when it has none.
   */
  attach(instance: object): Subscription;
  /**
   * Resolves when nothing is under way: every handler, with its retries, every call, and every release that is on its way to
   * a backend. Does not wait for what bare subscriptions do, nor for bare `run`, `hold` and `enter`: await those yourself.
   *
   * @throws SettledInsideError (rejects) inside a handler or call, which it would wait for. What a handler has left behind
   * (a timer, say) may call it as soon as all handlers of its event have ended. ConfigError for any argument.
   */
  settled(): Promise<void>;
  /**
   * Refuses new work, lets what is under way and what it starts come to its end, then completes all streams of events.
   * After the deadline it drops what is queued and aborts the rest. What is left of the deadline goes to the backend.
   *
   * Waits for handlers and coordinated calls. Await bare `run`, `hold` and `enter`, and the subscriptions of operators,
   * yourself; gates stay usable.
   *
   * May be called again: all calls share one outcome, and the earliest of their deadlines counts. So a second signal can
   * force the exit: `close()` at the first, `close({ deadline: 0 })` at the next.
   *
   * @throws SettledInsideError (rejects) inside a handler or call, which it would wait for; nothing was changed. What a
   * handler has left behind (a timer, say) may call it as soon as all handlers of its event have ended.
   */
  close(options?: CloseOptions): Promise<CloseReport>;
}

/** @throws ConfigError */
export function checkCoordinatorOptions(options: CoordinatorOptions, owner: string): void {
  knownOptions(owner, options, [
    'backend',
    'log',
    'clock',
    'random',
    'context',
    'freeze',
    'deadLetters',
    'deadlock',
    'logger',
    'onError',
  ]);
  const { backend, clock, random, context = 'on', freeze = false, deadlock = 'error', logger, onError } = options;
  const { deadLetters = 0 } = options;
  if (!(Number.isSafeInteger(deadLetters) && deadLetters >= 0))
    expected(`${owner}.deadLetters`, 'an integer from 0 up', deadLetters);
  oneOf(context, ['on', 'off'], `${owner}.context`);
  oneOf(deadlock, ['error', 'report', 'off'], `${owner}.deadlock`);
  flag(freeze, `${owner}.freeze`);
  has(backend, ['open', 'supports', 'find', 'close'], `${owner}.backend`, 'a gate backend');
  if (options.log !== undefined) checkLog(options.log, `${owner}.log`);
  has(clock, ['now', 'schedule'], `${owner}.clock`, 'a scheduler');
  has(logger, ['debug', 'info', 'warn', 'error'], `${owner}.logger`, 'a logger with debug, info, warn and error');
  for (const [name, fn] of Object.entries({ random, onError })) {
    if (fn !== undefined && typeof fn !== 'function')
      throw new ConfigError(`${owner}.${name} must be a function, not ${show(fn)}.`);
  }
}

function has(value: unknown, methods: readonly string[], option: string, what: string): void {
  if (value === undefined) return;
  const missing = methods.filter((method) => typeof (value as Record<string, unknown> | null)?.[method] !== 'function');
  if (missing.length > 0) throw new ConfigError(`${option} must be ${what}; it has no ${missing.join(', ')}.`);
}
