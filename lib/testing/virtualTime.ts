import { Subscription, type SchedulerAction } from 'rxjs';
import { currentFrame, runIn } from '../internal/context.ts';
import type { Clock } from '../internal/env.ts';
import { expected, knownOptions } from '../internal/options.ts';
import { milliseconds, type Duration } from '../time/duration.ts';
import { drainJobs } from './drainJobs.ts';

/** A clock that stands still until it is told to advance. */
export interface VirtualTime extends Clock {
  /** Milliseconds since the clock was made. */
  now(): number;
  /** Milliseconds since 1970: `epoch + now()`. */
  wall(): number;
  /** How many timers are armed. */
  readonly pending: number;
  /** When the next of them is due, in milliseconds of `now()`; `Infinity` if none ever is. */
  readonly next: number;
  /** Lets `duration` pass: runs what falls due, in order, with all promise jobs in between, and then those that are left. */
  advance(duration: Duration): Promise<void>;
  /** Runs until no timer is left; rejects after 100,000 timers, since a renewal or an interval never ends by itself. */
  flush(): Promise<void>;
}

export interface VirtualTimeOptions {
  /** What the calendar says at the start, in milliseconds since 1970. Default 0. */
  readonly epoch?: number;
}

interface Timer {
  readonly armed: number;
  readonly due: number;
  run(): void;
}

const endless = 100_000;

/**
 * Makes a clock for tests: a `SchedulerLike` with a calendar, on which no time passes by itself.
 *
 * ```
 * advance(10)   jobs -> timer due at 3 -> jobs -> timer due at 10 -> jobs -> now() is 10
 * ```
 *
 * Timers run in the order in which they fall due; those that fall due together run in the order in which they were armed.
 * Before, between and after them every promise job runs to its end, however long the chain, so that `await` and virtual
 * time can be mixed. A timer runs in the causal context that armed it, as a real one does. A timer of `Infinity` is never
 * due. An error thrown by a timer rejects the `advance` that ran it; the clock stays at that moment and can go on. So it does
 * where something spins: more than 100,000 timers in a row that were due when they were armed.
 *
 * Only what waits through this clock is virtual: `setTimeout`, `AbortSignal.timeout` and sockets take their real time.
 *
 * @throws ConfigError for an unknown option, or an `epoch` that is no finite number.
 * @example A minute in no time
 * ```ts
 * const clock = virtualTime();
 * const coordinator = createCoordinator({ clock });
 * coordinator.when('late').subscribe(() => console.log(clock.now()));
 * timer(60_000, clock).subscribe(() => coordinator.emit('late'));
 * await clock.advance('1m');   // prints 60000
 * ```
 */
export function virtualTime(options: VirtualTimeOptions = {}): VirtualTime {
  knownOptions('virtualTime', options, ['epoch']);
  const { epoch = 0 } = options;
  if (!Number.isFinite(epoch)) expected('virtualTime.epoch', 'a finite number', epoch);

  let now = 0;
  let advancing = false;
  /** In order of `due`, and of arming among equals. */
  const timers: Timer[] = [];

  function arm(timer: Timer): void {
    timers.splice(timers.findLastIndex(({ due }) => due <= timer.due) + 1, 0, timer);
  }

  function disarm(timer: Timer | null): void {
    const at = timer === null ? -1 : timers.indexOf(timer);
    if (at >= 0) timers.splice(at, 1);
  }

  function schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    const frame = currentFrame();
    let timer: Timer | null = null;
    const action = new Subscription(() => {
      disarm(timer);
    }) as SchedulerAction<T>;
    action.schedule = (next, after = 0) => {
      if (action.closed) return action;
      disarm(timer);
      const run = (): void => {
        work.call(action, next);
      };
      timer = {
        armed: now,
        due: now + (after > 0 ? after : 0),
        run: () => {
          if (currentFrame() === frame) run();
          else runIn(frame, run, undefined);
        },
      };
      arm(timer);
      return action;
    };
    return action.schedule(state, delay);
  }

  /** One at a time: two loops over one list of timers would tear its order apart. */
  async function alone(body: () => Promise<void>): Promise<void> {
    if (advancing)
      throw new Error('This virtual clock is advancing already: await one advance() or flush() before the next.');
    advancing = true;
    try {
      await body();
    } finally {
      advancing = false;
    }
  }

  /** Runs what is due up to `end`, and the promise jobs before and after each. */
  async function runUntil(end: number, limit: number): Promise<void> {
    await drainJobs();
    let count = 0;
    let still = 0;
    for (let next = timers[0]; next !== undefined && next.due <= end && next.due < Infinity; next = timers[0]) {
      if (++count > limit) throw new Error(`Timers keep rearming: ${limit} ran and there are more. Use advance().`);
      still = next.due === next.armed ? still + 1 : 0;
      if (still > endless) throw new Error(`Timers keep rearming at ${now} ms: no time passes between them.`);
      timers.shift();
      now = next.due;
      next.run();
      await drainJobs();
    }
  }

  return {
    now: () => now,
    wall: () => epoch + now,
    schedule,
    get pending() {
      return timers.length;
    },
    get next() {
      return timers[0]?.due ?? Infinity;
    },
    advance: (duration) =>
      alone(async () => {
        const end = now + milliseconds(duration, 'advance', { zero: true });
        await runUntil(end, Infinity);
        now = end;
      }),
    flush: () => alone(() => runUntil(Infinity, endless)),
  };
}
