import { ConfigError } from '../errors.ts';
import type { Clock } from '../internal/env.ts';
import { expected } from '../internal/options.ts';
import type { DeadLetter, DeadLetters, DeadLetterStore, Redelivery } from './deadLetter.ts';
import { errorData } from './errorData.ts';
import type { CoordinatorEvent } from './event.ts';
import type { Work } from './kernel.ts';
import type { Lane } from './lane.ts';

/** What it needs from its coordinator. */
export interface BoxHost {
  readonly clock: Clock & { wall(): number };
  /** The handlers that there are now. */
  readonly lanes: Iterable<Lane>;
  id(): string;
  admit(what: string): void;
  begin(work: Work): void;
  end(work: Work): void;
  report(error: unknown, what: string): void;
  /** There were more than are kept. Called for the first one. */
  overflowed(limit: number): void;
}

interface Kept {
  letter: DeadLetter;
  /** The handler itself; `null` when the letter is from an earlier run. */
  readonly lane: Lane | null;
  /** Which handler has it once more, and whether that will be done with it. */
  replay: { readonly lane: Lane; readonly done: Promise<boolean> } | null;
}

/** Keeps what handlers gave up on until somebody decides what becomes of it. */
export class DeadLetterBox implements DeadLetters {
  /** How many are kept. */
  readonly limit: number;
  readonly #host: BoxHost;
  /** Oldest first. */
  #kept = new Map<string, Kept>();
  readonly #replayed = new Set<Kept>();
  readonly #stores = new Set<DeadLetterStore>();
  /** Those of which nobody knows yet what they have of earlier runs. */
  readonly #unread = new Set<DeadLetterStore>();
  #reading: Promise<unknown> = Promise.resolve();
  #dropped = 0;

