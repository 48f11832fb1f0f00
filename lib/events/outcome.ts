/**
 * How a piece of work goes on after its function has returned, whatever that returned: a value, an Observable, an
 * AsyncIterable, or a promise of one of these. All of them become the same few calls on a `Course`.
 */
import {
  EmptyError,
  finalize,
  from,
  isObservable,
  type Observable,
  type OperatorFunction,
  ReplaySubject,
  Subject,
  Subscription,
  takeUntil,
} from 'rxjs';

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

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

type Stream = Observable<unknown> | AsyncIterable<unknown>;

const isStream = (value: unknown): value is Stream =>
  isObject(value) &&
  (isObservable(value) || typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function');

interface Failure {
  readonly error: unknown;
}

/** Nothing of a stream runs any more; called once. */
type Over = (failure: Failure | null) => void;

function followStream(stream: Stream, course: Course, collect: Collect): void {
  const halt = new ReplaySubject<void>(1);
  const values = new Subject<unknown>();
  const fold = new Subscription();
  let reading = true;
  let folding = collect !== null;
  let result: unknown;
  let failure: Failure | null = null;

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
  const next = (value: unknown): void => {
    course.value(value);
    if (collect === null) result = value;
    else values.next(value);
  };
  const over = (reason: Failure | null): void => {
    reading = false;
    failure ??= reason;
    if (failure === null) finish();
    else endFold(null);
  };

  course.streams = true;
  course.stopStream = () => {
    endFold(null);
  };
  if (course.stopped) halt.next();
  else if (collect !== null) fold.add(collectInto(values, collect, (value) => (result = value), endFold));
  if (isObservable(stream)) readObservable(stream, halt, next, over);
  else readIterable(stream, halt, next, over);
}

function collectInto(
  values: Observable<unknown>,
  collect: OperatorFunction<unknown, unknown>,
  next: (value: unknown) => void,
  end: Over,
): Subscription {
  let empty = true;
  return values.pipe(collect).subscribe({
    next: (value) => {
      empty = false;
      next(value);
    },
    error: (error: unknown) => {
      end({ error });
    },
    complete: () => {
      end(empty ? { error: new EmptyError() } : null);
    },
  });
}

function readObservable(stream: Observable<unknown>, halt: Observable<void>, next: (value: unknown) => void, over: Over): void {
  let failure: Failure | null = null;
  // `finalize` stands behind the stream: what it calls comes after the teardown of the stream, also where that is synchronous.
  const ending = finalize<unknown>(() => {
    over(failure);
  });
  from(stream)
    .pipe(takeUntil(halt), ending)
    .subscribe({
      next,
      error: (error: unknown) => {
        failure = { error };
      },
    });
}

function readIterable(stream: AsyncIterable<unknown>, halt: Observable<void>, next: (value: unknown) => void, over: Over): void {
  const iterator = stream[Symbol.asyncIterator]();
  let open = true;
  let pending: Promise<unknown> = Promise.resolve();
  const end = (failure: Failure | null): void => {
    if (!open) return;
    open = false;
    over(failure);
  };
  const pull = (): void => {
    const step = promised(() => iterator.next());
    pending = step;
    step.then(
      ({ done, value }) => {
        if (!open) return;
        if (done === true) end(null);
        else {
          next(value);
          if (open) pull();
        }
      },
      (error: unknown) => {
        end({ error });
      },
    );
  };
  halt.subscribe(() => {
    if (!open) return;
    open = false;
    const closed = (): void => {
      over(null);
    };
    // An iterator that cannot be closed has ended when it has answered what it was asked last.
    (iterator.return === undefined ? pending : close(iterator)).then(closed, closed);
  });
  if (open) pull();
}

const close = (iterator: AsyncIterator<unknown>): Promise<unknown> => promised(() => iterator.return?.());

/** What `fn` throws is a rejection. */
const promised = <T>(fn: () => T | PromiseLike<T>): Promise<T> =>
  new Promise((resolve) => {
    resolve(fn());
  });
