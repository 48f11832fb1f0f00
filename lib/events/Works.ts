import type { CoordinationError } from '../errors.ts';
import type { Work } from './kernel.ts';

/** What is under way, and who waits for the end of it. */
export class Works {
  readonly #live = new Set<Work>();
  #waiting: (() => void)[] = [];

  get size(): number {
    return this.#live.size;
  }

  begin(work: Work): void {
    this.#live.add(work);
  }

  end(work: Work): void {
    if (!this.#live.delete(work) || this.#live.size > 0 || this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    // Whoever hears of the last end may start something new before the waiting ones wake up.
    while (this.#live.size > 0) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** Aborts everything. Returns the names of what had to be. */
  abort(reason: CoordinationError): readonly string[] {
    const aborted: string[] = [];
    // Aborting one may end others, and they may not start new ones: the coordinator admits nothing any more.
    for (const work of this.#live) {
      aborted.push(work.name);
      work.abort(reason);
      this.end(work);
    }
    return aborted;
  }
}
