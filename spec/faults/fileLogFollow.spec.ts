import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstValueFrom, take, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileLog } from '../../adapters/file/fileLog.ts';
import type { EventLog, ReadOptions, Stored } from '../../lib/log/EventLog.ts';
import { eventOf } from '../support/fileLogTasks.ts';
import { endFileLogWorkers, startFileLogWorker } from '../support/fileLogWorkers.ts';

type Event = ReturnType<typeof eventOf>;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rxbaton-follow-'));
});
afterEach(async () => {
  await endFileLogWorkers();
  rmSync(directory, { recursive: true, force: true });
});

const events = 100_000;

/** So many events that are followed; nothing is heard of more than once, since those would be more. */
const followed = (log: EventLog<Event>, options: ReadOptions, count: number): Promise<Stored<Event>[]> =>
  firstValueFrom(log.read('events', { ...options, follow: true }).pipe(take(count), toArray()));

const seqs = (stored: readonly Stored<Event>[]): number[] => stored.map(({ seq }) => seq);
const range = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);

describe('a reader in another process', { timeout: 300_000 }, () => {
  it.each([
    ['one segment', 64 * 1024 * 1024],
    ['many segments', 200_000],
  ])('gets each of 100,000 events once, in order, while they are written to %s', async (_, segmentBytes) => {
    const writer = await startFileLogWorker({ do: 'write', directory, events, segmentBytes });
    await writer.heard(1);
    const log = await fileLog<Event>({ directory, readOnly: true });
    // Hears what comes from the middle of everything on, and whatever might come behind the last.
    const live: number[] = [];
    await firstValueFrom(log.read('events', { from: 30_000, follow: true }));
    log.read('events', { from: 'end', follow: true }).subscribe(({ seq }) => live.push(seq));
    const [all, half, rare] = await Promise.all([
      followed(log, {}, events),
      followed(log, { from: 50_000 }, 50_001),
      followed(log, { names: ['rare'] }, events / 100),
    ]);
    expect(seqs(all)).toEqual(range(1, events));
    expect(all.map(({ event }) => event)).toEqual(all.map(({ seq }) => eventOf(seq)));
    expect(seqs(half)).toEqual(range(50_000, events));
    expect(rare.map(({ event }) => event.n)).toEqual(range(100, events, 100));
    expect(await writer.ended).toBe('');
    expect(writer.said.at(-1)).toEqual({ written: events });
    const segments = readdirSync(directory).filter((name) => name.startsWith('segment-')).length;
    expect(segments > 1).toBe(segmentBytes < 1_000_000);
    await log.close();
    expect(live[0]).toBeGreaterThan(30_000);
    expect(live).toEqual(range(live[0] as number, events));
  });
});
