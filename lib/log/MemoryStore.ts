import type { Clock } from '../internal/env.ts';
import type { TextAppend } from './appendRequest.ts';
import type { Codec } from './Codec.ts';
import { Ledger } from './Ledger.ts';
import { Readers, type Reader } from './Readers.ts';
import type { CommitRecord } from './records.ts';
import type { Renewals } from './requests.ts';
import { Shelf } from './Shelf.ts';

/** A reader that can be told that its stream has changed. */
export interface Listener extends Reader {
  wake(): void;
}

/** What a trim has done. */
export interface Trimmed {
  readonly removed: number;
  readonly firstSeq: number;
}

/** What all handles of a log in memory share. Everything in it happens in one step. */
export class MemoryStore {
  readonly ledger: Ledger = new Ledger();
  readonly codec: Codec;
  readonly clock: Clock;
  /** Those of all handles. */
  readonly readers: Readers<Listener> = new Readers();
  readonly #shelves = new Map<string, Shelf>();
  readonly #keep: number;

  constructor(codec: Codec, clock: Clock, keep: number) {
    this.codec = codec;
    this.clock = clock;
    this.#keep = keep;
  }

  now(): number {
    return this.clock.wall?.() ?? this.clock.now();
  }

  /** Another one when the stream was removed in the meantime and is there again. */
  shelf(stream: string): Shelf | undefined {
    return this.#shelves.get(stream);
  }

  append(request: TextAppend): { readonly record: CommitRecord; readonly replayed: boolean } {
    const decision = this.ledger.decide(request, this.now());
    if (decision.replayed) return decision;
    const { stream, texts } = request;
    this.ledger.apply(decision.record);
    let shelf = this.#shelves.get(stream);
    if (shelf === undefined) this.#shelves.set(stream, (shelf = new Shelf()));
    shelf.put(decision.record, texts);
    this.#changed(stream);
    this.prune(stream);
    return decision;
  }

  /** @throws LogConflictError when one of these readers has not come that far. */
  trim(stream: string, before: number, readers: Readers | null): Trimmed {
    const { record, ...trimmed } = this.ledger.trimming(stream, before, this.now());
    if (record === null) return trimmed;
    readers?.checkTrim(stream, trimmed.firstSeq);
    this.ledger.apply(record);
    this.#shelves.get(stream)?.trim(trimmed.firstSeq - trimmed.removed, trimmed.firstSeq);
    this.#changed(stream);
    return trimmed;
  }

  /** Forgets what is too old to be kept and behind all readers. */
  prune(stream: string): void {
    const facts = this.ledger.facts(stream);
    if (facts === undefined || facts.last - facts.first < this.#keep) return;
    this.trim(stream, Math.min(facts.last + 1 - this.#keep, this.readers.slowest(stream)), null);
  }

  remove(stream: string, expectedSeq: number): void {
    const record = this.ledger.removal(stream, expectedSeq, this.now());
    if (record === null) return;
    this.ledger.apply(record);
    this.#shelves.delete(stream);
    this.#changed(stream);
  }

  renew(leases: Renewals): readonly ('ok' | 'lost')[] {
    const { record, answers } = this.ledger.renewal(leases, this.now());
    if (record !== null) this.ledger.apply(record);
    return answers;
  }

  #changed(stream: string): void {
    for (const reader of this.readers.of(stream)) reader.wake();
  }
}
