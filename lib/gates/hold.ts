import { isObservable, Observable, type ObservableInput, type ObservedValueOf } from 'rxjs';
import { expected } from '../internal/options.ts';
import { Acquisition } from './acquire.ts';
import { follow } from './follow.ts';
import { holdForeign } from './foreign.ts';
import type { Grant } from './gate.ts';
import { Gated } from './gated.ts';
import type { Holder } from './holder.ts';
import type { Ticket } from './port.ts';

/**
 * Runs work under a grant, and gives the grant back when the work is over, whichever way it ends.
 *
 * ```
 * acquisition   ---g
 * work(g)          --x--y--|
 * result        -----x--y--|
 * ```
 *
 * In this order: the work is torn down, the gate is reserved for the next in the queue, the consumer hears the end, the next
 * one starts. Unsubscribing leaves the queue or stops the work; work that is a promise keeps the gate until it has settled,
 * and its `grant.signal` aborts at once. A lost lease tears the work down and errors with `LeaseLostError`. `retry` goes
 * around `hold`, never inside the acquisition.
 *
 * @param acquisition `acquire(...)`, or any Observable of grants made from some, such as a `race` of two.
 * @param work What to run: an Observable, a promise or any other input of RxJS.
 * @throws ConfigError for what is no Observable or no function.
 * @see {@link run} for the promise face
 * @example Stop asking after five seconds
 * ```ts
 * hold(acquire('customer-db', { timeout: '5s' }), ({ signal }) => fetchPages(signal)).subscribe(show);
 * ```
 */
export function hold<O extends ObservableInput<unknown>>(
  acquisition: Observable<Grant>,
  work: (grant: Grant) => O,
): Observable<ObservedValueOf<O>> {
  if (!isObservable(acquisition))
    expected('What hold() waits for', "an Observable of grants, such as acquire('db')", acquisition);
  if (typeof work !== 'function') expected('The work of hold()', 'a function of the grant', work);
  return acquisition instanceof Acquisition
    ? new Gated(acquisition.request, perform, work as (grant: Grant) => ObservableInput<ObservedValueOf<O>>)
    : new Observable((subscriber) =>
        holdForeign(subscriber, acquisition, work as (grant: Grant) => ObservableInput<ObservedValueOf<O>>),
      );
}

function perform<T>(holder: Holder<T>, ticket: Ticket, run: (grant: Grant) => ObservableInput<T>): void {
  follow(holder, run(ticket), ticket);
}
