/** What calls and handlers need from their coordinator, and nothing that users see. */
import type { Subscription } from 'rxjs';
import type { CoordinationError } from '../errors.ts';
import type { GateHost } from '../gates/host.ts';
import type { Frame } from '../internal/context.ts';
import type { Clock } from '../internal/env.ts';
import type { DeadLetterStore } from './deadLetter.ts';
import type { CoordinatorEvent } from './event.ts';
import type { Tap } from './EventBus.ts';
import type { HandlerOptions } from './handlerOptions.ts';
import type { Compiled, Selector } from './patterns.ts';
import type { AnySchema } from './schema.ts';
import type { EmitOptions } from './signatures.ts';

/** A function that gets the data and the event; what it returns may be a promise or a stream, and is waited for. */
export type Handler = (data: never, event: never) => unknown;

/** What a frame has as its `call`. */
export interface RunningCall {
  readonly runId: string;
}

/** The places of a piece of work among those that are under way; `null` when it is none of them. Private to `Works`. */
export interface Links {
  before: Links | null;
  after: Links | null;
}

/** A piece of work that `settled()` and `close()` wait for: one call, or one event in the hands of one handler. */
export interface Work extends Links {
  /** How the report of `close` calls it. */
  readonly name: string;
  /** The deadline of `close` is over: reject who waits for it, stop what can be stopped, and `end`. Must not throw. */
  abort(reason: CoordinationError): void;
}

export interface Kernel {
  readonly gates: GateHost;
  readonly clock: Clock & { wall(): number };
  /** Numbers in [0, 1), for jitter. */
  readonly random: () => number;
  /** Above calls that nothing else is above: what they leave behind finds its coordinator there when they have ended. */
  readonly home: Frame;
  /** Whether frames follow promises (`context: 'on'`). */
  readonly tracks: boolean;
  /** `close` was called. */
  readonly closed: boolean;
  /**
   * Asks for entry of new work from outside. While `close` drains, work may still start work of its own.
   *
   * @throws ClosedError
   */
  admit(what: string): void;
  /** Emits what the library itself has to say. What is `spared` in the data belongs to the user and is never frozen. */
  publish(name: string, data: unknown, options?: EmitOptions, spared?: readonly unknown[]): string;
  /**
   * Delivers an event of a recording as it is; no log keeps it again. Later events have later numbers and times.
   *
   * @throws ClosedError
   */
  inject(event: CoordinatorEvent): void;
  /** Whether anybody would receive an event of this name now: costly payloads are built only then. */
  wanted(name: string): boolean;
  /** A new id, in the form of event ids; it takes no `seq`. */
  id(): string;
  /**
   * Pins the schema of the events of a name.
   *
   * @throws SpecConflictError when it has another one.
   */
  pin(name: string, schema: AnySchema): void;
  /** Where the letters of its handlers are kept, for logs: `keepIn` returns what ends it. */
  readonly deadLetters: { readonly limit: number; keepIn(store: DeadLetterStore): () => void };
  begin(work: Work): void;
  /** Idempotent. */
  end(work: Work): void;
  /** To the logger and `onError`. Never throws. `received`: somebody else has heard of it, so that it need not be thrown. */
  report(error: unknown, what: string, received?: boolean): void;
  /** Somebody heard of this failure as a `{name}_failed`: a handler that passes it on tells nothing new. */
  heard(error: unknown): void;
  /** The frame of a new call or handler below `parent`. */
  frame(parent: Frame | null, part: Partial<Frame>): Frame;
  /** The frame that the running code belongs to. With `context: 'off'` it is known in synchronous code only. */
  here(): Frame | null;
  /** Calls `fn(argument)` as the work of `frame`, tracked or not, as this coordinator was told. */
  run<A, R>(frame: Frame | null, fn: (argument: A) => R, argument: A): R;
  /** Lets `tap` take events down until it is unsubscribed or the coordinator is closed. */
  tap(selector: Compiled, tap: Tap): Subscription;
  /** `when` with a handler, without its types: for decorators. */
  handle(selector: Selector, handler: Handler, options?: HandlerOptions): Subscription;
}
