import { currentKernel } from './defaultCoordinator.ts';

/**
 * Resolves when nothing is under way at the coordinator of the running code, else at the default one: every handler, with its
 * retries, every call, and every release that is on its way to a backend. It does not wait for what bare subscriptions do.
 *
 * @throws SettledInsideError (rejects) inside a handler or call, which it would wait for.
 * @example
 * ```ts
 * emit('data_ready', { dataset });
 * await settled();   // every handler, and whatever they have started, is done
 * ```
 */
export function settled(): Promise<void> {
  return currentKernel().settled();
}
