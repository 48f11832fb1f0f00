import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { lastValueFrom, map, toArray } from 'rxjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileLog } from '../../../adapters/file/index.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rxbaton-reading-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('gives whoever comes while appends are on their way all of them, and calls nothing missing that is not there yet', async () => {
  const log = await fileLog({ directory });
  for (let round = 0; round < 30; round++) {
    const stream = `s${round}`;
    const first = log.append(stream, [1]);
    // It is on its way when the second one comes, which has to wait.
    await turn();
    await turn();
    const second = log.append(stream, [2]);
    const read = lastValueFrom(
      log.read(stream).pipe(
        map(({ seq }) => seq),
        toArray(),
      ),
    );
    const followed = lastValueFrom(
      log.read(stream, { follow: true, to: 2 }).pipe(
        map(({ seq }) => seq),
        toArray(),
      ),
    );
    expect(await Promise.all([read, followed])).toEqual([
      [1, 2],
      [1, 2],
    ]);
    await Promise.all([first, second]);
  }
  await log.close();
});

it('comes by every event of a file many times as long as what is in memory, however long each is', async () => {
  const log = await fileLog({ directory, fsync: 'never' });
  // Around what becomes text at once, around what is kept in front of what was read ahead, and longer than a step.
  const lengths = [0, 1, 100, 16_000, 32_700, 32_768, 33_000, 65_400, 65_536, 66_000, 300_000, 600_000];
  const events = Array.from({ length: 240 }, (_, i) => ({
    name: i % 7 === 3 ? 'rare' : 'often',
    n: i,
    // Of one, two and three bytes.
    text: ['x', 'é', '\u65e5'][i % 3]!.repeat(lengths[(i * 5) % lengths.length]!),
  }));
  // And small ones with few large ones between them, so that one step follows the other.
  for (let n = events.length; n < 30_000; n++)
    events.push({
      name: n % 7 === 3 ? 'rare' : 'often',
      n,
      text: 'x'.repeat(n % 500 === 0 ? 200_000 : (n * 37) % 300),
    });
  const appends: Promise<unknown>[] = [];
  for (let i = 0; i < events.length; i += 1 + (i % 4)) appends.push(log.append('s', events.slice(i, i + 1 + (i % 4))));
  await Promise.all(appends);
  const read = (options = {}) =>
    lastValueFrom(
      log.read('s', options).pipe(
        map(({ event }) => event),
        toArray(),
      ),
    );
  expect(await read()).toEqual(events);
  expect(await read({ maxBuffer: 3 })).toEqual(events);
  expect(await read({ from: 100 })).toEqual(events.slice(99));
  expect(await read({ names: ['rare'] })).toEqual(events.filter(({ name }) => name === 'rare'));
  await log.close();
});
