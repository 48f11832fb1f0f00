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
