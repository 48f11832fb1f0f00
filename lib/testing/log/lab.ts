/** What the laws of logs are written with. */
import { firstValueFrom, lastValueFrom, race, Subject, timer, toArray, type Observable, type Subscription } from 'rxjs';
import type { AppendOptions, EventLog, Receipt, Stored } from '../../log/EventLog.ts';
import { expectEqual } from '../contract/lab.ts';
import { show } from '../show.ts';

/** A place for logs under test: fresh for each case, with a log that nobody has used. */
export interface LogLab {
  /** A handle onto the one log of this case; where there can be only one at a time, always that one. */
  open(): Promise<EventLog>;
  /** Closes all handles and opens the log anew, as after a restart. Needed for `restarts`. */
  reopen?(): Promise<EventLog>;
  /** Lets time pass on the clock of the log. */
  advance(ms: number): Promise<void>;
  /** How long the leases of the cases are, in milliseconds. */
  readonly unit: number;
  /** How long to wait for what must come, in milliseconds of the host. Default 5,000. */
  readonly patience?: number;
  close(): Promise<void>;
}

export type LogLaw = (lab: LogLab) => Promise<void>;
export type LogLaws = Readonly<Record<string, LogLaw>>;

/** The events of the cases. */
export interface Note {
  readonly name: string;
  readonly n: number;
}

/** `note(3)` is called `n3`. */
export const note = (n: number): Note => ({ name: `n${n}`, n });
export const notes = (from: number, to: number): Note[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => note(from + i));

/** Which note each event is; `null` for anything else. */
export const numbers = (events: readonly Stored[]): (number | null)[] =>
  events.map(({ event }) => (event as Partial<Note> | null)?.n ?? null);

/** Appends notes, each a commit. */
export async function fill(log: EventLog, stream: string, from: number, to: number): Promise<void> {
  await Promise.all(notes(from, to).map((each) => log.append(stream, [each])));
}

/** What has come of a subscription so far. */
export interface Collected {
  readonly events: readonly Stored[];
  /** `'open'`, `'complete'`, or the error. */
  readonly end: unknown;
  /** Resolves when so many events have come; rejects when it ends before, or does not come that far in time. */
  until(count: number): Promise<void>;
  /** Resolves when it has completed; rejects with the error if it ends with one. */
  completed(): Promise<void>;
  /** Resolves with the error that has ended it, or `null` when it has completed. */
  ended(): Promise<unknown>;
  leave(): void;
}

/** Subscribes and keeps what comes. */
export function collect(
  lab: LogLab,
  source: Observable<Stored>,
  each: (stored: Stored) => void = () => undefined,
): Collected {
  const events: Stored[] = [];
  const moved = new Subject<void>();
  let end: unknown = 'open';
  const subscription: Subscription = source.subscribe({
    next: (stored) => {
      events.push(stored);
      each(stored);
      moved.next();
    },
    error: (error: unknown) => {
      end = error;
      moved.next();
    },
    complete: () => {
      end = 'complete';
      moved.next();
    },
  });
  const said = (): string => `${events.length} events, ${end === 'open' ? 'still open' : show(end)}`;

  /** Waits until something is so, without asking more often than something happens. */
  async function wait(what: string, done: () => boolean): Promise<void> {
    const late = timer(lab.patience ?? 5_000);
    while (!done()) {
      if (end !== 'open') throw new Error(`A reader waits for ${what}, and has ended: ${said()}.`);
      const moves = await firstValueFrom(race(moved, late), { defaultValue: 0 });
      if (moves === 0) throw new Error(`A reader waits for ${what} in vain: ${said()}.`);
    }
  }

  return {
    events,
    get end() {
      return end;
    },
    until: (count) => wait(`${count} events`, () => events.length >= count),
    completed: async () => {
      await wait('its end', () => end !== 'open');
      if (end !== 'complete') throw end as Error;
    },
    ended: async () => {
      await wait('its end', () => end !== 'open');
      return end === 'complete' ? null : end;
    },
    leave: () => {
      subscription.unsubscribe();
    },
  };
}

/** All that a read gives. */
export async function all(lab: LogLab, source: Observable<Stored>): Promise<readonly Stored[]> {
  const collected = collect(lab, source);
  await collected.completed();
  return collected.events;
}

/** Which notes a read gives. */
export async function read(
  lab: LogLab,
  log: EventLog,
  stream: string,
  options?: Parameters<EventLog['read']>[1],
): Promise<(number | null)[]> {
  return numbers(await all(lab, log.read(stream, options)));
}

interface Coded {
  readonly code?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The code of an error, or the error where it has none. */
export const codeOf = (error: unknown): string => (error as Coded | null)?.code ?? show(error);

/** `'done'`, or the code of the rejection. */
export const outcome = (work: Promise<unknown>): Promise<string> => work.then(() => 'done', codeOf);

/** Expects a rejection with this code, and these among its details. */
export async function refused(
  work: Promise<unknown>,
  code: string,
  details: Readonly<Record<string, unknown>> = {},
  what: string = code,
): Promise<void> {
  const error: Coded = await work.then(
    () => ({ code: 'done' }),
    (reason: unknown) => reason as Coded,
  );
  if (error.code !== code) throw new Error(`${what}: expected ${code}, got ${error.code ?? show(error)}.`);
  const told = Object.fromEntries(Object.keys(details).map((key) => [key, error.details?.[key]]));
  expectEqual(told, details, `the details of ${what}`);
}

/** An append that must not go in, and leaves everything as it was. */
export async function refusedAppend(
  lab: LogLab,
  log: EventLog,
  stream: string,
  options: AppendOptions,
  code: string,
  details: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const before = [await log.head(stream), await read(lab, log, stream)];
  await refused(log.append(stream, [note(666)], options), code, details);
  expectEqual([await log.head(stream), await read(lab, log, stream)], before, `'${stream}' after ${code}`);
}

/** Takes a lease by an append to a stream of its own; its token. */
export async function lease(log: EventLog, key: string, ttl: number, owner = 'somebody'): Promise<number> {
  const receipt = await log.append(`leases of ${key}`, [], {
    effects: [{ op: 'lease', key, token: null, ttl, owner }],
  });
  const token = receipt.tokens[key];
  if (token === undefined) throw new Error(`A lease of '${key}' was given without a token.`);
  return token;
}

/** A receipt without what differs between two deliveries. */
export const told = (receipt: Receipt): Omit<Receipt, 'replayed' | 'durability'> => {
  const { firstSeq, lastSeq, commit, position, epoch, at, tokens } = receipt;
  return { firstSeq, lastSeq, commit, position, epoch, at, tokens };
};

/** What a call throws; `null` when it does not. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return null;
}

/** The names of the streams there are. */
export const namesOf = (log: EventLog, options?: Parameters<EventLog['streams']>[0]): Promise<string[]> =>
  lastValueFrom(log.streams(options).pipe(toArray()), { defaultValue: [] });
