import type { Ledger } from '../../lib/log/Ledger.ts';

/** How far behind its mark a commit may begin. */
const reach = 64 * 1024;

/** Where a commit begins. */
export interface Place {
  readonly segment: number;
  readonly offset: number;
}

/**
 * A place of a stream. Each commit of the stream begins at a mark, or less than `reach` bytes behind one and in its segment: whoever
 * reads the stream looks there and nowhere else, however much else is in the log.
 */
export interface Mark extends Place {
  /** Of the first event of the commit, or of the next one where it has none. */
  readonly seq: number;
  next: Mark | null;
}

/** Whether a commit of the stream may begin there without a mark of its own. */
export const within = (mark: Place, segment: number, offset: number): boolean =>
  mark.segment === segment && offset < mark.offset + reach;

/** The places of all streams as plain data. */
export type PlacesSnapshot = readonly (readonly [
  stream: string,
  marks: readonly (readonly [segment: number, offset: number, seq: number])[],
])[];

/** Where the events of each stream stand: every 64 KiB of them, and in each segment the first. */
export class Places {
  readonly #streams = new Map<string, Mark[]>();

  /** A commit of this stream begins here. */
  note(stream: string, seq: number, segment: number, offset: number): void {
    const marks = this.#streams.get(stream);
    const last = marks?.at(-1);
    if (last !== undefined && within(last, segment, offset)) return;
    const mark: Mark = { segment, offset, seq, next: null };
    if (last !== undefined) last.next = mark;
    if (marks === undefined) this.#streams.set(stream, [mark]);
    else marks.push(mark);
  }

  /** Where to look for an event: at this mark or behind it. */
  find(stream: string, seq: number): Mark | null {
    const marks = this.#streams.get(stream) ?? [];
    let low = 0;
    let high = marks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((marks[middle] as Mark).seq <= seq) low = middle + 1;
      else high = middle;
    }
    return marks[Math.max(0, low - 1)] ?? null;
  }

  /** What the stream has left is of an earlier life: whoever comes later starts anew. */
  remove(stream: string): void {
    this.#streams.delete(stream);
  }

  /** Each stream that has something in these segments, with the first `seq` that it has behind the last of them. `null`: none. */
  *in(segments: ReadonlySet<number>): Iterable<{ readonly stream: string; readonly next: number | null }> {
    for (const [stream, marks] of this.#streams) {
      const last = marks.findLastIndex(({ segment }) => segments.has(segment));
      if (last >= 0) yield { stream, next: marks[last + 1]?.seq ?? null };
    }
  }

  /** The segments with something in them that was not trimmed. */
  live(ledger: Ledger): ReadonlySet<number> {
    const live = new Set<number>();
    for (const [stream, marks] of this.#streams) {
      const { first, last } = ledger.facts(stream) ?? { first: 1, last: 0 };
      for (const { segment, next } of marks) if ((next?.seq ?? last + 1) > first) live.add(segment);
    }
    return live;
  }

  /** Forgets what is in these segments. */
  drop(segments: ReadonlySet<number>): void {
    for (const [stream, marks] of this.#streams) {
      const left = marks.filter(({ segment }) => !segments.has(segment));
      if (left.length === marks.length) continue;
      // Who stands at a mark that goes finds the next one all the same.
      for (const [i, mark] of left.entries()) mark.next = left[i + 1] ?? null;
      this.#streams.set(stream, left);
    }
  }

  snapshot(): PlacesSnapshot {
    return [...this.#streams].map(([stream, marks]) => [
      stream,
      marks.map(({ segment, offset, seq }) => [segment, offset, seq]),
    ]);
  }

  static from(snapshot: PlacesSnapshot): Places {
    const places = new Places();
    for (const [stream, given] of snapshot) {
      const marks = given.map(([segment, offset, seq]): Mark => ({ segment, offset, seq, next: null }));
      for (const [i, mark] of marks.entries()) mark.next = marks[i + 1] ?? null;
      places.#streams.set(stream, marks);
    }
    return places;
  }
}
