import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileLog, verify } from '../../../adapters/file/index.ts';
import type { EventLog } from '../../../lib/log/EventLog.ts';
import { virtualTime } from '../../../lib/testing/virtualTime.ts';

let directory: string;
let clock: ReturnType<typeof virtualTime>;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rxbaton-room-'));
  clock = virtualTime({ epoch: 1e12 });
  file = join(directory, 'segment-00000001.jsonl');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (options = {}) => fileLog({ directory, clock, ...options });
const numbers = async (log: EventLog) => (await lastValueFrom(log.read('s').pipe(toArray()))).map(({ event }) => event);

/** Writes without a pause, so that there is room. */
async function busy(): Promise<EventLog> {
  const log = await open();
  for (let n = 1; n <= 5; n++) await log.append('s', [n]);
  return log;
}

/** What a writer leaves behind that dies just now. */
function crashed(): string {
  const home = mkdtempSync(join(directory, 'crashed-'));
  const copy = join(home, 'segment-00000001.jsonl');
  copyFileSync(file, copy);
  return home;
}

const roomIn = (path: string): number => {
  const text = readFileSync(path, 'utf8');
  return text.length - text.trimEnd().length - 1;
};

it('is made by who writes without a pause, and by nobody else', async () => {
  const log = await open();
  await log.append('s', [1]);
  expect(roomIn(file)).toBe(0);
  await clock.advance(20);
  await log.append('s', [2]);
  expect(roomIn(file)).toBe(0);
  await clock.advance(19);
  const { size: before } = statSync(file);
  await log.append('s', [3]);
  const { size } = statSync(file);
  const room = roomIn(file);
  expect(room).toBe((size - before - room) * 16);
  await log.append('s', [4]);
  expect(statSync(file).size).toBe(size);
  await log.append('s', ['x'.repeat(100_000)]);
  expect(roomIn(file)).toBe(1024 * 1024);
  await log.close();
});

it.each(['batch', 'never'] as const)("is not made with fsync '%s', where nobody waits for the disk", async (fsync) => {
  const log = await open({ fsync });
  for (let n = 1; n <= 5; n++) await log.append('s', [n]);
  expect(roomIn(file)).toBe(0);
  await log.close();
});

it('is given back after a tenth of a second without a write', async () => {
  const log = await busy();
  await clock.advance(60);
  await log.append('s', [6]);
  await clock.advance(99);
  expect(roomIn(file)).toBeGreaterThan(0);
  await clock.advance(1);
  expect(roomIn(file)).toBe(0);
  await log.append('s', [7]);
  expect(await numbers(log)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  await log.close();
});

it('is given back where a segment ends, and on closing', async () => {
  const log = await open({ segmentBytes: 300 });
  for (let n = 1; n <= 20; n++) await log.append('s', [n]);
  await log.close();
  const { segments, bytes, damages, torn } = await verify(directory);
  expect(segments).toBeGreaterThan(2);
  expect([bytes < 10_000, damages, torn]).toEqual([true, [], null]);
});

it('is nothing to readers of other processes, and no damage', async () => {
  const log = await busy();
  const reader = await open({ readOnly: true });
  expect(await numbers(reader)).toEqual([1, 2, 3, 4, 5]);
  await log.append('s', [6]);
  expect(await numbers(reader)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await verify(directory)).toMatchObject({ commits: 6, damages: [], torn: null });
  await reader.close();
  await log.close();
});

it('is cut off by the next writer when its own has died', async () => {
  const log = await busy();
  const home = crashed();
  await log.close();
  const next = await open({ directory: home });
  expect(roomIn(join(home, 'segment-00000001.jsonl'))).toBe(0);
  await next.append('s', [6]);
  expect(await numbers(next)).toEqual([1, 2, 3, 4, 5, 6]);
  await next.close();
});

it('hides no commit that stands behind it', async () => {
  const log = await busy();
  const home = crashed();
  const copy = join(home, 'segment-00000001.jsonl');
  await log.close();
  const whole = readFileSync(file);
  appendFileSync(copy, whole.subarray(whole.indexOf('{"crc"')));
  await expect(open({ directory: home })).rejects.toMatchObject({ code: 'RXB_LOG_CORRUPT' });
  expect((await verify(home)).damages).toHaveLength(1);
});

it('with half a commit in it is the torn end of a log', async () => {
  const log = await busy();
  const home = crashed();
  const copy = join(home, 'segment-00000001.jsonl');
  await log.append('s', [6]);
  const after = readFileSync(file);
  await log.close();
  const before = readFileSync(copy);
  const end = before.toString().trimEnd().length + 1;
  for (let cut = end; cut < after.toString().trimEnd().length; cut += 7) {
    writeFileSync(copy, Buffer.concat([after.subarray(0, cut), before.subarray(cut)]));
    expect(await verify(home)).toMatchObject({ commits: 5, damages: [] });
    expect((await verify(home)).torn === null).toBe(cut === end);
  }
  const next = await open({ directory: home });
  expect(await numbers(next)).toEqual([1, 2, 3, 4, 5]);
  await next.close();
});
