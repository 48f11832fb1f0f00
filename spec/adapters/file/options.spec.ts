import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fileLog, openRecording, type FileLogOptions } from '../../../adapters/file/index.ts';
import type { EventLog } from '../../../lib/log/EventLog.ts';
import { virtualTime } from '../../../lib/testing/virtualTime.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rxbaton-options-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (options: Partial<FileLogOptions> = {}) => fileLog({ directory, ...options });
const all = (log: EventLog) => lastValueFrom(log.read('s').pipe(toArray()));
const segments = () => readdirSync(directory).filter((name) => name.startsWith('segment-'));

/** Counts how often a file is brought to the disk while something is done. */
async function syncsOf(work: () => Promise<unknown>): Promise<number> {
  const file = await openFile(join(directory, segments()[0] ?? ''));
  const syncs = vi.spyOn(Object.getPrototypeOf(file) as typeof file, 'datasync');
  try {
    await work();
    return syncs.mock.calls.length;
  } finally {
    syncs.mockRestore();
    await file.close();
  }
}

describe('fsync', () => {
  it("'always' brings each append to the disk before it is acknowledged, and promises so; this is the default", async () => {
    for (const options of [{}, { fsync: 'always' }] as const) {
      const log = await open(options);
      expect(await syncsOf(() => log.append('s', [1]))).toBe(1);
      expect(await log.append('s', [1])).toMatchObject({ durability: 'sync' });
      expect(log.capabilities.durability).toEqual(['memory', 'batch', 'sync']);
      await log.close();
    }
  });

  it("'always' acknowledges who asks for less as soon as it is written, and brings it to the disk all the same", async () => {
    const log = await open();
    const order: string[] = [];
    const syncs = await syncsOf(async () => {
      const early = log.append('s', [1], { durability: 'batch' }).then(() => order.push('early'));
      await Promise.all([log.append('s', [2]).then(() => order.push('late')), early]);
    });
    expect([syncs, order]).toEqual([1, ['early', 'late']]);
    await log.close();
  });

  it("'batch' brings what was written to the disk a tenth of a second later, once for all of it", async () => {
    const clock = virtualTime({ epoch: 1e12 });
    const log = await open({ fsync: 'batch', clock });
    expect(await syncsOf(() => log.append('s', [1]).then(() => log.append('s', [2])))).toBe(0);
    expect(await syncsOf(() => clock.advance(99))).toBe(0);
    expect(await syncsOf(() => clock.advance(1))).toBe(1);
    expect(await syncsOf(() => clock.advance(1_000))).toBe(0);
    expect(await log.append('s', [3])).toMatchObject({ durability: 'batch' });
    expect(log.capabilities.durability).toEqual(['memory', 'batch']);
    await expect(log.append('s', [4], { durability: 'sync' })).rejects.toMatchObject({ code: 'RXB_CONFIG' });
    await log.close();
  });

  it("'never' leaves that to the operating system, until a segment ends", async () => {
    const clock = virtualTime({ epoch: 1e12 });
    const log = await open({ fsync: 'never', clock, segmentBytes: 200 });
    expect(await syncsOf(() => log.append('s', [1]).then(() => clock.advance(60_000)))).toBe(0);
    expect(log.capabilities.durability).toEqual(['memory']);
    expect(await syncsOf(() => log.append('s', [2]).then(() => log.append('s', [3])))).toBeGreaterThan(0);
    await log.close();
  });

  it('lets a hundred appends go to the disk together', async () => {
    const log = await open();
    const syncs = await syncsOf(() => Promise.all(Array.from({ length: 100 }, (_, n) => log.append('s', [n]))));
    expect(syncs).toBe(1);
    await log.close();
  });
});

