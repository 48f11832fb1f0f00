import { type Frame, nearest } from '../internal/context.ts';
import { deepFreeze } from '../internal/deepFreeze.ts';
import { expected, knownOptions } from '../internal/options.ts';
import type { CoordinatorEvent } from './event.ts';
import { ulids, ulidSeed } from './ids.ts';
import type { RunningCall } from './kernel.ts';
import type { EmitOptions } from './signatures.ts';

type Draft = { -readonly [K in keyof CoordinatorEvent]: CoordinatorEvent[K] };

/** @throws ConfigError */
export function checkEmitOptions(owner: string, options: EmitOptions): void {
  knownOptions(owner, options, ['sender', 'cause', 'runId', 'correlationId', 'traceparent']);
  for (const option of ['sender', 'runId', 'correlationId', 'traceparent'] as const) {
    const value = options[option];
    if (value !== undefined && typeof value !== 'string') expected(`${owner}.${option}`, 'a text', value);
  }
  const { cause } = options;
  if (cause !== undefined && cause !== null && typeof (cause as Partial<CoordinatorEvent>).id !== 'string')
    expected(`${owner}.cause`, 'an event, as handlers get it, or null', cause);
}

/** Numbers, dates and wraps the events of one coordinator. */
export class Envelopes {
  readonly #clock: { wall(): number };
  readonly #freeze: boolean;
  readonly #idOfEvent: (timestamp: number, seq: number) => string;
  /** Ids of calls count apart, so that `seq` has no gaps; a seed of their own keeps them different. */
  readonly #idOfCall: (timestamp: number, seq: number) => string;
  #events = 0;
  #calls = 0;
  #latest = 0;

  constructor(clock: { wall(): number }, random: () => number, freeze: boolean) {
    this.#clock = clock;
    this.#freeze = freeze;
    this.#idOfEvent = ulids(ulidSeed(random));
    this.#idOfCall = ulids(ulidSeed(random));
  }

  /** The moment, never before an earlier one: ids and timestamps of one coordinator sort alike. */
  #now(): number {
    const now = this.#clock.wall();
    if (now > this.#latest) this.#latest = now;
    return this.#latest;
  }

  callId(): string {
    return this.#idOfCall(this.#now(), ++this.#calls);
  }

  /** Takes the next number and returns the id that belongs to it. An event that nobody wants ends here. */
  next(): string {
    return this.#idOfEvent(this.#now(), ++this.#events);
  }

  /**
   * An event from elsewhere: what comes next has a later number and no earlier time.
   *
   * @throws ConfigError when it is none: one wrong number would spoil those of all events to come.
   */
  adopt(event: CoordinatorEvent): void {
    const { name, id, seq, timestamp } = event;
    if (typeof name !== 'string' || typeof id !== 'string' || !Number.isSafeInteger(seq) || !Number.isFinite(timestamp))
      expected('What replay() hands to a coordinator', 'an event with its name, id, seq and timestamp', event);
    this.#events = Math.max(this.#events, event.seq);
    this.#latest = Math.max(this.#latest, event.timestamp);
    if (this.#freeze) deepFreeze(event);
  }

  /** The event to the `id` that `next` has just returned, emitted in `frame`. What is `spared` in its data is never frozen. */
  wrap(
    frame: Frame | null,
    id: string,
    name: string,
    data: unknown,
    options: EmitOptions | undefined,
    spared: readonly unknown[] | undefined,
  ): CoordinatorEvent {
    const event: Draft = { id, seq: this.#events, name, data, timestamp: this.#latest };
    if (frame !== null || options !== undefined) {
      const cause = options?.cause === undefined ? (nearest(frame, 'cause') as CoordinatorEvent | null) : options.cause;
      const runId = options?.runId ?? (nearest(frame, 'call') as RunningCall | null)?.runId;
      const correlationId = options?.correlationId ?? cause?.correlationId ?? cause?.id;
      // Absent rather than undefined: events are compared, spread and written to logs.
      if (options?.sender !== undefined) event.sender = options.sender;
      if (runId !== undefined) event.runId = runId;
      if (correlationId !== undefined) event.correlationId = correlationId;
      if (cause !== null) event.causationId = cause.id;
      if (options?.traceparent !== undefined) event.traceparent = options.traceparent;
    }
    if (this.#freeze) deepFreeze(event, spared);
    return event;
  }
}
