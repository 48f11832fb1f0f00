import { from, Observable, type ObservableInput } from 'rxjs';
import { isObject, iterate } from '../internal/iterate.ts';
import type { Holder } from './holder.ts';
import { released, type Ticket } from './port.ts';

/** Makes a holder subscribe to its work, whatever RxJS takes for one. Streams first: to look for a `then` that is not there is dear. */
export function follow<T>(holder: Holder<T>, work: ObservableInput<T>, ticket: Ticket): void {
  // Nobody gives a token back, but its work may look at the signal to hear that it is over.
  if (!ticket.core.lease) holder.add(() => ticket.abort(released));
  if (work instanceof Observable) work.subscribe(holder);
  else if (typeof (work as PromiseLike<T> | null)?.then === 'function') waitFor(holder, work as PromiseLike<T>, ticket);
  else if (isObject(work) && Symbol.asyncIterator in work) read(holder, work, ticket);
  else from(work).subscribe(holder);
}

/** An iterator that is left early goes on to its next answer: until then it still writes. */
function read<T>(holder: Holder<T>, iterable: AsyncIterable<T>, ticket: Ticket): void {
  const closing = (end: Promise<unknown>): void => {
    holder.running = true;
    const over = (): void => {
      holder.running = false;
      ticket.core.release(ticket);
    };
    end.then(over, over);
  };
  iterate(iterable, false, closing).subscribe(holder);
}

/**
 * A promise cannot be stopped: when its hold ends before it the signal aborts at once, and the grant goes back only when
 * the promise has settled, because until then it still writes.
 */
function waitFor<T>(holder: Holder<T>, promise: PromiseLike<T>, ticket: Ticket): void {
  holder.running = true;
  const onError = (error: unknown): void => {
    holder.running = false;
    if (holder.closed) ticket.core.release(ticket);
    else holder.error(error);
  };
  try {
    promise.then((value) => {
      holder.running = false;
      if (holder.closed) ticket.core.release(ticket);
      holder.next(value);
      holder.complete();
    }, onError);
  } catch (error) {
    // What is no promise but has a `then` may throw from it.
    onError(error);
  }
}
