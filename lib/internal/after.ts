import { Subscription } from 'rxjs';
import type { Clock } from './env.ts';

/** The longest wait that hosts can arm: Node fires a longer one after a millisecond. */
const longest = 2 ** 31 - 1;

/** Calls `work` once, `ms` milliseconds from now, however many that are. `Infinity`: never, without a timer. */
export function after(clock: Clock, ms: number, work: () => void): Subscription {
  if (ms === Infinity) return Subscription.EMPTY;
  const waiting = new Subscription();
  const arm = (left: number): void => {
    waiting.add(
      clock.schedule(
        () => {
          if (left > longest) arm(left - longest);
          else work();
        },
        Math.min(left, longest),
      ),
    );
  };
  arm(ms);
  return waiting;
}
