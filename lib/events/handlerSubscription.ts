import { Subscription } from 'rxjs';
import type { HandlerSubscription } from './signatures.ts';

function dispose(this: Subscription): void {
  this.unsubscribe();
}

/** A subscription that `using` ends too. */
export function disposable(teardown: () => void): HandlerSubscription {
  return Object.assign(new Subscription(teardown), { [Symbol.dispose]: dispose });
}

/** Ends the subscription when the signal aborts, and leaves nothing on the signal when it ends earlier. */
export function endWith(subscription: Subscription, signal: AbortSignal): void {
  const end = (): void => {
    subscription.unsubscribe();
  };
  signal.addEventListener('abort', end);
  subscription.add(() => {
    signal.removeEventListener('abort', end);
  });
  if (signal.aborted) end();
}
