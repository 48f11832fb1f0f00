import type { Destination } from '../log/destination.ts';
import type { EventLog } from '../log/EventLog.ts';
import { memoryLog } from '../log/memoryLog.ts';
import { persist } from '../log/persist.ts';
import type { CoordinatorKernel } from './CoordinatorKernel.ts';
import type { Work } from './kernel.ts';

/** The events of a coordinator on their way to a log. */
export interface Route {
  readonly to: Destination;
  /** Takes no further event; resolves when those that it took are there, and the log is closed if it belongs to the broker. */
  end(): Promise<void>;
}

/** Nothing comes back from here. Who asked for a log that cannot be opened hears of that; the events need not say it again. */
const nowhere = (): EventLog => memoryLog({ keep: 1 });

/**
 * Takes events to a log from now on, until it is ended or the coordinator is closed, which waits for that. Those that wait
 * for a log that cannot be opened go to the one that is there `instead`.
 */
export function startRoute(
  kernel: CoordinatorKernel,
  to: Destination,
  log: EventLog | PromiseLike<EventLog>,
  instead: () => EventLog | PromiseLike<EventLog> = nowhere,
): Route {
  const kept = isPending(log) ? log.then(null, instead) : log;
  const persistence = persist(kernel, kept, to.persist);
  const work: Work = { name: 'the log of the broker', before: null, after: null, abort: () => undefined };
  let asked = false;
  let ended: Promise<void> | null = null;

  async function finish(): Promise<void> {
    // Events on their way are waited for as it is.
    if (!to.owned) return persistence.stop();
    kernel.begin(work);
    try {
      await persistence.stop();
      await (await kept).close();
    } finally {
      kernel.end(work);
    }
  }

  persistence.add(() => {
    ended = finish();
    ended.catch((error: unknown) => {
      if (!asked) kernel.report(error, 'The log could not be closed.');
    });
  });
  return {
    to,
    async end() {
      asked = true;
      persistence.unsubscribe();
      await ended;
    },
  };
}

/** Whether the log is still being opened. */
export function isPending(log: EventLog | PromiseLike<EventLog> | null): log is PromiseLike<EventLog> {
  return log !== null && 'then' in log;
}
