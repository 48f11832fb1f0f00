import { currentKernel } from './defaultCoordinator.ts';
import type { CoordinatorEvent } from './event.ts';
import type { EmitName, NameData, Names, Registered } from './maps.ts';

export interface EmitOptions {
  /** Who says so: free text. */
  readonly sender?: string;
  /** The event that led to this one. Default: the one that the running code handles; `null`: none. */
  readonly cause?: CoordinatorEvent | null;
  /** The call that it belongs to. Default: the one that runs. */
  readonly runId?: string;
  /** Default: that of the cause, or the id of the cause if it has none. */
  readonly correlationId?: string;
  /** A W3C trace context to carry along. */
  readonly traceparent?: string;
}

/** Data may be left out where it may be undefined. */
type Payload<Data> = undefined extends Data
  ? [data?: Data, options?: EmitOptions]
  : [data: Data, options?: EmitOptions];

/** `emit`, for the names of one coordinator. */
export type Emit<N extends Names> = <const S extends EmitName<N>>(
  name: S,
  ...payload: Payload<NameData<N, S>>
) => string;

/**
 * Says that something happened, to everybody who listens at the coordinator of the running code, else at the default one.
 *
 * Outside a handler it returns when every handler was called. Inside one it returns at once, and the event follows when the
 * current one has reached everybody, so that all see one same order. It waits for nobody: `settled()` does.
 *
 * @returns The `id` of the event, also if nobody listens.
 * @throws ConfigError for a name that is empty, contains `*` or begins with `rxbaton.`. ClosedError after `close`.
 * @example
 * ```ts
 * const id = emit('data_ready', { dataset }, { sender: 'collector' });
 * ```
 */
export const emit: Emit<Registered> = (name: string, data?: unknown, options?: EmitOptions) =>
  currentKernel().emit(name, data, options);
