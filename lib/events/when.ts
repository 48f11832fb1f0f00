import { Observable } from 'rxjs';
import { currentKernel } from './defaultCoordinator.ts';
import { withHandler, type HandlerOptions } from './handlerOptions.ts';
import type { Registered } from './maps.ts';
import type { Selector } from './patterns.ts';
import type { When } from './signatures.ts';
import { whenMethod, type WhenMethod } from './whenMethod.ts';

/** `when`, and `@when.method` for the methods of classes. */
export interface BareWhen extends When<Registered> {
  readonly method: WhenMethod;
}

/**
 * Listens to events, of the coordinator of the running code, else of the default one.
 *
 * With a handler: calls `handler(data, event)` for each event from now on, and waits for what it returns (a promise, an
 * Observable) where `settled()`, `concurrency`, `timeout` or `retry` ask for it. Handlers start in the order of their
 * registration and of the events. One that fails harms nobody: the failure becomes `rxbaton.handler_failed`, and goes to
 * `onError`. Queues without bound only with `concurrency`; bound that with `maxQueue`. Ends when unsubscribed, after one
 * event with `once`, when `signal` aborts, and when the coordinator closes.
 *
 * Without one: an Observable of the events, hot, that completes when the coordinator closes. `settled()` does not wait for
 * what its subscribers do, and what they throw is RxJS's to report.
 *
 * ```
 * emit             -a--b--c---------
 * concurrency: 1   -[a  ][b  ][c  ]-     b and c wait in the queue of this handler
 * ```
 *
 * @example By handle, by name, by pattern, and as a stream
 * ```ts
 * when(research.complete, ({ result }) => analyse(result));
 * when('data_ready', async ({ dataset }) => store(dataset), { concurrency: 4, retry: 3 });
 * when('*_failed', (data, event) => alert(event.name, data.error));
 * when('data_ready').pipe(debounceTime(100)).subscribe(refresh);
 * ```
 *
 * @param selector A name; a pattern in which `*` stands for any text; a handle; a RegExp; or a predicate on the event.
 * @throws ConfigError for a selector or option that means nothing, and for options without a handler. ClosedError after `close`.
 */
export const when: BareWhen = /*@__PURE__*/ Object.assign(bareWhen as When<Registered>, { method: whenMethod });

function bareWhen(
  selector: Selector,
  handler?: (data: never, event: never) => unknown,
  options?: HandlerOptions,
): unknown {
  if (withHandler(handler, options)) return currentKernel().handle(selector, handler, options);
  // Resolved when subscribed: a module may say what it will listen to before anybody has configured anything.
  return new Observable((subscriber) => currentKernel().events(selector).subscribe(subscriber));
}
