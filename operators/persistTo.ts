import { type MonoTypeOperatorFunction, Subscriber } from 'rxjs';
import { OverflowError } from '../lib/errors.ts';
import { currentKernel } from '../lib/events/defaultCoordinator.ts';
import type { Kernel, Links, Work } from '../lib/events/kernel.ts';
import type { Frame } from '../lib/internal/context.ts';
import type { Clock } from '../lib/internal/env.ts';
import type { Overflow } from '../lib/internal/backlog.ts';
import { knownOptions } from '../lib/internal/options.ts';
import { type Destination, Operation } from '../lib/internal/stream.ts';
import {
  checkLog,
  type Delivery,
  delivery,
  deliveryOptionNames,
  type DeliveryOptions,
} from '../lib/log/deliveryOptions.ts';
import type { EventLog } from '../lib/log/EventLog.ts';
import { lossless } from '../lib/log/losslessCodec.ts';
import { Line, Outbox, type OutboxOwner } from '../lib/log/Outbox.ts';

export interface PersistToOptions extends DeliveryOptions {
  /** The stream of the log. */
  readonly stream: string;
  /** How many values may be on their way to the log. Default 10,000. */
  readonly maxBuffer?: number;
  /**
   * What one more meets. `'error'` (default) ends the stream with an `OverflowError`; `'drop-newest'` and `'drop-oldest'` lose it,
   * or the oldest that is not under way yet, in silence.
   */
  readonly overflow?: Overflow;
}

/**
 * Keeps the values of a source in a log, and passes each on once it is there.
 *
 * ```
 * source     -ab---c--|
 * commits    -[a]
 *              [b ]
 *                  [c ]
 * result     ---a-b---c|
 * ```
 *
 * Nothing overtakes. A value is written as it is when it comes; what comes while a commit is under way makes up the next one,
 * and `maxBuffer` bounds both together: `overflow` says what happens beyond that. Completes, and tears the source down, when the
 * source has completed and the last value has passed. Errors at once with the source, with a value that cannot be written
 * (`CodecError`, with its path) and with a log that does not take it; what was not under way is dropped. Unsubscribing drops that
 * too. The commit under way may still arrive then: what was passed on is in the log, what is in the log may not have been
 * passed on.
 *
 * `settled()` of the coordinator of the code that subscribes waits while something is on its way; its clock times the retries.
 *
 * @param log A log, or the promise of one: until it is there, values wait.
 * @param options `stream`, which must be said; `maxBuffer` (default 10,000) with `overflow` (default `'error'`); `durability` and `retry`.
 * @throws ConfigError for a bad option, at once.
 * @see persist for the events of a coordinator
 * @example Nobody acts on an order that could get lost
 * ```ts
 * orders$.pipe(persistTo(log, { stream: 'orders' })).subscribe(confirm);
 * ```
 */
export function persistTo<T>(
  log: EventLog | PromiseLike<EventLog>,
  options: PersistToOptions,
): MonoTypeOperatorFunction<T> {
  const owner = 'persistTo()';
  knownOptions(owner, options, deliveryOptionNames);
  const terms = delivery({ maxBuffer: 10_000, ...options }, owner);
  checkLog(log, owner, terms.durability);
  return (source) => new Operation(source, (destination) => new PersistTo(destination, log, terms));
}

class PersistTo<T> extends Subscriber<T> implements OutboxOwner<T>, Work {
  before: Links | null = null;
  after: Links | null = null;
  readonly name: string;
  readonly clock: Clock;
  readonly random: () => number;
  private readonly terms: Delivery;
  private readonly kernel: Kernel;
  /** Whose work the consumer does: who subscribed, not whose value happened to come first. */
  private readonly frame: Frame | null;
  private readonly outbox: Outbox<T>;
  private sourceOver = false;

  constructor(destination: Destination<T>, log: EventLog | PromiseLike<EventLog>, terms: Delivery) {
    super(destination);
    const kernel = currentKernel();
    this.name = `persistTo('${terms.stream}')`;
    this.clock = kernel.clock;
    this.random = kernel.random;
    this.terms = terms;
    this.kernel = kernel;
    this.frame = kernel.here();
    this.outbox = new Outbox(log, terms, this);
  }

  abort(reason: unknown): void {
    this.kernel.end(this);
    this.fail(reason);
  }

  id(): string {
    return this.kernel.id();
  }

  arrived(lines: readonly Line<T>[]): void {
    this.rest();
    for (const { value } of lines) {
      if (this.closed) return;
      this.destination.next(value);
    }
    if (this.sourceOver && this.outbox.size === 0 && !this.closed) super._complete();
  }

  failed(_: readonly Line<T>[], error: unknown): void {
    this.rest();
    this.fail(error);
  }

  protected override _next(value: T): void {
    try {
      if (this.makePlace()) this.send(new Line(lossless(value, { root: 'value' }), value));
    } catch (error) {
      this.fail(error);
    }
  }

  private send(line: Line<T>): void {
    if (this.outbox.size === 0) this.kernel.begin(this);
    this.outbox.push(line);
    this.kernel.run(this.frame, flush, this.outbox);
  }

  /** @throws OverflowError */
  private makePlace(): boolean {
    const { maxBuffer, overflow, stream } = this.terms;
    if (this.outbox.size < maxBuffer) return true;
    if (overflow !== 'error') return overflow === 'drop-oldest' && this.outbox.shift() !== undefined;
    throw new OverflowError(`${this.name} has ${maxBuffer} values that are not in the log yet, and one more came.`, {
      hint: "Slow the source, raise maxBuffer, or choose overflow: 'drop-oldest' or 'drop-newest'.",
      details: { maxBuffer, stream },
    });
  }

  /** `settled()` need not wait any longer where nothing is under way. */
  private rest(): void {
    if (this.outbox.size === 0) this.kernel.end(this);
  }

  /** Not `error()`, which is deaf once the source has completed. */
  private fail(error: unknown): void {
    if (this.closed) return;
    const { destination } = this;
    this.unsubscribe();
    destination.error(error);
  }

  protected override _error(error: unknown): void {
    this.fail(error);
  }

  protected override _complete(): void {
    this.sourceOver = true;
    if (this.outbox.size === 0) super._complete();
  }

  override unsubscribe(): void {
    if (this.closed) return;
    while (this.outbox.shift() !== undefined);
    this.outbox.hurry();
    this.rest();
    super.unsubscribe();
  }
}

const flush = (outbox: Outbox<unknown>): void => {
  outbox.flush();
};
