/** One holder, and the waiters behind it: the library's side of what `crowd` is for the peers. */
import { NEVER, Observable, of } from 'rxjs';

/** A body that ends while it is being subscribed. */
export const atOnce = of(1);

const done = Promise.resolve();

/** A body that holds the lock over one promise job, as `await null` does. */
export const nextTurn = new Observable((subscriber) => {
  done.then(() => {
    subscriber.next(1);
    subscriber.complete();
  });
});

/** `crowd(waiters, body)`: resolves when every waiter has completed. */
export function crowdOf({ withLock }, gate) {
  return (waiters, body) =>
    new Promise((resolve) => {
      let left = waiters;
      const observer = { complete: () => --left === 0 && resolve() };
      const holder = withLock(gate)(NEVER).subscribe();
      for (let i = 0; i < waiters; i++) withLock(gate)(body).subscribe(observer);
      holder.unsubscribe();
    });
}
