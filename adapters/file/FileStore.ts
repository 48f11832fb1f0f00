import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../lib/internal/env.ts';
import type { Codec } from '../../lib/log/Codec.ts';
import type { Durability } from '../../lib/log/EventLog.ts';
import type { LineBytes } from '../../lib/log/LineBytes.ts';
import { Readers } from '../../lib/log/Readers.ts';
import { Batch } from './Batch.ts';
import type { Contents, ContentsSnapshot } from './Contents.ts';
import type { FileReader } from './FileReader.ts';
import type { FileRecord } from './frames.ts';
import { Handles } from './Handles.ts';
import type { Place } from './Places.ts';
import type { Question, Questioned } from './reading.ts';
import { corrupt, firstLine, type Home } from './segments.ts';
import { Tail, type Fsync } from './Tail.ts';
import { unavailable } from './unavailable.ts';

/** A batch of that many bytes does not wait for more. */
const enough = 8 * 1024 * 1024;

/** Where a store keeps its files, and how it comes to them again. */
export interface Site {
  readonly home: Home;
  /** What the files hold, without a torn end; they are ours to write to. */
  open(): Promise<Contents>;
  /** A new segment was begun; this is what the log holds where it begins. */
  rolled(contents: ContentsSnapshot): void;
}

export interface StoreSettings {
  readonly fsync: Fsync;
  readonly codec: Codec;
  readonly clock: Clock;
  /** At this size a segment is followed by another one. */
  readonly segmentBytes: number;
  /** After this time too, in milliseconds: what is to go after some time must not wait for a segment to be full. */
  readonly segmentAge: number;
}

/**
 * The writer of a log. A question is decided at once, on what the log will hold when everything before it is written; its answer
 * waits until that is so. While one batch is on its way to the disk the next one gathers, so there is no timer, and the more
 * there is to do the more is done in one step.
 */
export class FileStore implements Questioned {
  readonly home: Home;
  readonly handles: Handles;
  readonly codec: Codec;
  readonly readers: Readers<FileReader> = new Readers();
  /** Runs ahead of the disk. */
  contents: Contents;
  readonly #site: Site;
  readonly #settings: StoreSettings;
  #tail: Tail;
  /** Batches in their order; the last one gathers. */
  readonly #queue: Batch[] = [];
  /** The batch that is on its way. */
  #flying: Batch | null = null;
  /** How many records were put, so that a question which put one can be told from others. */
  #puts = 0;
  #running: Promise<void> | null = null;
  /** The files are not as they should be; nothing can be decided. */
  #down = false;
  #restoring: Promise<void> | null = null;
  /** Those whose answers rested on what was lost. */
  readonly #again: (() => void)[] = [];

  private constructor(site: Site, settings: StoreSettings, contents: Contents, tail: Tail) {
    this.#site = site;
    this.#settings = settings;
    this.#tail = tail;
    this.home = site.home;
    this.handles = new Handles(site.home);
    this.codec = settings.codec;
    this.contents = contents;
  }

  static async open(site: Site, settings: StoreSettings): Promise<FileStore> {
    const contents = await site.open();
    const tail = await Tail.open(site.home, settings.fsync, settings.clock, contents);
    return new FileStore(site, settings, contents, tail);
  }

  get visible(): Place {
    return this.#tail.end;
  }

  /** `contents` has what never came into the files. */
  get ahead(): boolean {
    return this.#down;
  }

  /** The strongest that the settings promise. */
  get durability(): Durability {
    const { fsync } = this.#settings;
    return fsync === 'always' ? 'sync' : fsync === 'batch' ? 'batch' : 'memory';
  }

  now(): number {
    const { clock } = this.#settings;
    return clock.wall?.() ?? clock.now();
  }

