import { ClosedError, LogConflictError } from '../errors.ts';
import { after } from '../internal/after.ts';
import type { Clock } from '../internal/env.ts';

/** Who reads a stream just now, and how far it is. */
export interface Reader {
  readonly stream: string;
  /** The first `seq` that it may still want. */
  readonly next: number;
  /** Goes on to what is there now, and completes behind it; at once if it has that already. */
  finish(): void;
  /** Ends here, with this error. */
  abort(reason: ClosedError): void;
}

/** The readers of a handle: trims must not take away what they still want, and a log that closes brings them to their end. */
export class Readers<R extends Reader = Reader> {
  readonly #readers = new Map<string, Set<R>>();
  #ended: (() => void)[] = [];

  add(reader: R): void {
    const others = this.#readers.get(reader.stream);
    if (others === undefined) this.#readers.set(reader.stream, new Set([reader]));
    else others.add(reader);
  }

  delete(reader: R): void {
    const others = this.#readers.get(reader.stream);
    if (others?.delete(reader) && others.size === 0) this.#readers.delete(reader.stream);
    if (this.#readers.size > 0) return;
    const ended = this.#ended;
    this.#ended = [];
    for (const each of ended) each();
  }

  /** Of how many streams. */
  get size(): number {
    return this.#readers.size;
  }

  of(stream: string): Iterable<R> {
    return this.#readers.get(stream) ?? [];
  }

  /** Those of all streams. */
  all(): readonly R[] {
    return [...this.#readers.values()].flatMap((readers) => [...readers]);
  }

  /** The first `seq` that somebody may still want; `Infinity` where nobody reads. */
  slowest(stream: string): number {
    let slowest = Infinity;
    for (const { next } of this.of(stream)) slowest = Math.min(slowest, next);
    return slowest;
  }

  /** @throws LogConflictError when somebody has not come as far as `before`. */
  checkTrim(stream: string, before: number): void {
    const seq = this.slowest(stream);
    if (seq >= before) return;
    throw new LogConflictError(`A reader of '${stream}' is still at event ${seq}: those below ${before} are needed.`, {
      hint: 'Let it come further, unsubscribe it, or trim with `force: true`.',
      details: { stream, seq, before },
    });
  }

  /** Resolves when all have what is there now; after the deadline, in milliseconds, those who have not end with ClosedError. */
  async close(clock: Clock, deadline: number): Promise<void> {
    const timer = after(clock, deadline === 0 ? Infinity : deadline, () => this.abort(deadline));
    const finished = this.finish();
    if (deadline === 0) this.abort(deadline);
    await finished;
    timer.unsubscribe();
  }

  /** Resolves when all have what is there now. */
  async finish(): Promise<void> {
    for (const reader of this.all()) reader.finish();
    if (this.#readers.size > 0) await new Promise<void>((resolve) => this.#ended.push(resolve));
  }

  /** Ends all, for a deadline of so many milliseconds is over. */
  abort(deadline: number): void {
    const reason = new ClosedError(`The log was closed, and its deadline of ${deadline} ms was over.`, {
      details: { deadline },
    });
    for (const reader of this.all()) reader.abort(reason);
  }
}
