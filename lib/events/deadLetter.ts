import type { CoordinatorEvent, ErrorData } from './event.ts';

/** An event that a handler gave up on. */
export interface DeadLetter {
  /** Its own: one event can be a dead letter of several handlers. */
  readonly id: string;
  readonly event: CoordinatorEvent;
  /** The name of the function, or what it was subscribed to: whoever has it after a restart is the same handler. */
  readonly handler: string;
  /** What the handler failed with in the end. */
  readonly error: ErrorData;
  /** When it gave up, in milliseconds since 1970. */
  readonly failedAt: number;
  /** How often it gave up: 1, and one more for each `replay` that failed too. */
  readonly failures: number;
}

/** What came of a `replay`. */
export interface Redelivery {
  /** The handler was done with them: they are dead letters no more. */
  readonly handled: number;
  /** The handler gave up again, or ended or lost them before it was done: they stay. */
  readonly failed: number;
  /** No handler of that name listens to such events, or several do, and nobody can tell which one is meant: they stay. */
  readonly left: number;
}

/** The events that handlers gave up on, the last `deadLetters` (an option of the coordinator) of them. */
export interface DeadLetters {
  /** How many of the oldest have been let go since the start of the process, because there were too many. */
  readonly dropped: number;
  /** All of them, oldest first; with those of earlier runs, where a log keeps them. */
  list(): Promise<readonly DeadLetter[]>;
  /**
   * Has the handler, and nobody else, take the event of one letter, or those of all, once more: in its queue, with its
   * `concurrency`, `timeout` and `retry`. A letter is gone when the handler is done with it, and stays if not: a process that
   * dies in between loses nothing, and may do it twice.
   *
   * Resolves when the handler is done or has given up again. One that awaits this itself may wait for its own place.
   *
   * @throws ConfigError (rejects) for an id that is none, and where `left` would be 1. ClosedError after `close`.
   */
  replay(which: string): Promise<Redelivery>;
  /**
   * Forgets one letter, or `'all'`. Resolves with how many that were.
   *
   * @throws ConfigError (rejects) for an id that is none.
   */
  discard(which: string): Promise<number>;
}

/** Where dead letters outlive the process. Each promise is settled when that is written. */
export interface DeadLetterStore {
  /** Those of earlier runs, oldest first. */
  load(): Promise<readonly DeadLetter[]>;
  /** A new one, or one that failed again. */
  keep(letter: DeadLetter): Promise<void>;
  forget(ids: readonly string[]): Promise<void>;
}
