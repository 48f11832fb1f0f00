/** What calls and handlers need from their coordinator, and nothing that users see. */
import type { Subscription } from 'rxjs';
import type { CoordinationError } from '../errors.ts';
import type { GateHost } from '../gates/host.ts';
import type { Frame } from '../internal/context.ts';
import type { Clock } from '../internal/env.ts';
import type { CoordinatorEvent } from './event.ts';
import type { HandlerOptions } from './handlerOptions.ts';
import type { Selector } from './patterns.ts';

export interface PublishOptions {
  readonly sender?: string;
  readonly runId?: string;
  /** Default: that of the cause, or the id of the cause if it has none. */
  readonly correlationId?: string;
  /** The event that led to this one; default: the one of the current frame; `null`: none. */
  readonly cause?: CoordinatorEvent | null;
  readonly traceparent?: string;
}

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
  publish(name: string, data: unknown, options?: PublishOptions): string;
  /** Whether anybody would receive an event of this name now: costly payloads are built only then. */
  wanted(name: string): boolean;
  /** A new id, in the form of event ids; it takes no `seq`. */
  id(): string;
  begin(work: Work): void;
  /** Idempotent. */
  end(work: Work): void;
  /** Errors that have no other receiver: to the logger and `onError`. Never throws. */
  report(error: unknown, what: string): void;
  /** The frame of a new call or handler below `parent`. */
  frame(parent: Frame | null, part: Partial<Frame>): Frame;
  /** The frame that the running code belongs to. With `context: 'off'` it is known in synchronous code only. */
  here(): Frame | null;
  /** Calls `fn(argument)` as the work of `frame`, tracked or not, as this coordinator was told. */
  run<A, R>(frame: Frame | null, fn: (argument: A) => R, argument: A): R;
  /** `when` with a handler, without its types: for decorators. */
  handle(selector: Selector, handler: (data: never, event: never) => unknown, options?: HandlerOptions): Subscription;
}
