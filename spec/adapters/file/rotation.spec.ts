import fc from 'fast-check';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open as openFile } from 'node:fs/promises';
import { lastValueFrom, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fileLog, verify, type FileLogOptions } from '../../../adapters/file/index.ts';
import type { CoordinationError } from '../../../lib/errors.ts';
import type { EventLog } from '../../../lib/log/EventLog.ts';
import { losslessCodec } from '../../../lib/log/losslessCodec.ts';
import { virtualTime } from '../../../lib/testing/virtualTime.ts';
import { runs } from '../../support/runs.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rxbaton-rotation-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (options: Partial<FileLogOptions> = {}) => fileLog({ directory, fsync: 'never', ...options });
const all = (log: EventLog, stream = 's') => lastValueFrom(log.read(stream).pipe(toArray()));
const segments = () => readdirSync(directory).filter((name) => name.startsWith('segment-'));
const event = (n: number) => ({ name: 'event', n, filler: 'x'.repeat(60) });

/** Appends events, each a commit, one after the other. */
async function fill(log: EventLog, stream: string, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await log.append(stream, [event(n)]);
}

describe('retention', () => {
  it('deletes the oldest segments when all are too much, and says what is no longer there', async () => {
    const log = await open({ segmentBytes: 1_000, retention: { bytes: 3_000 } });
    await fill(log, 's', 1, 100);
    await log.close();

    const kept = segments().map((name) => statSync(join(directory, name)).size);
    expect(kept.length).toBeGreaterThan(1);
    expect(kept.slice(1).reduce((sum, size) => sum + size, 0)).toBeLessThan(3_000 + 2 * 1_300);
    const again = await open();
    const { firstSeq = 0, lastSeq } = (await again.head('s')) ?? {};
    expect(firstSeq).toBeGreaterThan(50);
    expect(lastSeq).toBe(100);
    expect((await all(again)).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 101 - firstSeq }, (_, i) => firstSeq + i),
    );
    await expect(lastValueFrom(again.read('s', { from: 1 }))).rejects.toMatchObject({
      code: 'RXB_LOG_TRIMMED',
      details: { firstSeq },
    });
    await again.close();
    expect((await verify(directory)).damages).toEqual([]);
  });

  it('deletes what is too old, also when the log is opened, and never the segment that is written to', async () => {
    const clock = virtualTime({ epoch: 1e12 });
    const retention = { age: '1h' } as const;
    const log = await open({ clock, retention });
    await fill(log, 's', 1, 5);
    await clock.advance(61 * 60_000);
    // Time alone begins a new segment, or a quiet log would keep its first events for ever.
    await fill(log, 's', 6, 10);
    await log.close();
    expect((await open({ clock, retention }).then((it) => it.close().then(() => segments()))).length).toBe(1);
    await clock.advance(10 * 60 * 60_000);
    const again = await open({ clock, retention });
    expect(await again.head('s')).toMatchObject({ firstSeq: 6, lastSeq: 10 });
    await again.close();
  });

  it('keeps everything where nothing is said about it', async () => {
    const log = await open({ segmentBytes: 500 });
    await fill(log, 's', 1, 60);
    expect(await all(log)).toHaveLength(60);
    await log.close();
  });

  it('forgets no key, commitId or epoch with the events', async () => {
    const log = await open({ segmentBytes: 500, retention: { bytes: 1_000 } });
    const first = await log.append('s', [event(0)], { commitId: 'a', once: ['k'], epoch: 3 });
    await fill(log, 's', 1, 60);
    await log.close();
    const again = await open();
    expect((await again.head('s'))?.firstSeq).toBeGreaterThan(1);
    expect(await again.append('s', [event(0)], { commitId: 'a', once: ['k'], epoch: 3 })).toEqual({
      ...first,
      replayed: true,
    });
    await expect(again.append('s', [event(1)], { once: ['k'] })).rejects.toMatchObject({ code: 'RXB_LOG_DUPLICATE' });
    await expect(again.append('s', [event(1)], { epoch: 2 })).rejects.toMatchObject({ code: 'RXB_LOG_FENCED' });
    await again.close();
  });
});

