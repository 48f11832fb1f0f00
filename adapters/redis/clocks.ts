import { serverTime, type TimeSource } from './lua/prelude.ts';

/** How far clocks can be relied on. */
export interface Clocks {
  /** Where scripts get the time from. */
  readonly time: TimeSource;
  /** How far two clocks may have run apart after so many milliseconds, the lateness of timers included. */
  readonly drift: (ms: number) => number;
  /** The shortest lease that is worth having, ms: a shorter one would be over before it could be renewed. */
  readonly shortestTtl: number;
}

export const realClocks: Clocks = { time: serverTime, drift: (ms) => ms / 100 + 2, shortestTtl: 100 };
