import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ConfigError,
  createCoordinator,
  LogUnavailableError,
  replay,
  type Coordinator,
  type CoordinatorEvent,
  type Registered,
} from 'rxbaton';
import { openRecording } from '../../../adapters/file/openRecording.ts';
import { recordTo, type RecordOptions } from '../../../adapters/file/recordTo.ts';

let folder: string;
let file: string;
let coordinator: Coordinator<Registered>;
const errors: unknown[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recording-spec-'));
  file = join(folder, 'run.jsonl');
  errors.length = 0;
  coordinator = createCoordinator({ onError: (error) => errors.push(error) });
});

afterEach(async () => {
  await coordinator.close({ deadline: 0 });
  rmSync(folder, { recursive: true, force: true });
});

const recorded = (path = file): Promise<CoordinatorEvent[]> =>
  lastValueFrom(replay(openRecording(path)).pipe(toArray()));

const names = async (): Promise<string[]> => (await recorded()).map(({ name }) => name);

describe('recordTo', () => {
  it('records what happens from now on, as it was', async () => {
    const live: CoordinatorEvent[] = [];
    coordinator.emit('before');
    const recording = await recordTo(coordinator, file);
    coordinator.when('*').subscribe((event) => live.push(event));
    coordinator.emit('a', { at: new Date(5), tags: new Set([1n]) }, { sender: 'me' });
    await new Promise(setImmediate);
    coordinator.emit('b');
    await recording.stop();
    expect(live.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(await recorded()).toEqual(live);
    expect(recording).toMatchObject({ file, kept: 2, lost: 0, pending: 0 });
  });

  it('is there for others while it goes on, as far as settled() says', async () => {
    await recordTo(coordinator, file);
    coordinator.emit('a');
    await coordinator.settled();
    expect(await names()).toEqual(['a']);
    coordinator.emit('b');
    await coordinator.settled();
    expect(await names()).toEqual(['a', 'b']);
  });

  it('is lines of JSON that people can read', async () => {
    const recording = await recordTo(coordinator, file);
    coordinator.emit('a', { n: 1 });
    await recording.stop();
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { rxbaton: 'log', version: 1 },
      { op: 'commit', stream: 'events', events: 1 },
      { name: 'a', data: { n: 1 } },
    ]);
  });

  it('ends when it is stopped, unsubscribed, or the coordinator closes', async () => {
    const stopped = await recordTo(coordinator, file);
    const unsubscribed = await recordTo(coordinator, join(folder, 'other.jsonl'));
    coordinator.emit('a');
    await stopped.stop();
    unsubscribed.unsubscribe();
    coordinator.emit('b');
    await unsubscribed.stop();
    expect(await names()).toEqual(['a']);
    expect((await recorded(unsubscribed.file)).map(({ name }) => name)).toEqual(['a']);
    const closed = await recordTo(coordinator, join(folder, 'third.jsonl'));
    coordinator.emit('c');
    await coordinator.close();
    expect(closed.closed).toBe(true);
    await closed.stop();
    expect((await recorded(closed.file)).map(({ name }) => name)).toEqual(['c']);
  });

  it('makes the directory, and refuses a file that is there', async () => {
    const deep = join(folder, 'of', 'today', 'run.jsonl');
    await (await recordTo(coordinator, deep)).stop();
    expect(existsSync(deep)).toBe(true);
    writeFileSync(file, 'precious');
    await expect(recordTo(coordinator, file)).rejects.toThrow(ConfigError);
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  it('says what keeps it from making the file', async () => {
    writeFileSync(join(folder, 'plain'), '');
    await expect(recordTo(coordinator, join(folder, 'plain', 'run.jsonl'))).rejects.toThrow(LogUnavailableError);
  });

  it.each<[string, unknown]>([
    ['an unknown option', { speed: 1 }],
    ['a stream of its own', { stream: 'mine' }],
    ['a durability', { durability: 'sync' }],
    ['redactions that are none', { redact: 'data.card' }],
  ])('refuses %s, and makes no file', async (_, options) => {
    await expect(recordTo(coordinator, file, options as RecordOptions)).rejects.toThrow(ConfigError);
    await expect(recordTo(coordinator, '', options as RecordOptions)).rejects.toThrow(ConfigError);
    expect(existsSync(file)).toBe(false);
  });

  it('takes the options of persist', async () => {
    const recording = await recordTo(coordinator, file, { names: ['order_*'], redact: ['data.card'] });
    coordinator.emit('other');
    coordinator.emit('order_placed', { card: '4111' });
    await recording.stop();
    expect((await recorded()).map(({ name, data }) => [name, data])).toEqual([
      ['order_placed', { card: '[redacted]' }],
    ]);
    expect(readFileSync(file, 'utf8')).not.toContain('4111');
  });

  it('goes on behind a torn end, where the file was cut under it', async () => {
    const recording = await recordTo(coordinator, file);
    coordinator.emit('a');
    await coordinator.settled();
    await recording.stop();
    const whole = statSync(file).size;
    const again = join(folder, 'torn.jsonl');
    writeFileSync(again, `${readFileSync(file, 'utf8')}{"crc":"00000000","bytes":500,"op":"commit"`);
    expect((await recorded(again)).map(({ name }) => name)).toEqual(['a']);
    truncateSync(again, whole - 3);
    expect(await recorded(again)).toEqual([]);
  });

  it('of 50,000 events is whole and in order', async () => {
    const recording = await recordTo(coordinator, file);
    for (let n = 0; n < 50_000; n++) {
      coordinator.emit('tick', n);
      if (n % 1_000 === 0) await new Promise(setImmediate);
    }
    await recording.stop();
    const data = (await recorded()).map((event) => event.data);
    expect(data).toEqual(Array.from({ length: 50_000 }, (_, n) => n));
    expect(errors).toEqual([]);
  });
});
