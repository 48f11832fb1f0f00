import type { Subscriber } from 'rxjs';
import { setImmediate as turn } from 'node:timers/promises';
import { LogCorruptError, type CoordinationError } from '../../lib/errors.ts';
import { currentFrame, runIn } from '../../lib/internal/context.ts';
import type { Stored } from '../../lib/log/EventLog.ts';
import type { StreamFacts } from '../../lib/log/Ledger.ts';
import { positionOf } from '../../lib/log/position.ts';
import type { Reader, Readers } from '../../lib/log/Readers.ts';
import { checkTrimmed, type Range, type ReadRequest } from '../../lib/log/readRequest.ts';
import { FrameLines } from './FrameLines.ts';
import { NameFilter } from './NameFilter.ts';
import { Walk, type Source } from './Walk.ts';

/** In events: a reader is there in no time. */
const near = 1_000;

/** Somebody who reads a stream: goes through the files and delivers what it comes by, while there is something to read. */
export class FileReader implements Reader {
  readonly stream: string;
  next: number;
  readonly #last: number;
  readonly #source: Source;
  readonly #subscriber: Subscriber<Stored>;
  readonly #maxBuffer: number;
  readonly #names: ReadonlySet<string> | null;
  readonly #filter: NameFilter | null;
  readonly #walk: Walk;
  /** The stream as it was when it was first there: another one of its name is not what was asked for. */
  #life: StreamFacts | undefined;
  /** The last event when it began. */
  readonly #known: number;
  /** Those of the frame that is being delivered, and the `seq` of the next one. 0: none is. */
  readonly #lines = new FrameLines();
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
    this.#walk = new Walk(source, request.stream);
    this.#life = source.contents.ledger.facts(request.stream);
    this.#known = this.#life?.last ?? 0;
  }

  /** The oldest segment that it may still look into. */
  get segment(): number {
    if (this.#begun) return this.#running ? this.#walk.segment : Infinity;
    return this.#source.contents.places.find(this.stream, this.next)?.segment ?? Infinity;
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
      this.#subscriber.error(error instanceof LogCorruptError ? await this.#walk.explained(error, this.next) : error);
    } finally {
      this.#running = false;
      this.#walk.rest();
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
    const facts = this.#source.contents.ledger.facts(this.stream);
    if (this.#walk.reopened()) {
      this.#lineSeq = 0;
      if (this.#life !== undefined) this.#life = facts;
    }
    this.#life ??= facts;
    if (facts !== this.#life || this.next > Math.min(this.#last, this.#end)) {
      this.#subscriber.complete();
      return false;
    }
    if (facts === undefined) return false;
    checkTrimmed(this.stream, this.next, facts.first);
    // In the middle of a frame.
    return this.#lineSeq > 0 || this.#walk.seek(this.next) || this.#over();
  }

  /** Nothing more is to be seen: what was there when it began has been seen. */
  #over(): false {
    if (this.next <= this.#known) throw this.#missing();
    return false;
  }

  /** Delivers what is in memory, up to `maxBuffer` events, and sees to it that there is more. */
  async #step(): Promise<void> {
    const walk = this.#walk;
    const { end } = walk;
    while (this.#left > 0) {
      if (this.#lineSeq === 0) {
        const found = walk.toFrame(end);
        if (found < 0) return;
        if (found > 0) {
          await walk.load(found, end);
          this.#left = this.#maxBuffer;
          return;
        }
        this.#open();
      } else this.#deliver();
      if (this.#subscriber.closed) return;
    }
    await turn();
    this.#left = this.#maxBuffer;
  }

  /** Begins with the commits in the frame, where there is something in them. */
  #open(): void {
    const { header, frame, buffer } = this.#walk;
    if (header.seq > this.next) throw this.#missing();
    if (header.events > 0 && header.seq + header.events > this.next) {
      this.#lines.open(buffer, frame.lines, frame.end);
      this.#lineSeq = header.seq;
    } else this.#pass();
  }

  /** Leaves the frame behind. */
  #pass(): void {
    this.#lineSeq = 0;
    this.#walk.pass();
    if (this.#walk.header.close) this.#subscriber.complete();
  }

  /** Delivers lines of the frame, as many as this turn allows. */
  #deliver(): void {
    const { seq: first, events, commit, commits, at } = this.#walk.header;
    const each = events / commits;
    const { codec } = this.#source;
    const subscriber = this.#subscriber;
    const { stream } = this;
    const names = this.#names;
    const filter = this.#filter;
    const lines = this.#lines;
    const final = first + events - 1;
    const until = Math.min(final, this.#last, this.#end);
    for (let seq = this.#lineSeq; seq <= until && this.#left > 0; seq++) {
      const line = filter === null ? lines.next() : lines.nextOf(filter);
      this.#lineSeq = seq + 1;
      if (seq < this.next) continue;
      this.next = seq + 1;
      if (line === null) continue;
      const event = codec.decode(line);
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

  #missing(): LogCorruptError {
    return this.#walk.damaged(`event ${this.next} of '${this.stream}' is missing`);
  }
}

/** Resolves when those readers of a stream are there who are nearly there. */
export async function reached(readers: Readers<FileReader>, stream: string, seq: number): Promise<void> {
  await Promise.all([...readers.of(stream)].map((reader) => reader.reach(seq)));
}
