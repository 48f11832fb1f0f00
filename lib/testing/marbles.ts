import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import type { Coordinator } from '../events/Coordinator.ts';
import { createCoordinator } from '../events/createCoordinator.ts';
import { within } from '../events/defaultCoordinator.ts';
import type { Clock } from '../internal/env.ts';
import { knownOptions } from '../internal/options.ts';
import { assertSameMarbles } from './assertSameMarbles.ts';

/** What a body of `marbles` works with: the helpers of RxJS, and ours. */
export interface MarblesHelpers extends RunHelpers {
  /** The time of the diagram: one character is one millisecond. */
  readonly clock: Clock;
  /** What bare functions, names and descriptions mean in the body. Its clock is that of the diagram. */
  readonly coordinator: Coordinator;
}

export interface MarblesOptions {
  /** Throws when the two differ. Default: by structure, with a list of what came and what should have come. */
  readonly assertDeepEqual?: (actual: unknown, expected: unknown) => void;
}

/**
 * Makes the body of a test that is written in marble diagrams and runs in virtual time, for any test runner.
 *
 * Everything that the body subscribes to lives in the time of RxJS's `TestScheduler`: timers, gates, handlers. Promises do
 * not: what goes through one comes too late for the diagram, which is why a body that returns a promise is refused. For
 * those there is `isolated`. Bare functions, names and descriptions mean a coordinator of the body's own.
 *
 * @param options `assertDeepEqual`, to have the differences shown by your test runner.
 * @throws ConfigError for an unknown option.
 * @example A test that needs no waiting
 * ```ts
 * it('waits a minute', marbles(({ cold, expectObservable }) => {
 *   expectObservable(cold('  a|').pipe(delay(60_000))).toBe('60s a|');
 * }));
 * ```
 * @see {@link isolated} for code that awaits promises
 */
export function marbles(body: (helpers: MarblesHelpers) => void, options: MarblesOptions = {}): () => void {
  knownOptions('marbles', options, ['assertDeepEqual']);
  const { assertDeepEqual = assertSameMarbles } = options;

  return () => {
    const scheduler = new TestScheduler((actual, expected) => {
      assertDeepEqual(actual, expected);
    });
    const coordinator = createCoordinator({ clock: scheduler });
    const test = (helpers: RunHelpers): void => {
      const run: (helpers: MarblesHelpers) => unknown = body;
      const result = run({ ...helpers, clock: scheduler, coordinator });
      if (result instanceof Promise) throw new Error('A marble test cannot wait for promises: use isolated().');
    };
    within(coordinator, () => scheduler.run(test));
  };
}
