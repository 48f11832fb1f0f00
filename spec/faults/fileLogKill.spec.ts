import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { lastValueFrom, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileLog, type FileLogOptions } from '../../adapters/file/fileLog.ts';
import { verify } from '../../adapters/file/verify.ts';
import { LogCorruptError } from '../../lib/errors.ts';
import type { EventLog } from '../../lib/log/EventLog.ts';
import type { Acknowledged } from '../support/fileLogTasks.ts';
import { endFileLogWorkers, startFileLogWorker } from '../support/fileLogWorkers.ts';
import { KilledLog } from '../support/KilledLog.ts';
import { runs } from '../support/runs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rxbaton-kill-'));
});
afterEach(async () => {
  await endFileLogWorkers();
  rmSync(folder, { recursive: true, force: true });
});

/** When a writer is killed: after that many acknowledgements, or milliseconds after its start or its first word. */
interface Moment {
  readonly after: 'acks' | 'start' | 'ready';
  readonly count: number;
}

const moment: fc.Arbitrary<Moment> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ after: fc.constant('acks' as const), count: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ after: fc.constant('start' as const), count: fc.nat(150) }) },
  { weight: 2, arbitrary: fc.record({ after: fc.constant('ready' as const), count: fc.nat(40) }) },
);

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** One writer after another goes on in the same directory, and is killed. */
async function killThemAll(directory: string, kills: number, retention?: number): Promise<KilledLog> {
  const [moments = []] = fc.sample(fc.array(moment, { minLength: kills, maxLength: kills }), 1);
  const log = new KilledLog(directory);
  for (const [round, { after, count }] of moments.entries()) {
    const worker = await startFileLogWorker({ do: 'commit', directory, round, ...(retention && { retention }) });
    if (after === 'acks') await worker.heard(1 + count);
    else {
      if (after === 'ready') await worker.heard(1);
      await wait(count);
    }
    worker.kill();
    expect(await worker.ended).toBe('');
    for (const said of worker.said.slice(1)) log.hear(said as unknown as Acknowledged);
    await log.check();
  }
  return log;
}

it('loses nothing that was acknowledged and returns nothing torn, whenever its writer is killed; the next one goes on', async () => {
  const kills = runs(55);
  const retentions = [undefined, undefined, 110_000, 110_000];
  const logs = await Promise.all(retentions.map((retention, i) => killThemAll(join(folder, `${i}`), kills, retention)));
  for (const [i, log] of logs.entries()) {
    expect(log.acknowledged).toBeGreaterThan(kills * 5);
    expect(log.unheard).toBeGreaterThan(0);
    const first = await log.checkAll();
    if (retentions[i] === undefined) expect(first).toEqual([1, 1]);
    else expect(Math.min(...first)).toBeGreaterThan(1);
    expect((await verify(join(folder, `${i}`))).damages).toEqual([]);
    // Nor do deaths pile up rubbish: a draft of the last may be there, which the next one of its name replaces.
    const drafts = readdirSync(join(folder, `${i}`)).filter((name) => name.endsWith('.new'));
    expect(drafts.filter((name) => !/^(checkpoint\.json|segment-\d+\.jsonl)\.new$/.test(name))).toEqual([]);
    expect(drafts.length).toBeLessThan(4);
  }
}, 3_600_000);

const open = (directory: string, options: Partial<FileLogOptions> = {}): Promise<EventLog> =>
  fileLog({ directory, ...(options.readOnly !== true && { fsync: 'never' }), ...options });

const readAll = (log: EventLog, stream: string): Promise<unknown[]> =>
  lastValueFrom(log.read(stream).pipe(toArray())).then((stored) => stored.map(({ event }) => event));

/** A log with one segment, and how many events of `s` there are up to each place where a commit ends. */
async function smallLog(directory: string): Promise<{ readonly file: string; readonly ends: Map<number, number> }> {
  const file = join(directory, 'segment-00000001.jsonl');
  const log = await open(directory);
  const ends = new Map([[statSync(file).size, 0]]);
  let count = 0;
  for (const events of [['one'], ['two', 'three'], ['four', 'five', 'six']]) {
    await log.append('s', events, count === 1 ? { commitId: 'c', once: ['k'] } : {});
    ends.set(statSync(file).size, (count += events.length));
  }
  await log.close();
  return { file, ends };
}

const six = ['one', 'two', 'three', 'four', 'five', 'six'];

/** Where the commit begins that has this byte. */
const startOf = (ends: ReadonlyMap<number, number>, at: number): number =>
  Math.max(...[...ends.keys()].filter((place) => place <= at));

