import { lastValueFrom, toArray } from 'rxjs';
import { expect } from 'vitest';
import { fileLog } from '../../adapters/file/fileLog.ts';
import { LogUnavailableError } from '../../lib/errors.ts';
import type { EventLog, Stored } from '../../lib/log/EventLog.ts';
import { partsOf, type Acknowledged, type Part } from './fileLogTasks.ts';

interface Known {
  /** The first `seq` that was not looked at yet. */
  next: number;
  readonly acknowledged: Map<string, Acknowledged>;
}

/** What is known of a log whose writers are killed, held against what its files say after each. */
export class KilledLog {
  readonly #directory: string;
  readonly #streams = new Map<string, Known>([
    ['a', { next: 1, acknowledged: new Map() }],
    ['b', { next: 1, acknowledged: new Map() }],
  ]);
  acknowledged = 0;
  /** Commits that are there although nobody heard so: their writer died on the way. */
  unheard = 0;
  readonly #ids = new Set<string>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A writer has said this before it was killed. */
  hear(said: Acknowledged): void {
    this.#streams.get(said.stream)?.acknowledged.set(said.id, said);
    this.acknowledged++;
  }

  /** Reads what came since the last time, while nobody writes, and leaves it as it is. */
  async check(): Promise<void> {
    let log: EventLog<Part>;
    try {
      log = await fileLog<Part>({ directory: this.#directory, readOnly: true });
    } catch (error) {
      // The first writers may die before there is a log.
      if (this.acknowledged === 0 && error instanceof LogUnavailableError) return;
      throw error;
    }
    for (const [stream, known] of this.#streams) {
      const read = log.read(stream, { from: known.next });
      this.#compare(known, await lastValueFrom(read.pipe(toArray())));
    }
    await log.close();
  }

  /** Goes through everything that is left once more, as the next writer finds it; answers the first `seq` of each stream. */
  async checkAll(): Promise<number[]> {
    const log = await fileLog<Part>({ directory: this.#directory });
    const first: number[] = [];
    for (const [stream, known] of this.#streams) {
      const stored = await lastValueFrom(log.read(stream).pipe(toArray()));
      expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, i) => known.next - stored.length + i));
      first.push(stored[0]?.seq ?? 0);
    }
    await log.close();
    return first;
  }

  #compare(known: Known, stored: readonly Stored<Part>[]): void {
    const left = new Map(known.acknowledged);
    const latest = new Map<string, number>();
    for (let i = 0; i < stored.length;) {
      const { seq, event, commit } = stored[i] as Stored<Part>;
      const whole = stored.slice(i, i + event.of);
      const { id, of } = event;
      // Whole, without a gap, and as it was appended.
      expect(whole.map((one) => [one.seq, one.commit, one.last, one.event])).toEqual(
        partsOf(id, of).map((part, at) => [known.next + at, commit, at === of - 1, part]),
      );
      // Once.
      expect(this.#ids.has(id), `${id} is there twice`).toBe(false);
      this.#ids.add(id);
      // Where its writer was told that it is.
      const told = left.get(id);
      if (told === undefined) this.unheard++;
      else expect([told.firstSeq, told.lastSeq]).toEqual([seq, seq + of - 1]);
      left.delete(id);
      // In the order in which it was appended.
      const [, chain = '', count = ''] = id.split('.');
      expect(Number(count)).toBe((latest.get(chain) ?? -1) + 1);
      latest.set(chain, Number(count));
      known.next += of;
      i += of;
    }
    expect([...left.keys()], 'acknowledged and not there').toEqual([]);
    known.acknowledged.clear();
  }
}
