import type { Coordinator, CoordinatorOptions } from '../events/Coordinator.ts';
import { createCoordinator } from '../events/createCoordinator.ts';
import { within } from '../events/defaultCoordinator.ts';
import type { Registered } from '../events/maps.ts';

/**
 * Runs a test in a coordinator of its own: bare functions in it mean that one. When the test ends, however it ends, what is
 * still under way is aborted and the coordinator is closed, so that nothing reaches the next test.
 *
 * @param options Those of `createCoordinator`; `context: 'off'` reaches to the first `await` of the test only.
 * @returns What the test returns.
 * @example
 * ```ts
 * it('counts', () => isolated(async () => {
 *   when('tick', count);
 *   emit('tick');
 *   await settled();
 * }));
 * ```
 */
export async function isolated<R>(
  test: (coordinator: Coordinator<Registered>) => R | Promise<R>,
  options: CoordinatorOptions = {},
): Promise<R> {
  const coordinator = createCoordinator(options);
  try {
    return await within(coordinator, () => test(coordinator));
  } finally {
    await coordinator.close({ deadline: 0 });
  }
}
