import { filter, firstValueFrom, Subscription } from 'rxjs';
import { LogUnavailableError } from '../errors.ts';
import { after } from '../internal/after.ts';
import type { Clock } from '../internal/env.ts';
import { Fifo } from '../internal/Fifo.ts';
import type { Backoff } from '../time/backoff.ts';
import { Encoded } from './Encoded.ts';
import type { Durability, EventLog, Receipt } from './EventLog.ts';
import { losslessCodec } from './losslessCodec.ts';

/** A value on its way to a log: its text, and what its owner wants back with the answer. */
export class Line<T> extends Encoded {
  readonly value: T;

  constructor(text: string, value: T) {
    super(text, losslessCodec);
    this.value = value;
  }
}

/** Who sends. */
export interface OutboxOwner<T> {
  readonly clock: Clock;
  readonly random: () => number;
  /** A new id. */
  id(): string;
  /** They are in the log, in this order. Must not throw. */
  arrived(lines: readonly Line<T>[]): void;
  /** They are not, or nobody knows. Must not throw. */
  failed(lines: readonly Line<T>[], error: unknown): void;
}

export interface OutboxOptions {
  readonly stream: string;
  readonly durability: Durability | undefined;
  /** After a `LogUnavailableError`. */
  readonly retry: Backoff;
}

/** How many signs go into one commit: enough that another one more would not make it faster, few enough for any log. */
const most = 256 * 1024;

/**
 * Sends lines to a stream of a log, in order, one commit at a time: what comes while one is under way makes up the next, so a
 * lone line waits for nothing and many share what a commit costs.
 */
export class Outbox<T> {
  readonly #log: EventLog | PromiseLike<EventLog>;
  readonly #options: OutboxOptions;
  readonly #owner: OutboxOwner<T>;
  readonly #waiting = new Fifo<Line<T>>();
  #flying: readonly Line<T>[] = [];
  #running = false;
  #hurried = false;
  /** Ends the wait before a repetition. */
  #wake: (() => void) | null = null;
  /** The first `seq` that the next commit may have: equal values that were there before are others. `null`: not known yet. */
  #next: number | null = null;

  constructor(log: EventLog | PromiseLike<EventLog>, options: OutboxOptions, owner: OutboxOwner<T>) {
    this.#log = log;
    this.#options = options;
    this.#owner = owner;
  }

  /** How many lines are not in the log yet. */
  get size(): number {
    return this.#waiting.length + this.#flying.length;
  }

  push(line: Line<T>): void {
    this.#waiting.push(line);
  }

  /** Takes back the oldest of those that are not under way. */
  shift(): Line<T> | undefined {
    return this.#waiting.shift();
  }

  /** Sends what was pushed. */
  flush(): void {
    if (!this.#running && this.#waiting.length > 0) void this.#run();
  }

  /** There is no time left for another wait: a commit that fails now is lost. */
  hurry(): void {
    this.#hurried = true;
    this.#wake?.();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      try {
        const log = await this.#log;
        this.#flying = this.#chunk(log.capabilities.maxCommitBytes);
        // Who waited may have been taken back meanwhile.
        if (this.#flying.length > 0) await this.#commit(log, this.#flying);
        this.#answer((lines) => this.#owner.arrived(lines));
      } catch (error) {
        // There is no log at all: nothing of what waits will ever be kept.
        if (this.#flying.length === 0) this.#flying = this.#chunk(Infinity);
        this.#answer((lines) => this.#owner.failed(lines, error));
      }
    }
    this.#running = false;
  }

  #answer(tell: (lines: readonly Line<T>[]) => void): void {
    const lines = this.#flying;
    this.#flying = [];
    if (lines.length > 0) tell(lines);
  }

  #chunk(maxCommitBytes: number): readonly Line<T>[] {
    // A sign takes three bytes at most. A line that is longer than all this goes alone, and the log says what it thinks of it.
    const limit = Math.min(most, maxCommitBytes / 3);
    const lines: Line<T>[] = [];
    let signs = 0;
    for (let line = this.#waiting.first; line !== undefined; line = this.#waiting.first) {
      signs += line.text.length + 1;
      if (signs > limit && lines.length > 0) break;
      lines.push(line);
      this.#waiting.shift();
    }
    return lines;
  }

  async #commit(log: EventLog, lines: readonly Line<T>[]): Promise<void> {
    const { stream, durability, retry } = this.#options;
    // Where a lost answer may be late news, an id makes the repetition safe. A log of this process has settled what it did when
    // it is asked again, and would remember the ids of every turn for a day.
    const { multiWriter } = log.capabilities;
    const commitId = multiWriter ? { commitId: this.#owner.id() } : {};
    let unsure = false;
    for (let attempt = 1; ; attempt++) {
      try {
        if (!multiWriter) this.#next ??= ((await log.head(stream))?.lastSeq ?? 0) + 1;
        if (unsure && (await this.#isThere(log, lines))) return;
        const receipt: Receipt = await log.append(stream, lines, {
          ...commitId,
          ...(durability === undefined ? {} : { durability }),
        });
        this.#next = receipt.lastSeq + 1;
        return;
      } catch (error) {
        if (!(error instanceof LogUnavailableError) || this.#hurried) throw error;
        const wait = retry(error, attempt, this.#owner.random);
        if (wait === null) throw error;
        if (error.details['outcome'] === 'unknown') unsure = !multiWriter;
        await this.#pause(wait);
      }
    }
  }

  async #pause(wait: number): Promise<void> {
    let timer = Subscription.EMPTY;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = after(this.#owner.clock, wait, resolve);
    });
    timer.unsubscribe();
    this.#wake = null;
  }

  /** Whether a commit of unknown outcome is there after all. */
  async #isThere(log: EventLog, lines: readonly Line<T>[]): Promise<boolean> {
    const text = losslessCodec.encode(losslessCodec.decode(lines[0]!.text));
    const first = log
      .read(this.#options.stream, { from: this.#next! })
      .pipe(filter(({ event }) => losslessCodec.encode(event) === text));
    return firstValueFrom(first, { defaultValue: null }).then((found) => found !== null);
  }
}
