import { LogConflictError } from '../errors.ts';
import type { DeadLetter, DeadLetterStore } from '../events/deadLetter.ts';
import type { CoordinatorEvent } from '../events/event.ts';
import { Encoded } from './Encoded.ts';
import type { AppendOptions, EventLog } from './EventLog.ts';
import { lossless, losslessCodec } from './losslessCodec.ts';

/** What stands in the stream. The latest word on an id counts. */
type DeadLetterRecord =
  | { readonly name: 'dead_letter_kept'; readonly letter: DeadLetter }
  | { readonly name: 'dead_letter_gone'; readonly ids: readonly string[] };

export interface DeadLetterStoreOptions {
  /** How many the coordinator keeps. */
  readonly limit: number;
  /** Default `'dead-letters'`. */
  readonly stream?: string;
  /** The text of an event, as it may be seen in a log. Default: `losslessCodec`, with what cannot be written left out. */
  readonly encode?: (event: CoordinatorEvent) => string;
}

/** Letters in one commit: each of them can be large. */
const together = 64;

const textOf = (value: unknown): string => lossless(value, { opaque: true });

/**
 * The dead letters of a coordinator in a stream of a log. One commit is under way at a time; what comes meanwhile is gathered
 * for the next, and no more of it than is kept at all. What a failed commit said is said again with the next one.
 * `settled` resolves when nothing that was asked for is under way.
 */
export function deadLetterStore(
  log: EventLog | PromiseLike<EventLog>,
  options: DeadLetterStoreOptions,
): DeadLetterStore & { settled(): Promise<unknown> } {
  const { limit, stream = 'dead-letters', encode = textOf } = options;
  let kept = new Map<string, Encoded>();
  let gone = new Set<string>();
  let under: Promise<unknown> = Promise.resolve();
  let next: Promise<void> | null = null;

  function record({ event, ...letter }: DeadLetter): Encoded {
    return new Encoded(
      `{"name":"dead_letter_kept","letter":{${textOf(letter).slice(1, -1)},"event":${encode(event)}}}`,
      losslessCodec,
    );
  }

  function serially<T>(task: () => Promise<T>): Promise<T> {
    const done = under.then(task);
    under = done.then(ignore, ignore);
    return done;
  }

  async function flush(): Promise<void> {
    const [texts, ids] = [kept, gone];
    kept = new Map();
    gone = new Set();
    next = null;
    try {
      await append([...(ids.size === 0 ? [] : [{ name: 'dead_letter_gone', ids: [...ids] }]), ...texts.values()]);
    } catch (error) {
      for (const [id, text] of kept) texts.set(id, text);
      for (const id of gone) texts.delete(id);
      kept = texts;
      gone = new Set([...ids, ...gone]);
      crop(kept, limit);
      throw error;
    }
  }

  /** @param options Of the first commit. */
  async function append(records: readonly unknown[], options?: AppendOptions): Promise<void> {
    const opened = await log;
    for (let at = 0; at < records.length; at += together)
      await opened.append(stream, records.slice(at, at + together), at === 0 ? options : undefined);
  }

  async function load(): Promise<readonly DeadLetter[]> {
    const letters = new Map<string, DeadLetter>();
    let records = 0;
    let end = 0;
    const opened = await log;
    await opened.read(stream).forEach(({ event, seq }) => {
      records++;
      end = seq;
      const told = event as DeadLetterRecord;
      if (told.name === 'dead_letter_kept') letters.set(told.letter.id, told.letter);
      else for (const id of told.ids) letters.delete(id);
      // As the coordinator did: what was let go there without a word must not come back.
      crop(letters, limit);
    });
    if (records > 2 * letters.size) await renew(opened, [...letters.values()], end);
    // What was forgotten while this was read has still to be written.
    return [...letters.values()].filter(({ id }) => !gone.has(id));
  }

  /**
   * Says again what still counts, and forgets what was said up to `end`: so that the stream stays as short as what it tells.
   * Not where another coordinator has said something since: that may have been about one of these.
   */
  async function renew(opened: EventLog, letters: readonly DeadLetter[], end: number): Promise<void> {
    try {
      await append(letters.map(record), { expectedSeq: end });
      await opened.trim(stream, { before: end + 1, force: true });
    } catch (error) {
      if (!(error instanceof LogConflictError)) throw error;
    }
  }

  return {
    load: () => serially(load),
    settled: () => under,
    keep(letter) {
      kept.delete(letter.id);
      kept.set(letter.id, record(letter));
      crop(kept, limit);
      return (next ??= serially(flush));
    },
    forget(ids) {
      for (const id of ids) {
        kept.delete(id);
        gone.add(id);
      }
      return (next ??= serially(flush));
    },
  };
}

const ignore = (): void => {};

/** Lets the oldest go. */
function crop(letters: Map<string, unknown>, limit: number): void {
  for (const id of letters.keys()) {
    if (letters.size <= limit) return;
    letters.delete(id);
  }
}
