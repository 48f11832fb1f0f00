/**
 * How a piece of work goes on after its function has returned, whatever that returned: a value, an Observable, an
 * AsyncIterable, or a promise of one of these. All of them become the same few calls on a `Course`.
 */
import {
  defer,
  EMPTY,
  finalize,
  from,
  isObservable,
  type Observable,
  type OperatorFunction,
  Subject,
  Subscription,
  takeUntil,
  throwIfEmpty,
} from 'rxjs';
import { isObject, iterate } from '../internal/iterate.ts';

/** Who follows a piece of work. */
export interface Course {
  /** The work was told to stop: nothing counts any more but that it ends. */
  readonly stopped: boolean;
  /** The work turned out to be a stream. */
  streams: boolean;
  /** Stops the stream, once there is one. A promise cannot be stopped, only waited for. */
  stopStream: (() => void) | null;
  /** A value of a stream. */
  value(value: unknown): void;
  /** The work has ended and its teardown is done. One of `done` and `broke` is called, once, for stopped work too. */
  done(result: unknown): void;
  broke(error: unknown): void;
}

type Collect = OperatorFunction<unknown, unknown> | null;

/** Follows what a function returned until it has really ended. */
export function follow(work: unknown, course: Course, collect: Collect): void {
  if (isPromise(work)) {
    work.then(
      (value) => {
        if (isStream(value)) followStream(value, course, collect);
        else course.done(value);
      },
      (error: unknown) => {
        course.broke(error);
      },
    );
  } else if (isStream(work)) followStream(work, course, collect);
  else course.done(work);
}

const isPromise = (work: unknown): work is PromiseLike<unknown> =>
  work instanceof Promise || (isObject(work) && typeof (work as Partial<PromiseLike<unknown>>).then === 'function');

type Stream = Observable<unknown> | AsyncIterable<unknown>;

const isStream = (value: unknown): value is Stream =>
  isObject(value) &&
  (isObservable(value) || typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function');

interface Failure {
  readonly error: unknown;
}

function followStream(stream: Stream, course: Course, collect: Collect): void {
  const halt = new Subject<void>();
  const values = new Subject<unknown>();
  const fold = new Subscription();
  let reading = true;
  let folding = collect !== null;
  let result: unknown;
  let failure: Failure | null = null;
  /** An iterator is not over before it has answered. */
  let closing: Promise<unknown> | null = null;

  // The stream and what `collect` makes of it end each other, whichever is first.
  const finish = (): void => {
    if (reading) halt.next();
    else if (folding) values.complete();
    else if (failure === null) course.done(result);
    else course.broke(failure.error);
  };
  const endFold = (reason: Failure | null): void => {
    folding = false;
    failure ??= reason;
    fold.unsubscribe();
    finish();
  };
  const over = (): void => {
    reading = false;
    if (failure === null) finish();
    else endFold(null);
  };

  course.streams = true;
  course.stopStream = () => {
    endFold(null);
  };
  if (collect !== null && !course.stopped) {
    const collected = defer(() => values.pipe(collect, throwIfEmpty()));
    fold.add(
      collected.subscribe({
        next: (value) => (result = value),
        error: (error: unknown) => {
          endFold({ error });
        },
        complete: () => {
          endFold(null);
        },
      }),
    );
  }
  const unread = course.stopped || (collect !== null && !folding);
  const iterating = (end: Promise<unknown>): void => {
    closing = end;
  };
  const source = isObservable(stream) ? (unread ? EMPTY : from(stream)) : iterate(stream, unread, iterating);
  source
    .pipe(
      takeUntil(halt),
      // Behind the stream, so that its teardown comes first, also where it ends while it is being subscribed to.
      finalize(() => {
        if (closing === null) over();
        else closing.then(over, over);
      }),
    )
    .subscribe({
      next: (value) => {
        course.value(value);
        if (collect === null) result = value;
        else values.next(value);
      },
      error: (error: unknown) => {
        failure ??= { error };
      },
    });
}