describe('a segment', { timeout: 300_000 }, () => {
  it.each([
    ['is cut off', 1, (file: string, at: number) => truncateSync(file, at)],
    ['is zeros', 5, (file: string, at: number) => writeFileSync(file, readFileSync(file).fill(0, at))],
    [
      'is something else',
      5,
      (file: string, at: number) =>
        writeFileSync(file, readFileSync(file).fill('{"crc":"12345678","bytes":0,"op":1}\n', at)),
    ],
  ])('that %s from any byte on is read, and goes on, behind its last whole commit', async (_, step, damage) => {
    const directory = join(folder, 'log');
    const { file, ends } = await smallLog(directory);
    const whole = readFileSync(file);
    for (let at = Math.min(...ends.keys()); at < whole.length; at += step) {
      const end = startOf(ends, at);
      const events = six.slice(0, ends.get(end));
      writeFileSync(file, whole);
      damage(file, at);
      const reader = await open(directory, { readOnly: true });
      expect(await readAll(reader, 's'), `byte ${at}`).toEqual(events);
      await reader.close();
      const log = await open(directory);
      expect(statSync(file).size, `byte ${at}`).toBe(end);
      const { firstSeq, commit } = await log.append('s', ['next'], { expectedSeq: events.length });
      expect([firstSeq, commit]).toEqual([events.length + 1, [0, 1, 3, 6].indexOf(events.length) + 1]);
      expect(await readAll(log, 's')).toEqual([...events, 'next']);
      await log.close();
    }
  });
});

describe('a byte that is not what was written', { timeout: 300_000 }, () => {
  const flip = (file: string, whole: Uint8Array, at: number): void => {
    const bytes = Uint8Array.from(whole);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
    writeFileSync(file, bytes);
  };

  it('is found on opening, with the file and the place of its commit, wherever another commit follows', async () => {
    const directory = join(folder, 'log');
    const { file, ends } = await smallLog(directory);
    const whole = readFileSync(file);
    const [first = 0, , , last = 0] = ends.keys();
    const lastCommit = startOf(ends, last - 1);
    for (let at = 0; at < lastCommit; at++) {
      flip(file, whole, at);
      // Writers are slower to refuse.
      const error: unknown = await fileLog({ directory, readOnly: at % 5 > 0 }).catch((reason: unknown) => reason);
      // Of the first line one byte is the number of the version.
      if (at < first && (error as Error).name === 'LogVersionError') continue;
      expect(error, `byte ${at}`).toBeInstanceOf(LogCorruptError);
      const offset = at < first ? 0 : startOf(ends, at);
      expect((error as LogCorruptError).details, `byte ${at}`).toMatchObject({ file, offset });
      expect((error as LogCorruptError).message).toContain(`${file} is damaged at byte ${offset}`);
      expect((error as LogCorruptError).hint).toContain('backup');
    }
    // Nothing was cut off, or mended in secret.
    expect(statSync(file).size).toBe(whole.length);
    writeFileSync(file, whole);
    const log = await open(directory);
    expect(await readAll(log, 's')).toEqual(six);
    await log.close();
  });

  it('is found by who reads what was checked long ago, and never skipped', async () => {
    const directory = join(folder, 'log');
    const log = await open(directory, { segmentBytes: 850 });
    for (const n of [1, 2, 3]) {
      await log.append('a', [{ name: 'x', n }]);
      await log.append('b', [
        { name: 'x', n },
        { name: 'y', n },
      ]);
    }
    // All of that is in the first segment; another stream goes on behind it.
    const segments = (): number => readdirSync(directory).filter((name) => name.startsWith('segment-')).length;
    while (segments() < 2) await log.append('c', ['more']);
    const file = join(directory, 'segment-00000001.jsonl');
    const whole = readFileSync(file);
    const right = { a: await readAll(log, 'a'), b: await readAll(log, 'b') };
    let found = 0;
    for (let at = 0; at < whole.length; at++) {
      flip(file, whole, at);
      let heard = false;
      for (const stream of ['a', 'b'] as const) {
        const read: unknown = await Promise.race([
          readAll(log, stream).catch((error: unknown) => error),
          wait(20_000).then(() => 'nothing is heard'),
        ]);
        if (read instanceof Error) {
          expect(['LogCorruptError', 'LogVersionError'], `byte ${at}: ${read.message}`).toContain(read.name);
          expect((read as Error & { details: unknown }).details, `byte ${at}`).toMatchObject({ file });
          heard = true;
        } else expect(read, `byte ${at}, stream ${stream}`).toEqual(right[stream]);
      }
      if (heard) found++;
    }
    // Each commit in that segment is of one of the two.
    expect(found).toBe(whole.length);
    writeFileSync(file, whole);
    await log.close();
  });
});
