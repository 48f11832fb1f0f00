import type { DeadLetters } from './deadLetter.ts';
import { currentKernel } from './defaultCoordinator.ts';

/**
 * The events that handlers gave up on, with and without `retry`, at the coordinator of the running code, else at the default
 * one: to be looked at, replayed into that handler, or discarded. The last 1,000 are kept, see the option `deadLetters`; with a
 * log they outlive the process.
 *
 * The failure itself is reported as ever: `rxbaton.handler_failed`, `onError`.
 *
 * @example When the API is up again
 * ```ts
 * for (const { id, event, handler, error } of await deadLetters().list()) console.log(id, handler, event.name, error.message);
 * await deadLetters().replay('all');    // { handled: 12, failed: 0, left: 0 }
 * ```
 */
export const deadLetters = (): DeadLetters => currentKernel().deadLetters;
