import { Observable, Subscription, take } from 'rxjs';
import { after } from '../internal/after.ts';
import type { Clock } from '../internal/env.ts';
import type { EventLog, ReadOptions, Stored } from './EventLog.ts';
import { timeOf } from './timeOf.ts';

/** How many events are read at a time: a log gives what it has as fast as it can, and nobody can hold it back. */
const page = 1_000;

/** The events of a stream, each at its time: `speed` times as fast as they happened, counted from the first. */
export function paced(
  log: EventLog,
  stream: string,
  range: Pick<ReadOptions, 'from' | 'to' | 'names'>,
  speed: number,
  clock: Clock,
): Observable<Stored> {
  return new Observable((subscriber) => {
    let events: Stored[] = [];
    let next = 0;
    /** The moment of the clock that stands for the time 0 of the recording. */
    let zero = NaN;
    /** The page that is being read, or the wait for an event. */
    let busy = Subscription.EMPTY;

    function read(from: ReadOptions['from']): void {
      const found: Stored[] = [];
      const given = from === undefined ? range : { ...range, from };
      const reading = log
        .read(stream, { ...given, maxBuffer: page })
        .pipe(take(page))
        .subscribe({
          next: (stored) => void found.push(stored),
          error: (error: unknown) => {
            subscriber.error(error);
          },
          complete: () => {
            [events, next] = [found, 0];
            play();
          },
        });
      // It may have ended at once, and play may wait by now.
      if (!reading.closed) busy = reading;
    }

    function play(): void {
      while (next < events.length && !subscriber.closed) {
        const time = timeOf(events[next]!) / speed;
        if (Number.isNaN(zero)) zero = clock.now() - time;
        const wait = zero + time - clock.now();
        if (wait <= 0) {
          emit();
          continue;
        }
        // What it waited for comes then, also if the timer was a trifle early.
        busy = after(clock, wait, () => {
          emit();
          play();
        });
        return;
      }
      if (subscriber.closed) return;
      if (events.length < page) subscriber.complete();
      else read(events[page - 1]!.position);
    }

    function emit(): void {
      subscriber.next(events[next++]!);
    }

    read(undefined);
    return () => {
      busy.unsubscribe();
    };
  });
}
