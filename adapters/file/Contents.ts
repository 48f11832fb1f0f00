import { Ledger, type Snapshot } from '../../lib/log/Ledger.ts';
import type { FileRecord } from './frames.ts';
import { Places, type Place, type PlacesSnapshot } from './Places.ts';

/** What is known of a segment. */
export interface SegmentFacts {
  readonly segment: number;
  bytes: number;
  /** When its first record and its last one were written, by the clock of the log; 0 while it has none. */
  from: number;
  to: number;
}

/** What a directory holds, as plain JSON data, up to a place. */
export interface ContentsSnapshot extends Place {
  /** Those up to that place that are still there. */
  readonly segments: readonly Readonly<SegmentFacts>[];
  readonly ledger: Snapshot;
  readonly places: PlacesSnapshot;
}

/** What is known of the files of a log: a fold over their records. The ledger says what is so, the places where it stands. */
export class Contents {
  ledger: Ledger = new Ledger();
  places: Places = new Places();
  /** Each segment that is there, in order. */
  readonly segments: Map<number, SegmentFacts> = new Map();
  #current: SegmentFacts = { segment: 0, bytes: 0, from: 0, to: 0 };

  /** The last segment; 0: there is none yet. */
  get segment(): number {
    return this.#current.segment;
  }

  /** Where the next frame will begin in it. */
  get offset(): number {
    return this.#current.bytes;
  }

  /** When the first record of the last segment was written. */
  get since(): number {
    return this.#current.from;
  }

  /** A new segment begins behind the last one. */
  open(segment: number, from: number): void {
    this.#current = { segment, bytes: from, from: 0, to: 0 };
    this.segments.set(segment, this.#current);
  }

  /** Takes in the record that comes next. Where it ends is said by `grow`. */
  apply(record: FileRecord): void {
    if (record.op === 'drop') this.#drop(new Set(record.segments), record.at);
    else {
      this.ledger.apply(record);
      if (record.op === 'commit') this.places.note(record.stream, record.seq, this.segment, this.offset);
      else if (record.op === 'remove') this.places.remove(record.stream);
    }
    const current = this.#current;
    current.to = record.at;
    if (current.from === 0) current.from = record.at;
  }

  /** The frame with the records that were taken in last has that many bytes. */
  grow(bytes: number): void {
    this.#current.bytes += bytes;
  }

  #drop(segments: ReadonlySet<number>, at: number): void {
    for (const { stream, next } of this.places.in(segments)) {
      const before = next ?? (this.ledger.facts(stream)?.last ?? 0) + 1;
      this.ledger.apply({ op: 'trim', stream, before, at });
    }
    this.places.drop(segments);
    for (const segment of segments) this.segments.delete(segment);
  }

  snapshot(): ContentsSnapshot {
    return {
      segment: this.segment,
      offset: this.offset,
      segments: [...this.segments.values()].map((facts) => ({ ...facts })),
      ledger: this.ledger.snapshot(),
      places: this.places.snapshot(),
    };
  }

  static from({ segments, ledger, places }: ContentsSnapshot): Contents {
    const contents = new Contents();
    contents.ledger = Ledger.from(ledger);
    contents.places = Places.from(places);
    for (const facts of segments) contents.segments.set(facts.segment, (contents.#current = { ...facts }));
    return contents;
  }
}
