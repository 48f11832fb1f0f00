import { after } from '../../lib/internal/after.ts';
import type { Clock } from '../../lib/internal/env.ts';
import type { Readers } from '../../lib/log/Readers.ts';
import type { FileReader } from './FileReader.ts';

/**
 * Closes a log: what was asked is answered, readers get what is there, and then it lets go of everything. When the deadline is
 * over it no longer waits, and what is left goes on by itself; readers that have not all of it end then.
 *
 * @param settled Resolves when everything is answered.
 * @param end Lets go.
 */
export function closeWithin(
  clock: Clock,
  deadline: number,
  readers: Readers<FileReader>,
  settled: () => Promise<void>,
  end: () => Promise<void>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let over = deadline === 0;
    const timer = after(clock, over ? Infinity : deadline, () => {
      over = true;
      readers.abort(deadline);
      resolve();
    });
    const whole = async (): Promise<void> => {
      await settled();
      const finished = readers.finish();
      if (over) readers.abort(deadline);
      await finished;
      await end();
    };
    whole()
      .then(resolve, reject)
      .finally(() => timer.unsubscribe());
    if (over) resolve();
  });
}
