import { type Coordinate, coordinateWith } from './coordinateWith.ts';
import { currentKernel } from './defaultCoordinator.ts';

/**
 * Makes the calls of a function events, and gives them gates, timeouts, retries and a way to be cancelled. Each call finds
 * the coordinator of the code that makes it, else the default one.
 *
 * ```
 * research('AI')    waits for its gates   runs             gates back
 * events            ---------------------researcher_started------------researcher_complete
 * observe           --------------------------------x---y-----------|
 * ```
 *
 * An async function stays itself, generics and overloads included; a synchronous one becomes asynchronous. A function that
 * returns an Observable or an AsyncIterable, or a promise of one, counts as that stream: its gates are held until the stream
 * ends, `.observe` emits its values, and the promise brings the last one, or what `collect` made of them.
 *
 * **Events.** `{name}_started { args }` once the gates are held and the function is about to be called, and exactly one of
 * `_complete { result }`, `_failed { error }` and `_cancelled { reason }`, with `duration` and `waited`, once the gates are
 * back: whoever is woken by it can have them. A call that ends before it began (refused, or cancelled in the queue) has the
 * second without the first. `_retrying` stands between two attempts. Whatever goes wrong with an event, the call goes on.
 *
 * **Queues.** Calls wait for their gates without bound, in the order in which they asked; `acquireTimeout` bounds the wait.
 *
 * **Cancelling** (the `signal` aborts, or `.observe` is unsubscribed) rejects the caller at once and aborts
 * `currentCall().signal`; so does `timeout`. An Observable is unsubscribed. A promise cannot be stopped: its gates stay held
 * until it has settled, since until then it still writes, unless `abandonAfter` says otherwise.
 *
 * Without a function it is a decorator of methods that return promises (standard decorators, no compiler flag).
 *
 * @example One customer at a time, and the next agent in the chain
 * ```ts
 * const update = coordinate('updater', { lock: (id) => mutex(`customer:${id}`), retry: 3 }, async (id: string) => save(id));
 * when(update.complete, ({ result, duration }) => log(result, duration));
 * await update('4711');
 * ```
 *
 * @param name What its events are called after.
 * @throws ConfigError for an option that is unknown or out of range. What goes wrong with a call rejects its promise:
 * the error of the function, or `AbortedError`, `CallTimeoutError`, `AcquireTimeoutError`, `BusyError`, `DeadlockError`,
 * `LeaseLostError`, `ClosedError`.
 */
export const coordinate: Coordinate = /*@__PURE__*/ coordinateWith(currentKernel);
