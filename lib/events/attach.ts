import { Subscription } from 'rxjs';
import { ConfigError } from '../errors.ts';
import { show } from '../internal/options.ts';
import type { Kernel } from './kernel.ts';
import { marksOf } from './whenMethod.ts';

/**
 * Subscribes the methods of an object that `@when.method` has marked. Unsubscribing ends all of them.
 *
 * @throws ConfigError when it has none. ClosedError after `close`.
 */
export function attach(kernel: Pick<Kernel, 'handle'>, instance: object): Subscription {
  const marks = marksOf(instance);
  if (marks.length === 0) {
    throw new ConfigError(`Nothing to attach: no method of ${nameOf(instance)} is marked with @when.method.`, {
      hint: 'Give an instance, not its class, of a class with marked methods.',
    });
  }
  const attached = new Subscription();
  for (const { selector, handler, options } of marks) attached.add(kernel.handle(selector, handler, options));
  return attached;
}

function nameOf(instance: unknown): string {
  if (typeof instance === 'function') return `the class ${instance.name}`;
  if (typeof instance !== 'object' || instance === null) return show(instance);
  return `this ${instance.constructor.name}`;
}
