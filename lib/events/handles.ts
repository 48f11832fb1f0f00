/** The types of coordinated functions: what a function becomes, and the handles that it gets. */
import type { Observable } from 'rxjs';
import type { Cancelled, Completed, EventHandle, Failed, Started } from './event.ts';

/** Any function at all. */
export type AnyFunction = (...args: never[]) => unknown;

/** What counts as a stream when a function returns it, or a promise of it. */
export type StreamLike<T = unknown> = Observable<T> | AsyncIterable<T>;

/** Whether a function of this return type counts as the stream that it returns. */
type IsStream<R> = [Awaited<R>] extends [never] ? false : [Awaited<R>] extends [StreamLike] ? true : false;

/** What `.observe` of such a function emits: the values of its stream, else its result. */
export type ValueOf<F extends AnyFunction> =
  IsStream<ReturnType<F>> extends true
    ? Awaited<ReturnType<F>> extends StreamLike<infer T>
      ? T
      : never
    : Awaited<ReturnType<F>>;

/** What a call of it results in: the last value of a stream (`undefined` if it was empty) or what `collect` made of it. */
export type ResultOf<F extends AnyFunction, Collected = never> =
  IsStream<ReturnType<F>> extends true
    ? [Collected] extends [never]
      ? ValueOf<F> | undefined
      : Collected
    : ValueOf<F>;

/** A function that returns plain promises stays itself, generics and overloads included; any other becomes asynchronous. */
type Face<F extends AnyFunction, Collected> =
  IsStream<ReturnType<F>> extends true
    ? Asynchronous<F, ResultOf<F, Collected>>
    : [ReturnType<F>] extends [PromiseLike<unknown>]
      ? [Promise<Awaited<ReturnType<F>>>] extends [ReturnType<F>]
        ? F
        : Asynchronous<F, ResultOf<F>>
      : Asynchronous<F, ResultOf<F>>;

type Asynchronous<F extends AnyFunction, Result> = (
  this: ThisParameterType<F>,
  ...args: Parameters<F>
) => Promise<Result>;

/** What a coordinated function has besides being called. */
export interface Handles<Args extends readonly unknown[] = readonly unknown[], Value = unknown, Result = Value> {
  /** `{name}_started`. */
  readonly started: EventHandle<Started<Args>>;
  /** `{name}_complete`. */
  readonly complete: EventHandle<Completed<Result>>;
  /** `{name}_failed`. */
  readonly failed: EventHandle<Failed>;
  /** `{name}_cancelled`. */
  readonly cancelled: EventHandle<Cancelled>;
  /**
   * The call as a cold Observable: each subscription is a call of its own, unsubscribing cancels it. Emits the values of
   * the stream that the function returns, or else its one result.
   */
  observe(...args: Args): Observable<Value>;
}

/** What `coordinate` makes of a function of type `F`. */
export type Coordinated<F extends AnyFunction, Collected = never> = Face<F, Collected> &
  Handles<Parameters<F>, ValueOf<F>, ResultOf<F, Collected>>;