  /**
   * Answers a question when everything that the answer rests on is where it belongs. One that put nothing is asked again when
   * that was lost.
   *
   * @throws What the question throws; LogUnavailableError
   */
  ask<T>(question: Question<T>, durability: Durability = this.durability): Promise<T> {
    if (this.#down) return this.#restored().then(() => this.ask(question, durability));
    const before = this.#puts;
    let answer: T;
    let refusal: { readonly error: unknown } | null = null;
    try {
      answer = question(this.contents, this.now());
    } catch (error) {
      refusal = { error };
    }
    const given = (): T => {
      if (refusal !== null) throw refusal.error;
      return answer;
    };
    const last = this.#queue.at(-1) ?? this.#flying;
    if (last === null) return new Promise((resolve) => resolve(given()));
    if (this.#puts === before) return last.done.reached.then(given, () => this.#askedAgain(question, durability));
    const early = durability !== 'sync' && this.#settings.fsync === 'always';
    return (early ? last.written : last.done).reached.then(given);
  }

  catchUp(): Promise<void> {
    // Nobody else writes or deletes.
    return Promise.resolve();
  }

  join(reader: FileReader): void {
    this.readers.add(reader);
  }

  leave(reader: FileReader): void {
    this.readers.delete(reader);
  }

  /** Writes a record; for questions to call. */
  put(record: FileRecord, lines: LineBytes | null = null): void {
    const batch = this.#batchFor(record);
    if (!batch.takes(record)) this.#seal(batch);
    batch.add(record, lines);
    this.contents.apply(record);
    this.#puts++;
    this.#running ??= this.#run();
  }

  /** Resolves when every question was answered. */
  async settled(): Promise<void> {
    do {
      await (this.#running ?? this.#restoring)?.catch(() => undefined);
      // An answer is on its way for some jobs more, and may lead to the next question.
      await turn();
    } while (this.#running !== null || this.#restoring !== null);
  }

  /** Brings everything to the disk and lets go of the files. Nothing may be asked any more. */
  async close(): Promise<void> {
    await this.settled();
    await this.#tail.close();
  }

  #batchFor(record: FileRecord): Batch {
    const { contents } = this;
    const { segmentBytes, segmentAge } = this.#settings;
    const last = this.#queue.at(-1);
    const bytes = contents.offset + (last?.gathered ?? 0);
    if (bytes >= segmentBytes || (contents.since > 0 && record.at - contents.since >= segmentAge)) {
      if (last !== undefined) this.#seal(last);
      contents.open(contents.segment + 1, firstLine(contents.segment + 1).length);
      return this.#begin(contents.snapshot());
    }
    if (last !== undefined && last.length < enough) return last;
    if (last !== undefined) this.#seal(last);
    return this.#begin(null);
  }

  #seal(batch: Batch): void {
    this.contents.grow(batch.seal(this.contents.offset));
  }

  #begin(opens: ContentsSnapshot | null): Batch {
    const batch = new Batch(opens);
    this.#queue.push(batch);
    return batch;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      // All who were answered just now may ask again, before the next batch leaves without them.
      await turn();
      const batch = this.#queue.shift() as Batch;
      this.#seal(batch);
      this.#flying = batch;
      try {
        await this.#write(batch);
      } catch (error) {
        await this.#fail(error, batch);
      }
    }
    this.#running = null;
  }

  async #write(batch: Batch): Promise<void> {
    if (batch.opens !== null) {
      await this.#tail.roll(batch.opens);
      this.#site.rolled(batch.opens);
    }
    await this.#tail.write(batch.buffer, batch.length, batch.written.reach);
    batch.recycle();
    // Those who have come since rest on it too; with them it is over.
    this.#flying = null;
    for (const stream of batch.streams) for (const reader of this.readers.of(stream)) reader.wake();
    batch.done.reach();
  }

  /** Nothing of the batch counts, nor of those behind it, which rest on it. */
  async #fail(error: unknown, batch: Batch): Promise<void> {
    this.#down = true;
    this.#flying = null;
    const lost = [batch, ...this.#queue.splice(0)];
    await this.#restored(async () => {
      const path = this.home.path(this.visible.segment);
      const outcome = await this.#tail.cut();
      for (const each of lost) {
        const reason = unavailable(error, path, each === batch ? outcome : 'not-applied');
        each.written.fail(reason);
        each.done.fail(reason);
      }
    }).catch(() => undefined);
    this.#askAgain();
  }

  /** Resolves when the files are as they should be, to the answer that is right then. */
  #askedAgain<T>(question: Question<T>, durability: Durability): Promise<T> {
    return new Promise((resolve) => this.#again.push(() => resolve(this.ask(question, durability))));
  }

  #askAgain(): void {
    for (const ask of this.#again.splice(0)) ask();
  }

  /**
   * Resolves when the files are as they should be; tries to bring that about.
   *
   * @param before What has to be done first.
   */
  #restored(before: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    this.#restoring ??= before()
      .then(() => this.#restore())
      .finally(() => {
        this.#restoring = null;
      });
    return this.#restoring;
  }

  async #restore(): Promise<void> {
    const { segment, offset } = this.visible;
    const { fsync, clock } = this.#settings;
    try {
      const contents = await this.#site.open();
      if (contents.segment < segment || (contents.segment === segment && contents.offset < offset)) {
        throw corrupt(this.home.path(segment), offset, 'what was acknowledged is no longer there');
      }
      this.#tail = await Tail.open(this.home, fsync, clock, contents);
      this.contents = contents;
    } catch (error) {
      throw unavailable(error, this.home.path(segment), 'not-applied');
    }
    this.#down = false;
    // Before anybody writes again: who only asks must not wait as long as every write fails.
    this.#askAgain();
    for (const reader of this.readers.all()) reader.wake();
  }
}
