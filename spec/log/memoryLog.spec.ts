import { asyncScheduler, firstValueFrom, lastValueFrom, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { currentFrame, runIn, type Frame } from '../../lib/internal/context.ts';
import { Encoded } from '../../lib/log/Encoded.ts';
import { memoryLog, type MemoryLog } from '../../lib/log/memoryLog.ts';
import { drainJobs } from '../../lib/testing/drainJobs.ts';
import { virtualTime } from '../../lib/testing/virtualTime.ts';

const events = async (log: MemoryLog, stream = 's'): Promise<unknown[]> =>
  (await lastValueFrom(log.read(stream).pipe(toArray()))).map(({ event }) => event);

async function fill(log: MemoryLog, count: number): Promise<void> {
  for (let n = 1; n <= count; n++) await log.append('s', [n]);
}

describe('memoryLog', () => {
  it('keeps the last events of each stream, as many as `keep` says', async () => {
    const log = memoryLog({ keep: 3 });
    await fill(log, 10);
    await log.append('t', [1]);
    expect(await events(log)).toEqual([8, 9, 10]);
    expect(await log.head('s')).toMatchObject({ firstSeq: 8, lastSeq: 10 });
    expect(await log.head('t')).toMatchObject({ firstSeq: 1, lastSeq: 1 });
    await log.append('s', [11, 12, 13, 14, 15]);
    expect(await events(log)).toEqual([13, 14, 15]);
  });

  it('keeps all without `keep`', async () => {
    const log = memoryLog();
    await fill(log, 2_000);
    expect(await log.head('s')).toMatchObject({ firstSeq: 1, lastSeq: 2_000 });
  });

  it('with `keep`, takes nothing away from readers, and makes up for it when they have passed', async () => {
    const log = memoryLog({ keep: 3 });
    const seen: unknown[] = [];
    const reader = log
      .handle()
      .read('s', { follow: true, maxBuffer: 2 })
      .subscribe(({ event }) => seen.push(event));
    for (let n = 1; n <= 20; n++) void log.append('s', [n]);
    expect(await log.head('s')).toMatchObject({ firstSeq: 1 });
    await drainJobs();
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(await log.head('s')).toMatchObject({ firstSeq: 18, lastSeq: 20 });
    reader.unsubscribe();
  });

  it('with `keep`, forgets at once what a reader that left was too slow for', async () => {
    const log = memoryLog({ keep: 3 });
    const reader = log.read('s', { follow: true }).subscribe();
    for (let n = 1; n <= 20; n++) void log.append('s', [n]);
    reader.unsubscribe();
    expect(await log.head('s')).toMatchObject({ firstSeq: 18, lastSeq: 20 });
  });

  it('encodes with its codec when it is asked to append, and decodes for each reader', async () => {
    const calls: string[] = [];
    const log = memoryLog({
      codec: {
        encode: (value) => {
          calls.push('encode');
          return `<${JSON.stringify(value)}>`;
        },
        decode: (text) => {
          calls.push('decode');
          return JSON.parse(text.slice(1, -1)) as unknown;
        },
      },
    });
    void log.append('s', [{ name: 'a' }]);
    expect(calls).toEqual(['encode']);
    expect([await events(log), await events(log)]).toEqual([[{ name: 'a' }], [{ name: 'a' }]]);
    expect(calls).toEqual(['encode', 'decode', 'decode']);
    expect(await firstValueFrom(log.read('s', { names: ['a'] }))).toMatchObject({ event: { name: 'a' } });
  });

  it('keeps the text of what comes with it as it is', async () => {
    const log = memoryLog();
    await log.append('s', [new Encoded('{"name":"a","at":{"$date":"1970-01-01T00:00:00.000Z"}}'), { name: 'b' }]);
    expect(await events(log)).toEqual([{ name: 'a', at: new Date(0) }, { name: 'b' }]);
  });

  it('takes a hole in the list of events for undefined', async () => {
    const log = memoryLog();
    const holey: unknown[] = [1];
    holey[2] = 3;
    expect(await log.append('s', holey)).toMatchObject({ firstSeq: 1, lastSeq: 3 });
    expect(await events(log)).toEqual([1, undefined, 3]);
  });

  it('does not decode what has another name', async () => {
    let decoded = 0;
    const log = memoryLog({
      codec: { encode: JSON.stringify, decode: (text) => (decoded++, JSON.parse(text) as unknown) },
    });
    for (let n = 0; n < 100; n++) await log.append('s', [{ name: `n${n % 10}`, n }]);
    await lastValueFrom(log.read('s', { names: ['n3', 'none'] }));
    expect(decoded).toBe(10);
  });

  it('gives readers the error of a codec that cannot decode', async () => {
    const log = memoryLog({
      codec: {
        encode: String,
        decode: () => {
          throw new Error('unreadable');
        },
      },
    });
    await log.append('s', [1]);
    await expect(lastValueFrom(log.read('s'))).rejects.toThrow('unreadable');
    expect(await log.head('s')).toMatchObject({ lastSeq: 1 });
  });

  it('goes by its clock', async () => {
    const clock = virtualTime({ epoch: 5_000 });
    const log = memoryLog({ clock });
    await clock.advance(7);
    expect(await log.append('s', [1])).toMatchObject({ at: 5_007 });
    const plain = memoryLog({ clock: { now: () => 42, schedule: asyncScheduler.schedule.bind(asyncScheduler) } });
    expect(await plain.append('s', [1])).toMatchObject({ at: 42 });
    const before = Date.now();
    const { at } = await memoryLog().append('s', [1]);
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now());
  });

  it('takes no larger commit than `maxCommitBytes`, in bytes', async () => {
    const log = memoryLog({ maxCommitBytes: 10 });
    expect(log.capabilities.maxCommitBytes).toBe(10);
    await log.append('s', ['ascii678']);
    await log.append('s', ['\u{1F600}\u{1F600}']);
    await expect(log.append('s', ['ascii6789'])).rejects.toMatchObject({
      code: 'RXB_LOG_TOO_LARGE',
      details: { bytes: 11, most: 10 },
    });
    await expect(log.append('s', ['ééééé'])).rejects.toMatchObject({ details: { bytes: 12 } });
    await expect(log.append('s', ['€€€'])).rejects.toMatchObject({ details: { bytes: 11 } });
    expect(await log.head('s')).toMatchObject({ lastSeq: 2 });
  });

  it('refuses options that mean nothing', () => {
    expect(() => memoryLog({ kept: 1 } as never)).toThrow("no option 'kept'");
    expect(() => memoryLog({ keep: 0 })).toThrow('keep must be a positive integer');
    expect(() => memoryLog({ maxCommitBytes: 1.5 })).toThrow('maxCommitBytes must be a positive integer');
  });

  it('has handles that end one by one, and a place that stays', async () => {
    const log = memoryLog();
    const other = log.handle();
    await fill(log, 3);
    await log.close();
    expect(await events(other)).toEqual([1, 2, 3]);
    expect(() => log.handle()).toThrow(expect.objectContaining({ code: 'RXB_CLOSED' }));
    await other.append('s', [4]);
    await other.handle().close();
    expect(await events(other)).toEqual([1, 2, 3, 4]);
  });

  it('has the effect of an append before the call returns, and tells readers later', async () => {
    const log = memoryLog();
    const seen: unknown[] = [];
    log.read('s', { follow: true }).subscribe(({ event }) => seen.push(event));
    const appended = log.append('s', [1]);
    expect(seen).toEqual([]);
    const [head] = await Promise.all([log.head('s'), appended]);
    expect(head).toMatchObject({ lastSeq: 1 });
    expect(seen).toEqual([1]);
  });

  it('refuses a trim that a reader of the handle is not ready for, unless it is forced', async () => {
    const log = memoryLog();
    await fill(log, 10);
    const seen: unknown[] = [];
    const ends: unknown[] = [];
    log
      .read('s', { maxBuffer: 1 })
      .subscribe({ next: ({ seq }) => seen.push(seq), error: (error: unknown) => ends.push(error) });
    await Promise.resolve();
    expect(seen).toEqual([1]);
    const tried = log.trim('s', { before: 6 });
    const forced = log.trim('s', { before: 6, force: true });
    await expect(tried).rejects.toMatchObject({ code: 'RXB_LOG_CONFLICT', details: { seq: 2, before: 6 } });
    expect(await forced).toEqual({ removed: 5, firstSeq: 6 });
    await drainJobs();
    expect(seen).toEqual([1]);
    expect(ends).toMatchObject([{ code: 'RXB_LOG_TRIMMED', details: { firstSeq: 6 } }]);
  });

  it('lets other readers have their turn when one has had `maxBuffer` events', async () => {
    const log = memoryLog();
    await fill(log, 6);
    const seen: string[] = [];
    log.read('s', { maxBuffer: 2 }).subscribe(({ seq }) => seen.push(`a${seq}`));
    log.read('s', { maxBuffer: 3 }).subscribe(({ seq }) => seen.push(`b${seq}`));
    await drainJobs();
    expect(seen.join(' ')).toBe('a1 a2 b1 b2 b3 a3 a4 b4 b5 b6 a5 a6');
  });

  it('lets other work have its turn when a reader has had `maxBuffer` events, however many appends have woken it', async () => {
    const log = memoryLog();
    const seen: unknown[] = [];
    log.read('s', { follow: true, maxBuffer: 3 }).subscribe(({ seq }) => seen.push(seq));
    for (let n = 1; n <= 6; n++) void log.append('s', [n]);
    void Promise.resolve().then(() => seen.push('other'));
    await drainJobs();
    expect(seen).toEqual([1, 2, 3, 'other', 4, 5, 6]);
  });

  it('decodes nothing more for a reader that has left', async () => {
    let decoded = 0;
    const log = memoryLog({
      codec: { encode: JSON.stringify, decode: (text) => (decoded++, JSON.parse(text) as unknown) },
    });
    await fill(log, 100);
    await lastValueFrom(log.read('s').pipe(take(5)));
    await drainJobs();
    expect(decoded).toBe(5);
  });

  it('needs no stack for a chain of 100,000 events over two streams', async () => {
    const log = memoryLog();
    const length = 100_000;
    let depth = 0;
    let deepest = 0;
    const done = new Promise<void>((resolve) => {
      const relay = (from: string, to: string): void => {
        log.read(from, { follow: true }).subscribe(({ event }) => {
          deepest = Math.max(deepest, ++depth);
          if (event === length) resolve();
          else void log.append(to, [(event as number) + 1]);
          depth--;
        });
      };
      relay('s', 't');
      relay('t', 's');
    });
    await log.append('s', [1]);
    await done;
    expect(deepest).toBe(1);
  });

  it('keeps nothing for a reader, slow or gone', async () => {
    const log = memoryLog();
    const readers = Array.from({ length: 1_000 }, () => log.read('s', { follow: true }).subscribe());
    for (const reader of readers) reader.unsubscribe();
    await fill(log, 10);
    expect(await log.trim('s', { before: 11 })).toEqual({ removed: 10, firstSeq: 11 });
  });

  it('runs a reader for whoever subscribed, not for whoever appended', async () => {
    const frame = (): Frame => ({
      parent: null,
      over: false,
      coordinator: null,
      cause: null,
      call: null,
      root: true,
      ticket: null,
    });
    const [reading, writing] = [frame(), frame()];
    const log = memoryLog();
    const seen: unknown[] = [];
    runIn(reading, () => log.read('s', { follow: true, maxBuffer: 1 }).subscribe(() => seen.push(currentFrame())));
    log.read('s', { follow: true }).subscribe(() => seen.push(currentFrame()));
    await runIn(writing, () => Promise.all([log.append('s', [1]), log.append('s', [2])]));
    await drainJobs();
    expect(seen.map((each) => (each === reading ? 'reader' : each))).toEqual(['reader', null, null, 'reader']);
  });
});