describe('compaction', () => {
  it('deletes segments of which everything was trimmed or removed, wherever they stand', async () => {
    const log = await open({ segmentBytes: 500 });
    await fill(log, 'kept', 1, 1);
    await fill(log, 'gone', 1, 30);
    await fill(log, 'trimmed', 1, 30);
    const before = segments();
    await log.remove('gone', { expectedSeq: 30 });
    await log.trim('trimmed', { before: 31 });
    await fill(log, 'other', 1, 10);
    await log.close();
    await open().then((it) => it.close());

    expect(segments()).toContain(before[0]);
    expect(segments().filter((name) => before.includes(name)).length).toBeLessThan(4);
    const again = await open();
    expect((await all(again, 'kept')).map(({ seq }) => seq)).toEqual([1]);
    expect(await again.head('trimmed')).toMatchObject({ firstSeq: 31, lastSeq: 30 });
    expect(await again.head('gone')).toBeNull();
    await again.close();
    expect((await verify(directory)).damages).toEqual([]);
  });

  it('begins a removed stream anew, and never shows its earlier life', async () => {
    const log = await open({ segmentBytes: 400 });
    await fill(log, 's', 1, 10);
    await log.remove('s', { expectedSeq: 10 });
    await fill(log, 's', 100, 102);
    expect((await all(log)).map(({ seq, event }) => [seq, (event as { n: number }).n])).toEqual([
      [1, 100],
      [2, 101],
      [3, 102],
    ]);
    await log.close();
    const again = await open();
    expect((await all(again)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    await again.close();
  });
});

it('reads a stream with little in it without looking through the others', async () => {
  const log = await open({ segmentBytes: 2_000_000 });
  await log.append('rare', [event(1)]);
  for (let i = 0; i < 60; i++)
    await log.append(
      'crowd',
      Array.from({ length: 1_000 }, (_, n) => event(n)),
    );
  await log.append('rare', [event(2)]);
  await log.close();
  const again = await fileLog({ directory, readOnly: true });
  await again.head('rare');
  const file = await openFile(join(directory, segments()[0] ?? ''));
  const reads = vi.spyOn(Object.getPrototypeOf(file) as typeof file, 'read');
  expect((await all(again, 'rare')).map(({ seq }) => seq)).toEqual([1, 2]);
  const bytes = await Promise.all(
    reads.mock.results.map(async ({ value }) => ((await value) as { bytesRead: number }).bytesRead),
  );
  reads.mockRestore();
  await file.close();
  await again.close();
  expect(bytes.length).toBeGreaterThan(1);
  expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThan(
    statSync(join(directory, segments()[0] ?? '')).size / 10,
  );
});

it('follows streams through segments that begin faster than anybody reads', async () => {
  const log = await open({ segmentBytes: 300 });
  const streams = ['a', 'b', 'c'];
  const wanted = 100;
  const followers = streams.map((stream) =>
    lastValueFrom(log.read(stream, { follow: true, to: wanted, maxBuffer: 2 }).pipe(toArray())),
  );
  for (let n = 1; n <= wanted; n += 20) {
    // All at once: what is known of the log is many segments ahead of what can be read.
    const burst = Array.from({ length: 20 }, (_, i) => streams.map((stream) => log.append(stream, [event(n + i)])));
    await Promise.all(burst.flat());
  }
  for (const stored of await Promise.all(followers)) {
    expect(stored.map(({ event }) => (event as { n: number }).n)).toEqual(
      Array.from({ length: wanted }, (_, i) => i + 1),
    );
  }
  await log.close();
}, 60_000);

describe('segments that are deleted while somebody else', () => {
  /** Looks at a log, so many times, to which somebody writes who keeps little of it. */
  async function look(times: number, at: () => Promise<void>): Promise<void> {
    const log = await open({ segmentBytes: 1_000, retention: { bytes: 8_000 } });
    await fill(log, 's0', 1, 100);
    let busy = true;
    const looks = (async () => {
      for (let n = 0; n < times; n++) await at();
    })().finally(() => (busy = false));
    for (let n = 0; busy; n += 20)
      await Promise.all(Array.from({ length: 20 }, (_, i) => log.append(`s${i % 3}`, [event(n + i)])));
    await looks;
    await log.close();
  }

  it('verifies the log are no damage', async () => {
    await look(200, async () => expect(await verify(directory)).toMatchObject({ damages: [] }));
  }, 60_000);

  it('reads them are said to be trimmed, and not to be lost', async () => {
    let reader: EventLog | null = null;
    await look(200, async () => {
      reader ??= await fileLog({ directory, readOnly: true });
      const refused = await lastValueFrom(reader.read('s0', { maxBuffer: 1 })).then(
        () => 'RXB_LOG_TRIMMED',
        (error: unknown) => (error as CoordinationError).code,
      );
      expect(refused).toBe('RXB_LOG_TRIMMED');
    });
    await reader!.close();
  }, 60_000);
});

/** All that a log takes, of any shape. */
const value = fc.oneof(
  fc.jsonValue(),
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withUnicodeString: true,
  } as never),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    undefined,
    NaN,
    -0,
    Infinity,
    new Date(NaN),
    new Error('broken'),
    { $date: 'mine' },
    '\n{"crc":"00000000"',
    '\u2028',
  ),
);
const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      stream: fc.constantFrom('a', 'b', 'ü'),
      values: fc.array(value, { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('reopen' as const), segmentBytes: fc.integer({ min: 1, max: 2_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('trim' as const),
      stream: fc.constantFrom('a', 'b'),
      before: fc.integer({ min: 1, max: 20 }),
    }),
  },
);

it('gives back every sequence of values, through rotation, compaction and reopening', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const home = mkdtempSync(join(directory, 'run-'));
      let log = await fileLog({ directory: home, fsync: 'never', segmentBytes: 300 });
      const expected = new Map<string, { first: number; values: unknown[] }>();
      const check = async (): Promise<void> => {
        for (const [stream, { first, values }] of expected) {
          const stored = await all(log, stream);
          expect(stored.map(({ seq }) => seq)).toEqual(values.map((_, i) => i + 1).slice(first - 1));
          expect(stored.map(({ event }) => event)).toEqual(values.slice(first - 1));
        }
      };
      for (const each of steps) {
        if (each.do === 'append') {
          const known = expected.get(each.stream) ?? { first: 1, values: [] };
          try {
            await log.append(each.stream, each.values);
          } catch (error) {
            // What has no text, such as an object without a prototype that says so itself.
            expect(error).toMatchObject({ code: 'RXB_CODEC' });
            continue;
          }
          // What a codec makes of a value is its own business, and has its own specs.
          known.values.push(...each.values.map((value) => losslessCodec.decode(losslessCodec.encode(value))));
          expected.set(each.stream, known);
        } else if (each.do === 'trim') {
          const known = expected.get(each.stream);
          const { firstSeq } = await log.trim(each.stream, { before: each.before });
          if (known !== undefined) known.first = firstSeq;
        } else {
          await check();
          await log.close();
          log = await fileLog({ directory: home, fsync: 'never', segmentBytes: each.segmentBytes });
          await check();
        }
      }
      await check();
      await log.close();
      expect((await verify(home)).damages).toEqual([]);
    }),
    { numRuns: runs(100) },
  );
}, 3_600_000);
