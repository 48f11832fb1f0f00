import type { FileHandle } from 'node:fs/promises';
import { openSegment, type Home } from './segments.ts';

interface Shared {
  readonly opening: Promise<FileHandle>;
  users: number;
}

/** Segments that are open for reading: each once, for all who read it, and no longer than somebody does. */
export class Handles {
  readonly #home: Home;
  readonly #open = new Map<number, Shared>();

  constructor(home: Home) {
    this.#home = home;
  }

  take(segment: number): Promise<FileHandle> {
    let shared = this.#open.get(segment);
    if (shared === undefined) {
      const opening = openSegment(this.#home, segment).then(({ handle }) => handle);
      this.#open.set(segment, (shared = { opening, users: 0 }));
    }
    shared.users++;
    return shared.opening;
  }

  give(segment: number): void {
    const shared = this.#open.get(segment);
    if (shared === undefined || --shared.users > 0) return;
    this.#open.delete(segment);
    // One that could not be opened was heard of by those who wanted it.
    void shared.opening.then((handle) => handle.close()).catch(() => undefined);
  }
}
