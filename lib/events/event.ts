/** What an event is, and what the events about calls carry. */

/** One thing that happened. */
export interface CoordinatorEvent<Name extends string = string, Data = unknown> {
  /** A ULID: sorts by time, then by order. */
  readonly id: string;
  /** 1, 2, 3 ... within one coordinator. Events that nobody wanted took a number too. */
  readonly seq: number;
  readonly name: Name;
  readonly data: Data;
  /** Milliseconds since 1970. Never goes back within one coordinator, even if the calendar of the host does. */
  readonly timestamp: number;
  readonly sender?: string;
  /** The call that it belongs to. */
  readonly runId?: string;
  /** The `id` of the event at the start of this chain of causes. */
  readonly correlationId?: string;
  /** The `id` of the event that led to this one. */
  readonly causationId?: string;
  /** The W3C trace context of whoever emitted it. */
  readonly traceparent?: string;
}

/** A name of an event that knows the type of its data: `research.complete`. */
export interface EventHandle<Data = unknown> {
  readonly event: string;
  /** Only there for the compiler. */
  readonly '~data'?: Data;
}

/** An error as data: it survives JSON and other processes. */
export interface ErrorData {
  readonly name: string;
  readonly message: string;
  /** Empty if what was thrown is no Error. */
  readonly stack: string;
  readonly cause?: ErrorData;
  readonly code?: string | number;
}

/** `{name}_started`: the function begins, its gates are held. */
export interface Started<Args extends readonly unknown[] = readonly unknown[]> {
  readonly args: Args;
  readonly timestamp: number;
}

interface Ended {
  readonly timestamp: number;
  /** Milliseconds from the beginning of the first attempt. */
  readonly duration: number;
  /** Milliseconds in the queues of gates. */
  readonly waited: number;
}

/** `{name}_complete`. */
export interface Completed<Result = unknown> extends Ended {
  readonly result: Result;
}

/** `{name}_failed`. */
export interface Failed extends Ended {
  readonly error: ErrorData;
}

/** `{name}_cancelled`: aborted, timed out of its owner's patience, or unsubscribed. */
export interface Cancelled extends Ended {
  readonly reason: ErrorData;
}

/** `{name}_retrying`: an attempt failed, another one follows. */
export interface Retrying {
  readonly error: ErrorData;
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  /** Milliseconds until the next one. */
  readonly delay: number;
  readonly timestamp: number;
}

/** `{name}_abandoned`: work that was told to stop goes on, and its gates went back all the same. */
export interface Abandoned {
  /** Why it was told to stop. */
  readonly error: ErrorData;
  /** Which attempt it is, from 1. */
  readonly attempt: number;
  readonly timestamp: number;
}
