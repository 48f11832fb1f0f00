import type { CoordinationError } from '../errors.ts';
import { begin, end } from '../internal/handover.ts';
import type { Links, Work } from './kernel.ts';

/** What is under way, in the order in which it began, and who waits for the end of it. */
export class Works {
  /** A ring of works through their links: every call comes and goes, and a Set would cost it more than its events. */
  readonly #ring: Links = { before: null, after: null };
  #size = 0;
  #waiting: (() => void)[] = [];

  constructor() {
    this.#ring.before = this.#ring.after = this.#ring;
  }

  get size(): number {
    return this.#size;
  }

  begin(work: Links): void {
    const last = this.#ring.before!;
    work.before = last;
    work.after = this.#ring;
    last.after = this.#ring.before = work;
    this.#size++;
  }

  end(work: Links): void {
    const { before, after } = work;
    if (before === null || after === null) return;
    before.after = after;
    after.before = before;
    work.before = work.after = null;
    if (--this.#size > 0 || this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    // Whoever hears of the last end may start something new before the waiting ones wake up.
    while (this.#size > 0) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** Aborts everything. Returns the names of what had to be. */
  abort(reason: CoordinationError): readonly string[] {
    const aborted: string[] = [];
    // Aborting one may end others, and they may not start new ones: the coordinator admits nothing any more.
    // One turn of hand-overs: what one gives back must not start another that waits for it and is aborted next.
    begin();
    try {
      while (this.#size > 0) {
        const work = this.#ring.after as Work;
        aborted.push(work.name);
        work.abort(reason);
        this.end(work);
      }
    } finally {
      end();
    }
    return aborted;
  }
}
