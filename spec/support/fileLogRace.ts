import { CoordinationError } from '../../lib/errors.ts';
import type { AppendOptions, EventLog, Receipt } from '../../lib/log/EventLog.ts';

/** What one of those who race has heard of each race: its receipt, or the code of the refusal. */
export type Heard = Receipt | string;

export interface Raced {
  readonly who: number;
  readonly heard: Readonly<Record<Race, readonly Heard[]>>;
  /** The last events that it expected when it was let in, one for each of its turns at the counter. */
  readonly counted: readonly number[];
}

export type Race = 'expected' | 'once' | 'delivered' | 'leased' | 'guarded' | 'fenced';

/** The key whose lease all know the token of. */
export const guardOf = (race: number): { readonly key: string; readonly token: number } => ({
  key: `guard ${race}`,
  token: race + 1,
});

const kinds: Readonly<Record<Race, (race: number, who: number) => readonly [string, unknown, AppendOptions]>> = {
  expected: (race, who) => [`expected ${race}`, { who, race }, { expectedSeq: 0 }],
  once: (race, who) => ['once', { who, race }, { once: [`key ${race}`] }],
  delivered: (race) => ['delivered', { race }, { commitId: `commit ${race}` }],
  leased: (race, who) => [
    'leased',
    { who, race },
    { effects: [{ op: 'lease', key: `lease ${race}`, token: null, ttl: 600_000, owner: `${who}` }] },
  ],
  // Who may is the holder of the lease, and the first who does ends it.
  guarded: (race, who) => [
    'guarded',
    { who, race },
    { guards: [guardOf(race)], effects: [{ op: 'unlease', key: guardOf(race).key }] },
  ],
  fenced: (race, who) => [
    `fenced ${race}`,
    { who, race, epoch: 1 + ((who + race) % 4) },
    { epoch: 1 + ((who + race) % 4) },
  ],
};

const codeOf = (error: unknown): string => {
  if (error instanceof CoordinationError) return error.code;
  throw error;
};

/**
 * Takes part in all races, some at a time and each in another order, and counts up with others.
 *
 * @param late What to wait for before one: who is nearer than the others would win them all.
 */
export async function race(
  log: EventLog,
  who: number,
  races: number,
  late?: (race: number) => Promise<unknown>,
): Promise<Raced> {
  const heard = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, [] as Heard[]])) as Record<Race, Heard[]>;
  const names = Object.keys(kinds) as Race[];
  for (let from = 0; from < races; from += 50) {
    await Promise.all(
      Array.from({ length: Math.min(50, races - from) }, async (_, i) => {
        const race = from + ((i * 7 + who * 13) % Math.min(50, races - from));
        await late?.(race);
        await Promise.all(
          names.map(async (_, turn) => {
            const kind = names[(turn + who) % names.length] as Race;
            const [stream, event, options] = kinds[kind](race, who);
            heard[kind][race] = await log.append(stream, [event], options).catch(codeOf);
          }),
        );
      }),
    );
  }
  return { who, heard, counted: await count(log, who) };
}

async function count(log: EventLog, who: number): Promise<number[]> {
  const counted: number[] = [];
  while (counted.length < 25) {
    const expectedSeq = (await log.head('counter'))?.lastSeq ?? 0;
    try {
      await log.append('counter', [{ who, expectedSeq }], { expectedSeq });
      counted.push(expectedSeq);
    } catch (error) {
      if (codeOf(error) !== 'RXB_LOG_CONFLICT') throw error;
    }
  }
  return counted;
}
