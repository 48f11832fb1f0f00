/** What `when` and `emit` look like, for the names of one coordinator. */
import type { Observable, Subscription } from 'rxjs';
import type { CoordinatorEvent } from './event.ts';
import type { HandlerOptions } from './handlerOptions.ts';
import type { DataOf, EmitName, EventOf, NameData, Names, SelectorOf } from './maps.ts';
import type { AnySchema, DefinedEvent, InputOf } from './schema.ts';

/** A subscription of a handler: `unsubscribe()`, or `using`. */
export type HandlerSubscription = Subscription & Disposable;

/** `when`, for the names of one coordinator. */
export interface When<N extends Names> {
  <const S extends SelectorOf<N>>(selector: S): Observable<EventOf<N, S>>;
  <const S extends SelectorOf<N>>(
    selector: S,
    handler: (data: DataOf<N, S>, event: EventOf<N, S>) => unknown,
    options?: HandlerOptions,
  ): HandlerSubscription;
}

/** What an event may carry besides its data. */
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
export interface Emit<N extends Names> {
  <S extends AnySchema>(event: DefinedEvent<S>, ...payload: Payload<InputOf<S>>): string;
  <const S extends EmitName<N>>(name: S, ...payload: Payload<NameData<N, S>>): string;
}