  constructor(host: BoxHost, limit: number) {
    this.#host = host;
    this.limit = limit;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** A handler gave up on an event. */
  add(error: unknown, event: CoordinatorEvent, lane: Lane): void {
    if (this.limit === 0) return;
    const failure = { error: errorData(error), failedAt: this.#host.clock.wall() };
    for (const kept of this.#replayed) {
      if (kept.letter.event !== event || kept.replay?.lane !== lane) continue;
      const { letter } = kept;
      kept.letter = { ...letter, ...failure, failures: letter.failures + 1 };
      // It may have been discarded meanwhile, or let go for newer ones.
      if (this.#kept.has(letter.id)) void this.#write((store) => store.keep(kept.letter));
      return;
    }
    const letter: DeadLetter = { id: this.#host.id(), event, handler: lane.name, ...failure, failures: 1 };
    this.#put({ letter, lane, replay: null });
    void this.#write((store) => store.keep(letter));
  }

  /** Keeps them in a store too, and takes in what it has of earlier runs when somebody asks. Returns what ends that. */
  keepIn(store: DeadLetterStore): () => void {
    this.#stores.add(store);
    this.#unread.add(store);
    // Those that are here go there.
    if (this.#kept.size > 0) void this.#all();
    return () => {
      this.#stores.delete(store);
      this.#unread.delete(store);
    };
  }

  async list(): Promise<readonly DeadLetter[]> {
    return [...(await this.#all()).values()].map(({ letter }) => letter);
  }

  async replay(which: string): Promise<Redelivery> {
    this.#host.admit('deadLetters.replay()');
    const report = { handled: 0, failed: 0, left: 0 };
    await this.#while(async () => {
      // So it is never inside a delivery: one that runs now was begun by this call and ends first.
      const chosen = await this.#choose(which);
      const again = async (kept: Kept): Promise<void> => {
        const lane = this.#laneOf(kept);
        if (lane instanceof ConfigError && which !== 'all') throw lane;
        if (lane instanceof ConfigError) report.left++;
        else if (await (kept.replay?.done ?? this.#again(kept, lane))) report.handled++;
        else report.failed++;
      };
      await Promise.all(chosen.map(again));
    });
    return report;
  }

  async discard(which: string): Promise<number> {
    const chosen = await this.#choose(which);
    await this.#forget(chosen);
    return chosen.length;
  }

  async #choose(which: string): Promise<readonly Kept[]> {
    if (typeof which !== 'string') expected('What is chosen of dead letters', "the id of one, or 'all'", which);
    const all = await this.#all();
    if (which === 'all') return [...all.values()];
    const kept = all.get(which);
    if (kept !== undefined) return [kept];
    throw new ConfigError(`There is no dead letter '${which}'.`, {
      hint: 'list() has their ids. It may have been handled, discarded, or let go for newer ones.',
      details: { id: which },
    });
  }

  #laneOf({ letter: { handler, event }, lane }: Kept): Lane | ConfigError {
    if (lane !== null && !lane.closed) return lane;
    const named = [...this.#host.lanes].filter((one) => one.name === handler && one.hears(event.name));
    const [only] = named;
    if (only !== undefined && named.length === 1) return only;
    return new ConfigError(`${named.length || 'No'} handlers called ${handler} listen to '${event.name}' now.`, {
      hint: named.length > 0 ? 'Give them functions with names of their own.' : 'Subscribe it first, under that name.',
      details: { handler, event: event.name, handlers: named.length },
    });
  }

  #again(kept: Kept, lane: Lane): Promise<boolean> {
    let tell!: (handled: boolean) => void;
    const done = new Promise<boolean>((resolve) => (tell = resolve));
    kept.replay = { lane, done };
    this.#replayed.add(kept);
    lane.redeliver(kept.letter.event, (handled) => {
      kept.replay = null;
      this.#replayed.delete(kept);
      if (!handled) tell(false);
      else
        void this.#forget([kept]).then(() => {
          tell(true);
        });
    });
    return done;
  }

  #put(kept: Kept): void {
    this.#kept.set(kept.letter.id, kept);
    if (this.#kept.size <= this.limit) return;
    const [oldest] = this.#kept.keys();
    this.#kept.delete(oldest!);
    if (this.#dropped++ === 0) this.#host.overflowed(this.limit);
  }

  #forget(letters: readonly Kept[]): Promise<void> {
    const ids = letters.map(({ letter }) => letter.id);
    for (const id of ids) this.#kept.delete(id);
    return this.#write((store) => store.forget(ids));
  }

  /** With those of earlier runs. */
  async #all(): Promise<ReadonlyMap<string, Kept>> {
    for (const store of this.#unread) this.#reading = Promise.all([this.#reading, this.#task(() => this.#read(store))]);
    this.#unread.clear();
    await this.#reading;
    return this.#kept;
  }

  async #read(store: DeadLetterStore): Promise<void> {
    let loaded: readonly DeadLetter[];
    try {
      loaded = await store.load();
    } catch (error) {
      // Whoever asks next may have more luck.
      if (this.#stores.has(store)) this.#unread.add(store);
      throw error;
    }
    const here = this.#kept;
    this.#kept = new Map();
    for (const letter of loaded) if (!here.has(letter.id)) this.#put({ letter, lane: null, replay: null });
    for (const kept of here.values()) this.#put(kept);
    const there = new Set(loaded.map(({ id }) => id));
    const missing = [...this.#kept.values()].filter(({ letter }) => !there.has(letter.id));
    await Promise.all(missing.map(({ letter }) => store.keep(letter)));
  }

  /** Resolves when it is written, or when it was reported that it was not. */
  async #write(write: (store: DeadLetterStore) => Promise<void>): Promise<void> {
    await Promise.all([...this.#stores].map((store) => this.#task(() => write(store))));
  }

  #task(write: () => Promise<void>): Promise<void> {
    return this.#while(write).catch((error: unknown) => {
      this.#host.report(error, 'Dead letters could not be kept in the log.');
    });
  }

  /** `settled()` waits for it. */
  async #while(task: () => Promise<void>): Promise<void> {
    const work: Work = { name: 'dead letters', before: null, after: null, abort: () => {} };
    this.#host.begin(work);
    try {
      await task();
    } finally {
      this.#host.end(work);
    }
  }
}
