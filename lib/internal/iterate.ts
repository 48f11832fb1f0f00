import { Observable } from 'rxjs';
import { show } from './options.ts';

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The values of an iterator, one asked for after the other; `closing` gets the end of one that was left early or `unread`. */
export function iterate<T>(
  stream: AsyncIterable<T>,
  unread: boolean,
  closing: (end: Promise<unknown>) => void,
): Observable<T> {
  return new Observable((subscriber) => {
    const iterator = stream[Symbol.asyncIterator]();
    let ended = false;
    let pending: Promise<unknown> = Promise.resolve();
    const broken = (error: unknown): void => {
      ended = true;
      subscriber.error(error);
    };
    const pull = (): void => {
      const step = promised(() => iterator.next());
      pending = step;
      step.then((answer) => {
        if (!isObject(answer)) {
          broken(new TypeError(`An iterator answered ${show(answer)} instead of { done, value }.`));
          return;
        }
        ended = answer.done === true;
        if (ended) subscriber.complete();
        else subscriber.next(answer.value as T);
        if (!subscriber.closed) pull();
      }, broken);
    };
    if (unread) subscriber.complete();
    else pull();
    return () => {
      // One that cannot be closed has ended when it has answered what it was asked last.
      if (!ended) closing(iterator.return === undefined ? pending : promised(() => iterator.return?.()));
    };
  });
}

/** What `fn` throws is a rejection. */
const promised = <T>(fn: () => T | PromiseLike<T>): Promise<T> =>
  new Promise((resolve) => {
    resolve(fn());
  });
