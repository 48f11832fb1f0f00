import type { GateSpec } from '../../lib/gates/spec.ts';
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

/** Whether Redis can keep such a gate, or why not. */
export function supported(spec: GateSpec, { shortestTtl }: Clocks): true | string {
  if ('ttl' in spec && spec.ttl < shortestTtl)
    return `The ttl of '${spec.name}' is ${spec.ttl} ms; over a network it has to be ${shortestTtl} ms or more.`;
  return true;
}
