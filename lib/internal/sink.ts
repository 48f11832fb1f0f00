import type { Observer } from 'rxjs';
import { reportUnhandled } from './env.ts';

/** The end of a chain: what a user passed to `subscribe`, kept to RxJS's contract without the cost of its SafeSubscriber. */
export type Sink<T> = Pick<Observer<T>, 'next' | 'error' | 'complete'>;

class FunctionSink<T> implements Sink<T> {
  readonly onNext: ((value: T) => void) | null | undefined;
  readonly onError: ((error: unknown) => void) | null | undefined;
  readonly onComplete: (() => void) | null | undefined;

  constructor(
    next: ((value: T) => void) | null | undefined,
    error: ((error: unknown) => void) | null | undefined,
    complete: (() => void) | null | undefined,
  ) {
    this.onNext = next;
    this.onError = error;
    this.onComplete = complete;
  }

  next(value: T): void {
    if (!this.onNext) return;
    try {
      this.onNext(value);
    } catch (error) {
      reportUnhandled(error);
    }
  }

  error(reason: unknown): void {
    if (!this.onError) {
      reportUnhandled(reason);
      return;
    }
    try {
      this.onError(reason);
    } catch (error) {
      reportUnhandled(error);
    }
  }

  complete(): void {
    if (!this.onComplete) return;
    try {
      this.onComplete();
    } catch (error) {
      reportUnhandled(error);
    }
  }
}

class ObserverSink<T> implements Sink<T> {
  readonly observer: Partial<Observer<T>>;

  constructor(observer: Partial<Observer<T>>) {
    this.observer = observer;
  }

  next(value: T): void {
    const { observer } = this;
    if (!observer.next) return;
    try {
      observer.next(value);
    } catch (error) {
      reportUnhandled(error);
    }
  }

  error(reason: unknown): void {
    const { observer } = this;
    if (!observer.error) {
      reportUnhandled(reason);
      return;
    }
    try {
      observer.error(reason);
    } catch (error) {
      reportUnhandled(error);
    }
  }

  complete(): void {
    const { observer } = this;
    if (!observer.complete) return;
    try {
      observer.complete();
    } catch (error) {
      reportUnhandled(error);
    }
  }
}

/** Whoever passed nothing. */
const deaf: Sink<unknown> = /* @__PURE__ */ new FunctionSink<unknown>(undefined, undefined, undefined);

/** What `subscribe` was given, as a sink: what handlers throw is reported on another job and harms nobody. */
export function sinkOf<T>(
  observer: Partial<Observer<T>> | ((value: T) => void) | null | undefined,
  error?: ((error: unknown) => void) | null,
  complete?: (() => void) | null,
): Sink<T> {
  return typeof observer === 'function'
    ? new FunctionSink(observer, error, complete)
    : observerSink(observer, error, complete);
}

function observerSink<T>(
  observer: Partial<Observer<T>> | null | undefined,
  error: ((error: unknown) => void) | null | undefined,
  complete: (() => void) | null | undefined,
): Sink<T> {
  if (observer) return new ObserverSink(observer);
  return !error && !complete ? deaf : new FunctionSink<T>(undefined, error, complete);
}
