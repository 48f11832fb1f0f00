import { filter, type OperatorFunction } from 'rxjs';
import type { CoordinatorEvent } from '../lib/events/event.ts';
import type { EventOf, Registered, SelectorOf } from '../lib/events/maps.ts';
import { compile, type Selector } from '../lib/events/patterns.ts';

/**
 * Keeps the events that a selector stands for, with their types: for streams of events that come from elsewhere than
 * `when`, such as a replay, or one stream that is split.
 *
 * ```
 * source                 -a-b-a-c-|
 * ofName('a')            -a---a---|
 * ```
 *
 * Queues nothing and drops what does not match. Completes and fails with the source; unsubscribing unsubscribes it. What a
 * predicate throws is an error of the result.
 *
 * @example One recording, two readers
 * ```ts
 * recorded$.pipe(ofName('researcher_complete'), map(({ data }) => data.result));
 * recorded$.pipe(ofName('*_failed'));
 * ```
 *
 * @param selector As for `when`: a name, a pattern, a handle, a RegExp or a predicate.
 * @throws ConfigError for a selector that means nothing.
 */
export function ofName<const S extends SelectorOf<Registered>>(
  selector: S,
): OperatorFunction<CoordinatorEvent, EventOf<Registered, S>> {
  const compiled = compile(selector as Selector);
  const { accepts } = compiled;
  return filter(
    (event): event is EventOf<Registered, S> & CoordinatorEvent =>
      compiled.matches(event.name) && (accepts === null || accepts(event)),
  );
}
