import { frameHere } from '../internal/scope.ts';
import { kernelOf } from './defaultCoordinator.ts';
import type { EventHandle } from './event.ts';
import type { Registered } from './maps.ts';
import type { Emit, EmitOptions } from './signatures.ts';

/**
 * Says that something happened, to everybody who listens at the coordinator of the running code, else at the default one.
 *
 * Outside a handler it returns when every handler was called. Inside one it returns at once, and the event follows when the
 * current one has reached everybody, so that all see one same order. It waits for nobody: `settled()` does.
 *
 * @returns The `id` of the event, also if nobody listens.
 * @throws ConfigError for a name that is empty, contains `*` or begins with `rxbaton.`. SchemaError for data that breaks the
 * schema that `define` gave to the name; nothing was emitted. ClosedError after `close`.
 * @example
 * ```ts
 * const id = emit('data_ready', { dataset }, { sender: 'collector' });
 * ```
 */
export const emit: Emit<Registered> = (event: string | EventHandle, data?: unknown, options?: EmitOptions) => {
  const frame = frameHere();
  return kernelOf(frame).emitIn(frame, event, data, options);
};
