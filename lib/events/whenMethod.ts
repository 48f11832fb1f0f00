import { expected } from '../internal/options.ts';
import { terms, type HandlerOptions } from './handlerOptions.ts';
import type { DataOf, EventOf, Registered, SelectorOf } from './maps.ts';
import { compile, type Selector } from './patterns.ts';

/** A method that wants to hear of events. */
export interface Mark {
  readonly selector: Selector;
  readonly options: HandlerOptions | undefined;
  readonly handler: (data: never, event: never) => unknown;
}

const marks = new WeakMap<object, Mark[]>();

/** The marked methods of an object, in the order of their declaration, those of its base classes first. */
export function marksOf(instance: object): readonly Mark[] {
  return marks.get(instance) ?? [];
}

/** The type of `when.method`. */
export type WhenMethod = <const S extends SelectorOf<Registered>>(
  selector: S,
  options?: HandlerOptions,
) => <This extends object>(
  method: (this: This, data: DataOf<Registered, S>, event: EventOf<Registered, S>) => unknown,
  context: ClassMethodDecoratorContext<This>,
) => void;

/**
 * Marks a method as a handler of events; `attach(instance)` of a coordinator subscribes it. Marking alone does nothing, so
 * making an instance has no side effect, and one instance can serve several coordinators.
 *
 * A method may carry several marks. One that a subclass overrides is heard in its new form.
 *
 * @throws ConfigError for a selector or option that means nothing, or where it decorates anything but a method.
 * @example
 * ```ts
 * class Desk {
 *   @when.method('researcher_complete', { concurrency: 2 })
 *   async analyse({ result }: { result: string }) { ... }
 * }
 * const attached = coordinator.attach(new Desk());
 * ```
 */
export const whenMethod: WhenMethod = (selector, options) => {
  terms(options, `@when.method(${compile(selector as Selector).label})`);
  return (_method, context) => {
    if ((context as Partial<ClassMethodDecoratorContext> | undefined)?.kind !== 'method') {
      expected('What @when.method decorates', 'a method (of standard decorators)', context);
    }
    context.addInitializer(function () {
      const { access } = context;
      const found = marks.get(this) ?? [];
      marks.set(this, found);
      found.push({
        selector: selector as Selector,
        options,
        // Looked up for each event: what other decorators and subclasses have made of it counts.
        handler: (data, event) => (access.get(this) as Mark['handler']).call(this, data, event),
      });
    });
  };
};
