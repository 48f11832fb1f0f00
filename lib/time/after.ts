import { Subscription, type SchedulerLike } from 'rxjs';

/** The longest delay a host timer keeps: a longer one would fire at once. */
const longest = 2 ** 31 - 1;

/** Calls `work` once after `ms`, however long that is; `Infinity`: never, and without a timer. */
export function after(scheduler: SchedulerLike, ms: number, work: () => void): Subscription {
  if (ms === Infinity) return Subscription.EMPTY;
  if (ms <= longest) return scheduler.schedule(work, ms);
  const chunks = new Subscription();
  chunks.add(scheduler.schedule(() => chunks.add(after(scheduler, ms - longest, work)), longest));
  return chunks;
}
