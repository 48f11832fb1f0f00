import { EMPTY, type MonoTypeOperatorFunction, type Observable } from 'rxjs';
import { type CallOptions, planOf } from '../lib/events/callOptions.ts';
import { currentKernel } from '../lib/events/defaultCoordinator.ts';
import { observeCall } from '../lib/events/observeCall.ts';

/**
 * Makes each subscription of the source a call of an agent: with its events, its gates, its timeout and its retries.
 *
 * ```
 * source         ----a--b--|
 * lock           .....[          ]        waits, then holds while the source runs
 * result         ---------a--b--|
 * events         -----name_started-name_complete
 * ```
 *
 * Nothing is dropped, and nothing is queued but the subscription itself, which waits for its gates before it subscribes to
 * the source. The result completes or errors when the source does and the gates are back. Unsubscribing leaves the queue, or
 * unsubscribes the source and then gives the gates back; it is `{name}_cancelled`. With `retry` the source is subscribed to
 * again, under the same call. The `result` of `{name}_complete` is the last value, or what `collect` made of all.
 *
 * Acts for the coordinator of the code that subscribes, else for the default one.
 *
 * @example An agent that streams, one at a time
 * ```ts
 * chat$(prompt).pipe(coordinated('writer', { lock: 'openai_api', collect: toArray() })).subscribe(show);
 * ```
 *
 * @param options Those of `coordinate`. Functions among them (`lock`, `limits`, `signal`) get no arguments.
 * @throws ConfigError for an option that is unknown or out of range.
 */
export function coordinated<T>(
  name: string,
  options: CallOptions<() => Observable<T>> = {},
): MonoTypeOperatorFunction<T> {
  const plan = planOf(name, options, () => EMPTY);
  return (source) => observeCall({ ...plan, fn: () => source }, currentKernel, undefined, []) as Observable<T>;
}
