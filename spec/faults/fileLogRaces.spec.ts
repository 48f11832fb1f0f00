import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileLog } from '../../adapters/file/fileLog.ts';
import type { EventLog, Receipt } from '../../lib/log/EventLog.ts';
import { told } from '../../lib/testing/log/lab.ts';
import { guardOf, race, type Heard, type Race, type Raced } from '../support/fileLogRace.ts';
import { endFileLogWorkers, startFileLogWorker } from '../support/fileLogWorkers.ts';
import { runs } from '../support/runs.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rxbaton-race-'));
});
afterEach(async () => {
  await endFileLogWorkers();
  rmSync(directory, { recursive: true, force: true });
});

interface Entry {
  readonly who: number;
  readonly race: number;
  readonly epoch: number;
  readonly expectedSeq: number;
}

const entries = async (log: EventLog<Entry>, stream: string): Promise<Entry[]> =>
  (await lastValueFrom(log.read(stream).pipe(toArray()))).map(({ event }) => event);

/** The writer of a log, another handle in its process, and two other processes race for everything; what each has heard. */
async function raceAll(log: EventLog<Entry>, races: number): Promise<readonly Raced[]> {
  await Promise.all(
    Array.from({ length: races }, (_, i) =>
      log.append('leases', [], {
        effects: [{ op: 'lease', key: guardOf(i).key, token: null, ttl: 600_000, owner: 'all' }],
      }),
    ),
  );
  const workers = await Promise.all([2, 3].map((who) => startFileLogWorker({ do: 'race', directory, who, races })));
  const submitter = await fileLog({ directory, submit: true });
  await Promise.all(workers.map((worker) => worker.heard(1)));
  // The writer itself would always be the first: every other time it comes when one of the others has just won something.
  const late = async (i: number): Promise<unknown> =>
    i % 2 === 0 || firstValueFrom(log.read(`expected ${i}`, { follow: true }));
  const here = await Promise.all([race(log, 0, races, late), race(submitter, 1, races)]);
  await submitter.close();
  expect(await Promise.all(workers.map((worker) => worker.ended))).toEqual(['', '']);
  return [...here, ...workers.map(({ said }) => said[1] as unknown as Raced)];
}

it(
  'lets exactly one of four handles win each race, and changes nothing for the others',
  { timeout: 3_600_000 },
  async () => {
    const races = runs(300);
    const log = await fileLog<Entry>({ directory, segmentBytes: 100_000 });
    const raced = await raceAll(log, races);
    const each = (kind: Race): (readonly Heard[])[] =>
      Array.from({ length: races }, (_, i) => raced.map(({ heard }) => heard[kind][i] as Heard));
    const winner = (heard: readonly Heard[], refusal: string): number => {
      expect(heard.filter((one) => one === refusal)).toHaveLength(3);
      return heard.findIndex((one) => typeof one !== 'string');
    };

    // One who expects what is there; nobody wins because of his seat.
    const seats = new Set<number>();
    for (const [i, heard] of each('expected').entries()) {
      const who = winner(heard, 'RXB_LOG_CONFLICT');
      seats.add(who);
      expect(await entries(log, `expected ${i}`)).toEqual([{ who, race: i }]);
    }
    expect(seats.size).toBeGreaterThan(1);

    // One who uses a key, who gets a lease, who may with a lease.
    for (const [kind, refusal] of [
      ['once', 'RXB_LOG_DUPLICATE'],
      ['leased', 'RXB_LOG_GUARD_LOST'],
      ['guarded', 'RXB_LOG_GUARD_LOST'],
    ] as const) {
      const winners = each(kind).map((heard) => winner(heard, refusal));
      const found = await entries(log, kind);
      expect(found.sort((a, b) => a.race - b.race)).toEqual(winners.map((who, i) => ({ who, race: i })));
    }
    const tokens = each('leased').flatMap((heard) =>
      heard.flatMap((one) => (typeof one === 'string' ? [] : Object.values(one.tokens))),
    );
    expect(new Set(tokens).size).toBe(races);

    // One who appends what all deliver, and all have his receipt.
    for (const heard of each('delivered')) {
      const receipts = heard as readonly Receipt[];
      expect(receipts.filter(({ replayed }) => !replayed)).toHaveLength(1);
      for (const receipt of receipts) expect(told(receipt)).toEqual(told(receipts[0] as Receipt));
    }
    expect((await entries(log, 'delivered')).map(({ race }) => race).sort((a, b) => a - b)).toEqual(
      Array.from({ length: races }, (_, i) => i),
    );

    // All whose epoch is not below one that was there before, in the order in which they came.
    for (const [i, heard] of each('fenced').entries()) {
      const admitted = raced.flatMap(({ who }, at) => {
        const one = heard[at] as Heard;
        if (typeof one !== 'string') return [{ at: one.firstSeq, event: { who, race: i, epoch: one.epoch } }];
        expect(one).toBe('RXB_LOG_FENCED');
        return [];
      });
      const found = await entries(log, `fenced ${i}`);
      expect(found).toEqual(admitted.sort((a, b) => a.at - b.at).map(({ event }) => event));
      const epochs = found.map(({ epoch }) => epoch);
      expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
      expect(epochs.at(-1)).toBe(4);
      expect(await log.head(`fenced ${i}`)).toMatchObject({ epoch: 4, lastSeq: found.length });
    }

    // No step of the counter is lost or made twice.
    const steps = raced.flatMap(({ who, counted }) => counted.map((expectedSeq) => ({ who, expectedSeq })));
    expect(await entries(log, 'counter')).toEqual(steps.sort((a, b) => a.expectedSeq - b.expectedSeq));
    expect(steps.map(({ expectedSeq }) => expectedSeq)).toEqual(steps.map((_, i) => i));
    await log.close();
  },
);
