import type { Subscriber } from 'rxjs';
import { setImmediate as turn } from 'node:timers/promises';
import type { FileHandle } from 'node:fs/promises';
import { LogCorruptError, type CoordinationError } from '../../lib/errors.ts';
import { currentFrame, runIn } from '../../lib/internal/context.ts';
import type { Codec } from '../../lib/log/Codec.ts';
import type { Stored } from '../../lib/log/EventLog.ts';
import type { StreamFacts } from '../../lib/log/Ledger.ts';
import { positionOf } from '../../lib/log/position.ts';
import type { Reader, Readers } from '../../lib/log/Readers.ts';
import { checkTrimmed, type Range, type ReadRequest } from '../../lib/log/readRequest.ts';
import { CommitHeader } from './CommitHeader.ts';
import type { Contents } from './Contents.ts';
import { codeOf } from './disk.ts';
import { findDamage } from './findDamage.ts';
import { Frame } from './frames.ts';
import type { Handles } from './Handles.ts';
import { NameFilter } from './NameFilter.ts';
import { Pane } from './Pane.ts';
import { within, type Mark, type Place } from './Places.ts';
import { corrupt, type Home } from './segments.ts';
import { unavailable } from './unavailable.ts';

const newline = 10;
/** In events: a reader is there in no time. */
const near = 1_000;

/** What readers read. */
export interface Source {
  /** Another object when the log had to be opened anew. It may know of more than can be seen. */
  readonly contents: Contents;
  /** Where that ends which may be seen. */
  readonly visible: Place;
  readonly home: Home;
  readonly handles: Handles;
  readonly codec: Codec;
  /** Resolves when `contents` knows of everything that has happened to the files until now. */
  catchUp(): Promise<void>;
}

/**
 * Somebody who reads a stream: a place in the files, and one piece of a file in memory while there is something to read. It looks only
 * where the stream has marks, so a stream with little in it is read as fast as if it were alone.
 */
export class FileReader implements Reader {
  readonly stream: string;
  next: number;
  readonly #last: number;
  readonly #source: Source;
  readonly #subscriber: Subscriber<Stored>;
  readonly #maxBuffer: number;
  readonly #names: ReadonlySet<string> | null;
  readonly #filter: NameFilter | null;
  readonly #header: CommitHeader;
  readonly #frame = new Frame();
  readonly #pane = new Pane();
  /** The stream as it was when it was first there: another one of its name is not what was asked for. */
  #life: StreamFacts | undefined;
  /** The last event when it began. */
  readonly #known: number;
  #contents: Contents;
  #mark: Mark | null = null;
  #segment = 0;
  #offset = 0;
  /** The segment of which the handle is ours to use. */
  #handle: { readonly segment: number; readonly file: FileHandle } | null = null;
  /** In the frame that is being delivered: where the next line begins in the pane, and its `seq`. 0: in none. */
  #line = 0;
  #lineSeq = 0;
  /** The last `seq` there will be, since the log closes. */
  #end = Infinity;
  /** What it is to read is where it belongs. */
  #begun = false;
  #running = false;
  readonly #waiting: { readonly seq: number; readonly resolve: () => void }[] = [];
  /** It runs for whoever subscribed, not for whoever appended. */
  readonly #asker = currentFrame();
  /** How many events may still be delivered before other work gets its turn. */
  #left = 0;

  constructor(source: Source, request: ReadRequest, { first, last }: Range, subscriber: Subscriber<Stored>) {
    this.stream = request.stream;
    this.next = first;
    this.#last = last;
    this.#source = source;
    this.#subscriber = subscriber;
    this.#maxBuffer = request.maxBuffer;
    this.#names = request.names;
    this.#filter = request.names === null ? null : new NameFilter(request.names);
    this.#header = new CommitHeader(request.stream);
    this.#contents = source.contents;
    this.#life = source.contents.ledger.facts(request.stream);
    this.#known = this.#life?.last ?? 0;
  }

