import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, it as property } from '@fast-check/vitest';
import { lastValueFrom, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileLog, verify, type FileLogOptions } from '../../../adapters/file/index.ts';
import type { AppendOptions, EventLog, ReadOptions } from '../../../lib/log/EventLog.ts';
import { virtualTime } from '../../../lib/testing/virtualTime.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rxbaton-frames-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Time stands still: what happens in one turn happens in one millisecond. */
const open = (options: Partial<FileLogOptions> = {}) =>
  fileLog({ directory, fsync: 'never', clock: virtualTime({ epoch: 1e12 }), ...options });

/** The headers in the first segment. */
const headers = (): readonly Record<string, unknown>[] =>
  readFileSync(join(directory, 'segment-00000001.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{"crc":'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const read = async (log: EventLog, options: ReadOptions = {}) =>
  (await lastValueFrom(log.read('s', options).pipe(toArray()))).map(({ seq, commit, last, event }) => ({
    seq,
    commit,
    last,
    event,
  }));

/** Appends them all before anybody is answered. */
const together = (log: EventLog, commits: readonly (readonly unknown[])[]) =>
  Promise.all(commits.map((events) => log.append('s', events)));

describe('commits that come together', () => {
  const pairs = Array.from({ length: 50 }, (_, n) => [
    { name: n % 10 === 3 ? 'rare' : 'often', n },
    { name: 'second', n },
  ]);

  it('stand in one frame, and are still commits of their own', async () => {
    const log = await open();
    const receipts = await together(log, pairs);
    expect(receipts.map(({ commit, firstSeq, lastSeq }) => [commit, firstSeq, lastSeq])).toEqual(
      pairs.map((_, i) => [i + 1, 2 * i + 1, 2 * i + 2]),
    );
    const expected = pairs.flatMap((events, i) =>
      events.map((event, k) => ({ seq: 2 * i + k + 1, commit: i + 1, last: k === 1, event })),
    );
    expect(await read(log)).toEqual(expected);
    expect(await read(log, { maxBuffer: 1 })).toEqual(expected);
    expect(await read(log, { from: 32 })).toEqual(expected.slice(31));
    expect(await read(log, { names: ['rare'] })).toEqual(expected.filter(({ event }) => event.name === 'rare'));
    await log.close();

    expect(headers()).toEqual([expect.objectContaining({ commit: 1, seq: 1, events: 100, commits: 50 })]);
    expect(await verify(directory)).toMatchObject({ commits: 50, events: 100, damages: [], torn: null });
    const again = await open();
    expect(await read(again)).toEqual(expected);
    expect(await again.append('s', [{ name: 'next' }])).toMatchObject({ commit: 51, firstSeq: 101 });
    await again.close();
  });

  const one = [{ name: 'a' }];
  it.each<[string, readonly unknown[], AppendOptions, string]>([
    ['with another number of events', [...one, ...one], {}, 's'],
    ['with an id', one, { commitId: 'c' }, 's'],
    ['with a key', one, { once: ['k'] }, 's'],
    ['of a later epoch', one, { epoch: 1 }, 's'],
    ['with an effect', one, { effects: [{ op: 'schedule', index: 'i', member: 'm', due: 1 }] }, 's'],
    ['of another stream', one, {}, 't'],
    ['that is the last one', one, { close: true }, 's'],
  ])('and one %s are two frames', async (_, events, options, stream) => {
    const log = await open();
    await Promise.all([log.append('s', one), log.append(stream, events, options)]);
    await log.close();
    expect(headers()).toHaveLength(2);
    expect(headers().every((header) => !('commits' in header))).toBe(true);
  });

  it('at two moments are two frames, each with its own', async () => {
    const clock = virtualTime({ epoch: 1e12 });
    const log = await open({ clock });
    const first = log.append('s', one);
    await clock.advance(1);
    await Promise.all([first, log.append('s', one)]);
    await log.close();
    expect(headers().map(({ at }) => at)).toEqual([1e12, 1e12 + 1]);
  });

  it('are not so many in one frame that whoever wants the last one has to read them all', async () => {
    const log = await open();
    await together(
      log,
      Array.from({ length: 2_000 }, (_, n) => [{ name: 'a', text: 'x'.repeat(100), n }]),
    );
    await log.close();
    const bytes = headers().map((header) => header['bytes'] as number);
    expect(bytes.length).toBeGreaterThan(5);
    expect(Math.max(...bytes)).toBeLessThan(40_000);
  });

  it('go on in the next segment where one is full', async () => {
    const log = await open({ segmentBytes: 2_000 });
    await together(
      log,
      Array.from({ length: 300 }, (_, n) => [{ name: 'a', n }]),
    );
    expect((await read(log)).map(({ seq, commit }) => [seq, commit])).toEqual(
      Array.from({ length: 300 }, (_, n) => [n + 1, n + 1]),
    );
    await log.close();
    expect(await verify(directory)).toMatchObject({ commits: 300, damages: [], torn: null });
    expect((await verify(directory)).segments).toBeGreaterThan(3);
  });

  property.prop(
    [
      fc.array(fc.array(fc.array(fc.integer(), { minLength: 1, maxLength: 3 }), { maxLength: 8 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 400, max: 2_000 }),
    ],
    { numRuns: 40 },
  )(
    'come back as they were, whatever their sizes and their turns',
    async (turns, from, segmentBytes) => {
      const home = mkdtempSync(join(tmpdir(), 'rxbaton-frames-'));
      try {
        const log = await open({ directory: home, segmentBytes });
        for (const commits of turns) await together(log, commits);
        const commits = turns.flat();
        let seq = 0;
        const expected = commits.flatMap((events, i) =>
          events.map((event, k) => ({ seq: ++seq, commit: i + 1, last: k === events.length - 1, event })),
        );
        const wanted = expected.filter((each) => each.seq >= from);
        if (from <= seq + 1) expect(await read(log, { from })).toEqual(wanted);
        await log.close();
        const again = await open({ directory: home, segmentBytes });
        expect(await read(again)).toEqual(expected);
        await again.close();
      } finally {
        rmSync(home, { recursive: true, force: true });
      }
    },
    30_000,
  );
});
