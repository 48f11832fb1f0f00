import { currentKernel } from './defaultCoordinator.ts';

/**
 * Resolves when nothing is under way at the coordinator of the running code, else at the default one: every handler, with its
 * retries, every call, and every release that is on its way to a backend. It does not wait for what bare subscriptions do, nor
 * for bare `run`, `hold` and `enter`: await those yourself, or make them a coordinated call.
 *
 * @throws SettledInsideError (rejects) inside a handler or call, which it would wait for. What a handler has left behind
 * (a timer, say) may call it as soon as all handlers of its event have ended. ConfigError for any argument.
 * @example
 * ```ts
 * emit('data_ready', { dataset });
 * await settled();   // every handler, and whatever they have started, is done
 * ```
 */
export const settled: () => Promise<void> = (...given: readonly unknown[]) => currentKernel().settled(...given);
