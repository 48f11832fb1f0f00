import { Observable } from 'rxjs';
import { Call } from './call.ts';
import type { Plan } from './callOptions.ts';
import type { Kernel } from './kernel.ts';

/** A call as a cold Observable: subscribing makes it, unsubscribing cancels it. */
export function observeCall(plan: Plan, kernelOf: () => Kernel, self: unknown, args: unknown[]): Observable<unknown> {
  return new Observable((subscriber) => {
    const kernel = kernelOf();
    const frame = kernel.here();
    // Whoever listens goes on in the context in which it subscribed, not in that of the call.
    const tell = (notify: () => void): void => {
      kernel.run(frame, notify, undefined);
    };
    const call = new Call(plan, kernel, self, args, {
      value: (value) => {
        tell(() => {
          subscriber.next(value);
        });
      },
      resolve: (result, streamed) => {
        tell(() => {
          if (!streamed) subscriber.next(result);
          subscriber.complete();
        });
      },
      reject: (error) => {
        tell(() => {
          subscriber.error(error);
        });
      },
    });
    subscriber.add(() => {
      call.leave();
    });
    call.start();
  });
}
