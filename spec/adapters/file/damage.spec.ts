import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileLog, openRecording, verify, type FileLogOptions } from '../../../adapters/file/index.ts';
import type { EventLog } from '../../../lib/log/EventLog.ts';

let place: string;
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'rxbaton-damage-'));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

let count = 0;
const open = (directory: string, options: Partial<FileLogOptions> = {}) =>
  fileLog({ directory, fsync: 'never', ...options });
const all = (log: EventLog) => lastValueFrom(log.read('s').pipe(toArray()));
const segment = (directory: string, n: number) => join(directory, `segment-${String(n).padStart(8, '0')}.jsonl`);

/** A log with these commits, one of which speaks of frames and has signs of several bytes; and where each commit ends in its file. */
const commits = [
  [{ name: 'a', n: 1 }],
  [{ name: 'b', text: 'ü€😀\n{"crc":"00000000","bytes":0,"op":"remove","stream":"s","at":1}\n' }, { name: 'c' }],
  [{ name: 'd', n: 4 }],
];

async function small(): Promise<{
  readonly directory: string;
  readonly file: string;
  readonly ends: readonly number[];
}> {
  const directory = join(place, `log-${count++}`);
  const log = await open(directory);
  const file = segment(directory, 1);
  const ends = [statSync(file).size];
  for (const [i, commit] of commits.entries()) {
    await log.append('s', commit, i === 1 ? { commitId: 'b', once: ['k'] } : {});
    ends.push(statSync(file).size);
  }
  await log.close();
  return { directory, file, ends };
}

describe('the end of a log', () => {
  it('is cut where anything is missing of what was written in one step, and damaged where that was there when more was written', async () => {
    const directory = join(place, `log-${count++}`);
    const log = await open(directory);
    const file = segment(directory, 1);
    await log.append('s', [{ name: 'first' }]);
    const from = statSync(file).size;
    // Records of their own, which go to the disk in one step.
    await Promise.all(['a', 'b', 'c'].map((id) => log.append('s', [{ name: id }], { commitId: id })));
    const until = statSync(file).size;
    await log.append('s', [{ name: 'later' }]);
    await log.close();
    const whole = readFileSync(file);
    for (let at = from; at < until; at += 23) {
      for (const behind of [until, whole.length]) {
        const home = join(place, `log-${count++}`);
        await (await open(home)).close();
        const bytes = Buffer.from(whole.subarray(0, behind));
        bytes.fill(0, at, at + 5);
        writeFileSync(segment(home, 1), bytes);
        const { damages, torn } = await verify(home);
        if (behind === until) {
          expect([damages, torn === null]).toEqual([[], false]);
          const next = await open(home);
          const events = (await all(next)).map(({ event }) => event);
          expect(events).toEqual([{ name: 'first' }, { name: 'a' }, { name: 'b' }].slice(0, events.length));
          await next.append('s', [{ name: 'on' }]);
          await next.close();
        } else {
          expect([damages.length, torn]).toEqual([1, null]);
          await expect(open(home)).rejects.toMatchObject({ code: 'RXB_LOG_CORRUPT' });
        }
      }
    }
  }, 30_000);

  it('that was torn at any byte is told by verify, and is no damage', async () => {
    const { file, ends } = await small();
    const bytes = readFileSync(file);
    for (let cut = bytes.length; cut >= (ends[0] ?? 0); cut--) {
      truncateSync(file, cut);
      const whole = ends.filter((end) => end <= cut).length - 1;
      const offset = ends[whole] ?? 0;
      const torn = cut === offset ? null : (expect.objectContaining({ file, offset, bytes: cut - offset }) as unknown);
      expect(await verify(file)).toMatchObject({ commits: whole, damages: [], torn });
    }
  });

  it.each([
    ['zeros', Buffer.alloc(5_000)],
    ['half a line', Buffer.from('{"crc":"0000')],
    ['something else', Buffer.from('not what was written\n')],
    [
      'a record that says that it has more than there is',
      Buffer.from('{"crc":"00000000","bytes":99999999,"op":"commit"}\n'),
    ],
  ])('that is %s is cut', async (_, tail) => {
    const { directory, file } = await small();
    writeFileSync(file, tail, { flag: 'a' });
    const log = await open(directory);
    expect((await all(log)).map(({ event }) => event)).toEqual(commits.flat());
    await log.close();
    expect(readFileSync(file).includes(tail)).toBe(false);
  });
});