describe('the other options', () => {
  it('segmentBytes is where a segment is followed by the next', async () => {
    const log = await open({ segmentBytes: 300 });
    for (let n = 0; n < 10; n++) await log.append('s', [n]);
    await log.close();
    expect(segments().length).toBeGreaterThan(3);
  });

  it('codec makes the text of events, and reads it', async () => {
    const codec = {
      encode: (value: unknown) => JSON.stringify({ name: 'coded', value }),
      decode: (text: string) => (JSON.parse(text) as { value: unknown }).value,
    };
    const log = await open({ codec });
    await log.append('s', ['mine']);
    expect((await all(log)).map(({ event }) => event)).toEqual(['mine']);
    await log.close();
    const file = join(directory, segments()[0] ?? '');
    expect(readFileSync(file, 'utf8')).toContain('\n{"name":"coded","value":"mine"}\n');
    for (const reader of [await open({ codec, readOnly: true }), await openRecording(file, { codec })]) {
      expect((await all(reader)).map(({ event }) => event)).toEqual(['mine']);
      await reader.close();
    }
  });

  it('clock says when something is committed', async () => {
    const clock = virtualTime({ epoch: 5e11 });
    const log = await open({ clock });
    await clock.advance(7);
    expect(await log.append('s', [1])).toMatchObject({ at: 5e11 + 7 });
    await log.close();
  });

  it('maxCommitBytes is the largest commit, and never more than the format takes', async () => {
    const log = await open({ maxCommitBytes: 100 });
    await log.append('s', ['x'.repeat(90)]);
    await expect(log.append('s', ['x'.repeat(110)])).rejects.toMatchObject({ code: 'RXB_LOG_TOO_LARGE' });
    await log.close();
    const large = await open({ maxCommitBytes: 2 ** 40 });
    expect(large.capabilities.maxCommitBytes).toBe(64 * 1024 * 1024);
    await large.close();
  });

  it.each([
    ['many events, each with the end of a line', [['x'.repeat(2 ** 25), 'x'.repeat(2 ** 25)]]],
    ['a small commit before it in its record', [['first'], ['x'.repeat(2 ** 26)]]],
  ])('maxCommitBytes is taken to the last byte, also with %s', { timeout: 60_000 }, async (_, commits) => {
    const codec = { encode: (event: unknown) => event as string, decode: (text: string) => text.length };
    const log = await open({ codec, fsync: 'never', clock: virtualTime({ epoch: 1e12 }) });
    await Promise.all(commits.map((events) => log.append('s', events)));
    await log.close();
    const again = await open({ codec, readOnly: true });
    expect((await all(again)).map(({ event }) => event)).toEqual(commits.flat().map((text) => text.length));
    await again.close();
  });

  it('readOnly changes nothing, and says so', async () => {
    await (await open()).close();
    const before = readdirSync(directory);
    const log = await open({ readOnly: true });
    expect(log.capabilities).toMatchObject({ durability: [], multiProcess: true, multiWriter: false });
    const changes = [
      () => log.append('s', [1]),
      () => log.renew([]),
      () => log.trim('s', { before: 1 }),
      () => log.remove('s', { expectedSeq: 0 }),
    ];
    for (const change of changes) await expect(change()).rejects.toMatchObject({ code: 'RXB_CONFIG' });
    await log.close();
    await expect(log.head('s')).rejects.toMatchObject({ code: 'RXB_CLOSED' });
    expect(readdirSync(directory)).toEqual(before);
  });
});

it.each([
  ['no directory', { directory: undefined }],
  ['an empty directory', { directory: '' }],
  ['an option that it does not have', { fsnyc: 'always' }],
  ['a mode that there is not', { fsync: 'sometimes' }],
  ['a size that is none', { segmentBytes: 0 }],
  ['a largest commit that is none', { maxCommitBytes: -1 }],
  ['an age that is none', { retention: { age: 'old' } }],
  ['an amount that is none', { retention: { bytes: 0.5 } }],
  ['a retention that it does not have', { retention: { days: 3 } }],
  ['readOnly that is no flag', { readOnly: 'yes' }],
  ['submit that is no flag', { submit: 1 }],
  ['both ways not to write', { readOnly: true, submit: true }],
  ['fsync for who only reads', { readOnly: true, fsync: 'never' }],
  ['segmentBytes for who submits', { submit: true, segmentBytes: 1_000 }],
  ['retention for who submits', { submit: true, retention: {} }],
  ['maxCommitBytes for who only reads', { readOnly: true, maxCommitBytes: 1_000 }],
])('refuses %s, and touches nothing', async (_, options) => {
  await expect(open(options as never)).rejects.toMatchObject({ code: 'RXB_CONFIG' });
  expect(readdirSync(directory)).toEqual([]);
});

it('refuses options of openRecording that it does not have', async () => {
  await expect(openRecording('x', { clock: 1 } as never)).rejects.toMatchObject({ code: 'RXB_CONFIG' });
});
