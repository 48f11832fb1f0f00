import { type Frame, runIn } from '../internal/context.ts';
import { frameHere } from '../internal/scope.ts';
import { hostOf } from './host.ts';

/**
 * Runs a function as work that nobody above awaits: what it waits for never counts as held by its caller.
 *
 * The deadlock detector takes nested work to be awaited. Work that you start and do not await says so here.
 *
 * @example Refresh the cache some time later, under the same lock
 * ```ts
 * await run('cache', async () => { detached(() => run('cache', refresh)); });
 * ```
 */
export function detached<T>(work: () => T): T {
  const parent = frameHere();
  if (!hostOf(parent).tracks) return work();
  const frame: Frame = { parent, coordinator: null, cause: null, call: null, root: true, ticket: null, over: false };
  return runIn(frame, work);
}
