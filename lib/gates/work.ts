import { from, Observable, type ObservableInput } from 'rxjs';
import type { Grant } from './gate.ts';
import { Holder } from './holder.ts';
import { released, type Ticket } from './port.ts';

const isPromise = (input: unknown): input is PromiseLike<unknown> =>
  typeof (input as PromiseLike<unknown> | null)?.then === 'function';

/**
 * A hold whose work is what a function returns. A promise cannot be stopped: when its hold is unsubscribed the signal aborts
 * at once, and the grant goes back only when the promise has settled, because until then it still writes.
 */
export abstract class Work<T> extends Holder<T> {
  private running = false;

  protected abstract project(grant: Grant): ObservableInput<T>;

  protected override work(ticket: Ticket): void {
    const input = this.project(ticket);
    // Streams first: to look for a `then` that is not there is dear.
    if (input instanceof Observable) input.subscribe(this);
    else if (isPromise(input)) this.follow(input as PromiseLike<T>, ticket);
    else from(input).subscribe(this);
  }

  private follow(promise: PromiseLike<T>, ticket: Ticket): void {
    this.running = true;
    promise.then(
      (value) => {
        this.running = false;
        if (this.closed) ticket.core.release(ticket);
        this.next(value);
        this.complete();
      },
      (error: unknown) => {
        this.running = false;
        if (this.closed) ticket.core.release(ticket);
        else this.error(error);
      },
    );
  }

  override get over(): boolean {
    return super.over && !this.running;
  }

  protected override giveBack(ticket: Ticket): void {
    if (this.running) ticket.abort(released);
    else ticket.core.release(ticket);
  }
}
