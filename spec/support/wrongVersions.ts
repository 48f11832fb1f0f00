/** Locks, holds, operators and buses as they are often written. Each has the fault that its name says; see spec/pitfalls.spec.ts. */

import {
  exhaustMap,
  from,
  mergeMap,
  Observable,
  Subject,
  Subscription,
  take,
  type ObservableInput,
  type Subscriber,
} from 'rxjs';
import type { Grant } from '../../lib/index.ts';

export type Hold = (
  acquisition: Observable<Grant>,
  work: (grant: Grant) => ObservableInput<unknown>,
) => Observable<unknown>;

/** RxJS tears down upstream first: the lease goes back before the work has cleaned up. */
export const releasesBeforeTheWorkIsGone: Hold = (acquisition, work) =>
  acquisition.pipe(exhaustMap((grant) => from(work(grant))));

/** The grant is void before the work has begun. */
export const takesOne: Hold = (acquisition, work) =>
  acquisition.pipe(
    take(1),
    mergeMap((grant) => from(work(grant))),
  );

/** Only the good end is thought of. */
export const forgetsErrors: Hold = (acquisition, work) =>
  new Observable((subscriber) => {
    const lease = new Subscription();
    lease.add(
      acquisition.subscribe((grant) => {
        from(work(grant)).subscribe({
          next: (value) => subscriber.next(value),
          complete: () => {
            lease.unsubscribe();
            subscriber.complete();
          },
        });
      }),
    );
  });

/** Where the grant and the work are synchronous, `lease` is not assigned yet. */
export const namesItselfTooEarly: Hold = (acquisition, work) =>
  new Observable((subscriber) => {
    const lease: Subscription = acquisition.subscribe((grant) => {
      from(work(grant)).subscribe({
        complete: () => {
          lease.unsubscribe();
          subscriber.complete();
        },
      });
    });
    return lease;
  });

/** A teardown of the work that throws never gets to the lease. */
export const stumblesOverTeardowns: Hold = (acquisition, work) =>
  new Observable(() => {
    let inner: Subscription | undefined;
    const lease = acquisition.subscribe((grant) => (inner = from(work(grant)).subscribe()));
    return () => {
      inner?.unsubscribe();
      lease.unsubscribe();
    };
  });

/** Says that it is over, and only then gives the lease back. */
export const completesBeforeTheRelease: Hold = (acquisition, work) =>
  new Observable((subscriber) => {
    const lease = new Subscription();
    lease.add(acquisition.subscribe((grant) => from(work(grant)).subscribe(subscriber)));
    return lease;
  });

/** A lock as pitfalls see it. */
export interface Lock {
  acquire(cost?: number): Observable<unknown>;
  free(): number;
}

interface Place {
  readonly subscriber: Subscriber<unknown>;
  readonly cost: number;
  held: boolean;
}

/** A semaphore that is right but for the faults it is given. */
export function faultyLock(
  permits: number,
  {
    freesForWaiters = false,
    keepsDeparted = false,
    notifiesFirst = false,
    overtakes = false,
    asynchronous = false,
    releasesTwice = false,
  }: Partial<
    Record<
      'freesForWaiters' | 'keepsDeparted' | 'notifiesFirst' | 'overtakes' | 'asynchronous' | 'releasesTwice',
      boolean
    >
  > = {},
): Lock {
  let free = permits;
  const queue: Place[] = [];

  const admit = (place: Place): void => {
    queue.splice(queue.indexOf(place), 1);
    const account = (): void => {
      free -= place.cost;
      place.held = true;
    };
    if (!notifiesFirst) account();
    place.subscriber.next(null);
    if (notifiesFirst) account();
  };
  const turn = (): void => {
    for (const place of [...queue]) {
      if (place.cost <= free) admit(place);
      else if (!overtakes) return;
    }
  };

  return {
    acquire: (cost = 1) =>
      new Observable((subscriber) => {
        const place: Place = { subscriber, cost, held: false };
        queue.push(place);
        subscriber.add(() => {
          const queued = queue.indexOf(place);
          if (queued >= 0 && !keepsDeparted) queue.splice(queued, 1);
          if (place.held || freesForWaiters) free += releasesTwice ? 2 * cost : cost;
          if (asynchronous) queueMicrotask(turn);
          else turn();
        });
        if (asynchronous && queue.length > 1) return;
        turn();
      }),
    free: () => free,
  };
}

export type Exclusive = (
  gate: Lock,
  project: (value: number) => Observable<number>,
) => (source: Observable<number>) => Observable<number>;

/** Completes with its source, forgets what waits, cannot be stopped by `take`, leaves work running. */
export const naiveExclusive: Exclusive = (lock, project) => (source) =>
  new Observable((subscriber) =>
    source.subscribe({
      next: (value) => {
        const lease = new Subscription();
        lease.add(
          lock.acquire().subscribe(() => {
            project(value).subscribe({
              next: (result) => subscriber.next(result),
              complete: () => lease.unsubscribe(),
            });
          }),
        );
      },
      complete: () => subscriber.complete(),
    }),
  );

export interface Bus {
  emit(name: string): void;
  on(handler: (name: string) => unknown): Subscription;
}

/** One handler that throws ends its subscription; an event inside an event is delivered first. */
export function subjectBus(): Bus {
  const events = new Subject<string>();
  return {
    emit: (name) => events.next(name),
    on: (handler) => events.pipe(mergeMap((name) => from(Promise.resolve(handler(name))))).subscribe(),
  };
}

/** Goes through the handlers as they are, while they change. */
export function setBus(): Bus {
  const handlers = new Set<(name: string) => unknown>();
  return {
    emit: (name) => {
      for (const handler of handlers) handler(name);
    },
    on: (handler) => {
      handlers.add(handler);
      return new Subscription(() => handlers.delete(handler));
    },
  };
}
