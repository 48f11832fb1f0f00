import { LogConflictError } from '../errors.ts';

/** Who reads a stream just now, and how far it is. */
export interface Reader {
  readonly stream: string;
  /** The first `seq` that it may still want. */
  readonly next: number;
}

/** The readers of a handle, for trims that must not take away what they still want. */
export class Readers<R extends Reader = Reader> {
  readonly #readers = new Map<string, Set<R>>();

  add(reader: R): void {
    const others = this.#readers.get(reader.stream);
    if (others === undefined) this.#readers.set(reader.stream, new Set([reader]));
    else others.add(reader);
  }

  delete(reader: R): void {
    const others = this.#readers.get(reader.stream);
    if (others?.delete(reader) && others.size === 0) this.#readers.delete(reader.stream);
  }

  of(stream: string): Iterable<R> {
    return this.#readers.get(stream) ?? [];
  }

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
}