describe('a byte that is not what it was', () => {
  it('is told by verify wherever it is, once, with the place of its record', async () => {
    const { directory, file, ends } = await small();
    const bytes = readFileSync(file);
    for (let at = 0; at < (ends.at(-2) ?? 0); at++) {
      const spoilt = Buffer.from(bytes);
      spoilt[at] = (spoilt[at] ?? 0) ^ 1;
      writeFileSync(file, spoilt);
      const offset = at < (ends[0] ?? 0) ? 0 : ends.findLast((end) => end <= at);
      expect((await verify(directory)).damages, `byte ${at}`).toMatchObject([{ file, offset }]);
    }
  });
});

describe('several segments', () => {
  async function large(): Promise<string> {
    const directory = join(place, `log-${count++}`);
    const log = await open(directory, { segmentBytes: 400 });
    for (let n = 1; n <= 30; n++) await log.append('s', [{ name: 'e', n }]);
    await log.close();
    return directory;
  }

  const flip = (file: string, at: number): void => {
    const bytes = readFileSync(file);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  };

  it('verify tells every damage, not only the first, and counts what is whole', async () => {
    const directory = await large();
    const before = await verify(directory);
    expect(before).toMatchObject({ commits: 30, events: 30, damages: [], torn: null });
    expect(before.segments).toBeGreaterThan(5);
    flip(segment(directory, 2), 100);
    flip(segment(directory, 4), 100);
    rmSync(segment(directory, 6));
    const { damages, commits: counted } = await verify(directory);
    expect(damages.map(({ file }) => file)).toEqual([2, 4, 6].map((n) => segment(directory, n)));
    expect(counted).toBeLessThan(30);
    for (const { offset, what } of damages) {
      expect(offset).toBeGreaterThanOrEqual(0);
      expect(what).not.toBe('');
    }
  });

  it.each([
    ['is missing', (file: string) => rmSync(file), 'it is missing'],
    ['has lost its end', (file: string) => truncateSync(file, statSync(file).size - 3), 'bytes and should have'],
  ])('a segment that %s is damage, also when it is not the last', async (_, spoil, what) => {
    const directory = await large();
    spoil(segment(directory, 3));
    await expect(open(directory)).rejects.toMatchObject({
      code: 'RXB_LOG_CORRUPT',
      details: { file: segment(directory, 3), what: expect.stringContaining(what) as string },
    });
    expect((await verify(directory)).damages).toMatchObject([{ file: segment(directory, 3) }]);
  });

  it('without the checkpoint are the same, as long as none was deleted', async () => {
    const directory = await large();
    rmSync(join(directory, 'checkpoint.json'));
    expect((await verify(directory)).damages).toEqual([]);
    const log = await open(directory);
    expect(await all(log)).toHaveLength(30);
    expect(await log.head('s')).toMatchObject({ firstSeq: 1, lastSeq: 30 });
    await log.close();
  });

  it('without the checkpoint are damage when some were deleted', async () => {
    const directory = join(place, `log-${count++}`);
    const log = await open(directory, { segmentBytes: 400, retention: { bytes: 1_000 } });
    for (let n = 1; n <= 40; n++) await log.append('s', [n]);
    await log.close();
    const file = join(directory, 'checkpoint.json');
    rmSync(file);
    await expect(open(directory)).rejects.toMatchObject({ code: 'RXB_LOG_CORRUPT', details: { file, offset: 0 } });
    expect((await verify(directory)).damages).toMatchObject([{ file, offset: 0 }]);
  });
});

describe('verify', () => {
  it('looks at the file of a recording too', async () => {
    const { file, ends } = await small();
    expect(await verify(file)).toMatchObject({ segments: 1, commits: 3, events: 4, damages: [], bytes: ends.at(-1) });
    const log = await openRecording(file);
    expect((await all(log)).map(({ event }) => event)).toEqual(commits.flat());
    await log.close();
  });

  it('says what cannot be read', async () => {
    await expect(verify(join(place, 'nowhere'))).rejects.toMatchObject({
      code: 'RXB_LOG_UNAVAILABLE',
      details: { code: 'ENOENT' },
    });
    await expect(verify('')).rejects.toMatchObject({ code: 'RXB_CONFIG' });
  });

  it('does not mind a writer', async () => {
    const { directory } = await small();
    const log = await open(directory);
    expect((await verify(directory)).damages).toEqual([]);
    await log.append('s', ['more']);
    await log.close();
  });
});