  /** The oldest segment that it may still look into. */
  get segment(): number {
    if (this.#begun) return this.#running ? this.#segment : Infinity;
    return this.#contents.places.find(this.stream, this.next)?.segment ?? Infinity;
  }

  /** Begins, now that everything is where it belongs on which its range rests. */
  start(): void {
    this.#begun = true;
    const facts = this.#life;
    if (facts?.closed === true && this.next > facts.last) this.#subscriber.complete();
    else this.wake();
  }

  /** There may be something to do. */
  wake(): void {
    if (!this.#begun || this.#running || this.#subscriber.closed) return;
    this.#running = true;
    this.#left = this.#maxBuffer;
    const run = (): void => void this.#run();
    if (currentFrame() === this.#asker) run();
    else runIn(this.#asker, run);
  }

  /** Resolves when it has come as far as an event that is there; at once when that is far away. */
  async reach(seq: number): Promise<void> {
    if (this.#running && this.next < seq && this.next + near >= seq) {
      await new Promise<void>((resolve) => this.#waiting.push({ seq, resolve }));
    }
  }

  finish(): void {
    this.#end = this.#source.contents.ledger.facts(this.stream)?.last ?? 0;
    if (this.next > this.#end) this.#subscriber.complete();
    else this.wake();
  }

  abort(reason: CoordinationError): void {
    this.#subscriber.error(reason);
  }

  async #run(): Promise<void> {
    try {
      while (this.#goes()) {
        await this.#step();
        this.#arrive(this.next);
      }
    } catch (error) {
      this.#subscriber.error(error instanceof LogCorruptError ? await this.#explained(error) : error);
    } finally {
      this.#running = false;
      this.#pane.clear();
      this.#giveBack();
      this.#arrive(Infinity);
    }
  }

  #arrive(next: number): void {
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      if (this.#waiting[i]!.seq <= next) this.#waiting.splice(i, 1)[0]?.resolve();
    }
  }

  /** Whether there is something to read, now that everything is as it is; `false` for now or, having completed, for ever. */
  #goes(): boolean {
    if (this.#subscriber.closed) return false;
    const { contents } = this.#source;
    const facts = contents.ledger.facts(this.stream);
    if (contents !== this.#contents) this.#reopened(contents, facts);
    this.#life ??= facts;
    if (facts !== this.#life || this.next > Math.min(this.#last, this.#end)) {
      this.#subscriber.complete();
      return false;
    }
    if (facts === undefined) return false;
    checkTrimmed(this.stream, this.next, facts.first);
    // In the middle of a frame.
    return this.#line > 0 || this.#seek();
  }

  #reopened(contents: Contents, facts: StreamFacts | undefined): void {
    this.#contents = contents;
    this.#mark = null;
    this.#line = 0;
    if (this.#life !== undefined) this.#life = facts;
  }

  /** Goes to the next place where there may be something; `false` where that cannot be seen yet. */
  #seek(): boolean {
    for (;;) {
      const mark = this.#mark;
      if (mark === null || !this.#contents.segments.has(mark.segment)) {
        const found = this.#contents.places.find(this.stream, this.next);
        if (found === null) return false;
        this.#goTo(found);
      } else if (within(mark, this.#segment, this.#offset)) {
        if (this.#offset < this.#endOf(this.#segment)) return true;
        if (this.#segment >= this.#source.visible.segment || mark.next === null) return this.#over();
        this.#goTo(mark.next);
      } else if (mark.next === null) return this.#over();
      else this.#goTo(mark.next);
    }
  }

  /** Nothing more is to be seen: what was there when it began has been seen. */
  #over(): false {
    if (this.next <= this.#known) throw this.#missing();
    return false;
  }

  #goTo(mark: Mark): void {
    if (mark.segment !== this.#segment) this.#pane.clear();
    this.#mark = mark;
    this.#segment = mark.segment;
    this.#offset = mark.offset;
  }

  /** Where that ends which may be seen of a segment. */
  #endOf(segment: number): number {
    const { visible } = this.#source;
    if (segment === visible.segment) return visible.offset;
    return segment < visible.segment ? (this.#contents.segments.get(segment)?.bytes ?? 0) : 0;
  }

  /** Delivers what is in the pane, up to `maxBuffer` events, and sees to it that there is more. */
  async #step(): Promise<void> {
    const end = this.#endOf(this.#segment);
    while (this.#left > 0) {
      if (this.#line > 0) {
        this.#deliver();
        if (this.#subscriber.closed) return;
        continue;
      }
      if (this.#offset >= end || !within(this.#mark as Mark, this.#segment, this.#offset)) return;
      const pane = this.#pane;
      const found = this.#frame.find(pane.buffer, this.#offset - pane.offset, pane.filled);
      if (found < 0) throw this.#damaged('this is no record');
      if (found > 0) return this.#load(found, end);
      if (this.#header.matches(this.#frame, pane.buffer)) {
        if (!this.#open()) return;
      } else this.#offset = pane.offset + this.#frame.end;
    }
    await turn();
    this.#left = this.#maxBuffer;
  }

  /** Begins with the commits in the frame, where there is something in them. `false`: with them the stream has ended. */
  #open(): boolean {
    const { buffer } = this.#pane;
    const header = this.#header;
    if (!this.#frame.intact(buffer)) throw this.#damaged('a record is not what was written');
    header.read(this.#frame, buffer);
    if (header.seq > this.next) throw this.#missing();
    if (header.events > 0 && header.seq + header.events > this.next) {
      this.#line = this.#frame.lines;
      this.#lineSeq = header.seq;
    } else return this.#pass();
    return true;
  }

  /** Leaves the frame behind. */
  #pass(): boolean {
    this.#line = 0;
    this.#offset = this.#pane.offset + this.#frame.end;
    if (this.#header.close) this.#subscriber.complete();
    return !this.#header.close;
  }

  /** Delivers lines of the frame, as many as this turn allows. */
  #deliver(): void {
    const { buffer } = this.#pane;
    const { seq: first, events, commit, commits, at } = this.#header;
    const each = events / commits;
    const { codec } = this.#source;
    const subscriber = this.#subscriber;
    const { stream } = this;
    const names = this.#names;
    const filter = this.#filter;
    const final = first + events - 1;
    const until = Math.min(final, this.#last, this.#end);
    for (let seq = this.#lineSeq; seq <= until && this.#left > 0; seq++) {
      const line = this.#line;
      const end = seq === final ? this.#frame.end - 1 : buffer.indexOf(newline, line);
      this.#line = end + 1;
      this.#lineSeq = seq + 1;
      if (seq < this.next) continue;
      this.next = seq + 1;
      if (filter !== null && !filter.mayMatch(buffer, line)) continue;
      const event = codec.decode(buffer.toString('utf8', line, end));
      if (names !== null && !names.has((event as { readonly name?: unknown } | null)?.name as string)) continue;
      this.#left--;
      const index = seq - first;
      const nth = commits === 1 ? 0 : Math.floor(index / each);
      const last = index === (nth + 1) * each - 1;
      subscriber.next({ stream, seq, position: positionOf(seq), commit: commit + nth, last, event, at });
      if (subscriber.closed) return;
    }
    if (this.#lineSeq > final) this.#pass();
    else if (this.#lineSeq > until) subscriber.complete();
  }

  async #load(need: number, end: number): Promise<void> {
    const file = await this.#take();
    // Its segment was dropped in the meantime: what it had is trimmed, and the next look says so.
    if (file === null) return;
    const before = this.#pane.has(this.#offset);
    try {
      await this.#pane.load(file, this.#offset, need, end);
    } catch (error) {
      throw this.#unreadable(error);
    }
    if (this.#pane.has(this.#offset) === before) throw this.#damaged('the end of a record is missing');
    this.#left = this.#maxBuffer;
  }

  async #take(): Promise<FileHandle | null> {
    const segment = this.#segment;
    if (this.#handle?.segment === segment) return this.#handle.file;
    this.#giveBack();
    const { handles } = this.#source;
    try {
      this.#handle = { segment, file: await handles.take(segment) };
      return this.#handle.file;
    } catch (error) {
      handles.give(segment);
      if (codeOf(error) === 'ENOENT') await this.#source.catchUp();
      if (this.#source.contents.segments.has(segment)) throw this.#unreadable(error);
      this.#mark = null;
      return null;
    }
  }

  #giveBack(): void {
    if (this.#handle !== null) this.#source.handles.give(this.#handle.segment);
    this.#handle = null;
  }

  #unreadable(error: unknown): CoordinationError {
    return unavailable(error, this.#source.home.path(this.#segment), 'not-applied');
  }

  #damaged(what: string): LogCorruptError {
    return corrupt(this.#source.home.path(this.#segment), this.#offset, what);
  }

  #missing(): LogCorruptError {
    return this.#damaged(`event ${this.next} of '${this.stream}' is missing`);
  }

  /** The same with the place where it really is: this reader may have passed by it. */
  #explained(error: LogCorruptError): Promise<LogCorruptError> {
    const segment = this.#segment;
    const from = this.#contents.places.find(this.stream, this.next)?.segment ?? segment;
    return findDamage(this.#source.home, from, { segment, offset: this.#endOf(segment) }, error);
  }
}

/** Resolves when those readers of a stream are there who are nearly there. */
export async function reached(readers: Readers<FileReader>, stream: string, seq: number): Promise<void> {
  await Promise.all([...readers.of(stream)].map((reader) => reader.reach(seq)));
}
