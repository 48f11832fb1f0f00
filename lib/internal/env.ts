/**
 * What the host offers: clocks, randomness, and the place for errors that nobody can receive. With `context.ts` the only
 * file that looks at the host; it works in Node and in browsers.
 */
import { asyncScheduler, config, type SchedulerLike } from 'rxjs';

/** Where waiting happens. `now` never goes back; `wall` is the calendar, read for event timestamps and quota periods only. */
export interface Clock extends SchedulerLike {
  /** Milliseconds since 1970. Default: `now()`, which is what a virtual clock wants. */
  wall?(): number;
}

/** The clock of the host: `now` is monotonic, timers are RxJS's own, so its test scheduler can still take them over. */
export const hostClock: Clock & { wall(): number } = {
  now: () => performance.now(),
  wall: () => Date.now(),
  schedule: asyncScheduler.schedule.bind(asyncScheduler),
};

/** Numbers in [0, 1). */
export const hostRandom = (): number => Math.random();

/** Hands an error that has no receiver to RxJS's hook for those, in a job of its own, as RxJS itself does. */
export function reportUnhandled(error: unknown): void {
  asyncScheduler.schedule(() => {
    const { onUnhandledError } = config;
    if (onUnhandledError) onUnhandledError(error);
    else throw error;
  });
}
