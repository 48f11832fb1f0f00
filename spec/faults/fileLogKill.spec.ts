import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { verify } from '../../adapters/file/verify.ts';
import { startFileLogWorker } from '../support/fileLogWorkers.ts';
import type { Acknowledged } from '../support/fileLogTasks.ts';
import { KilledLog } from '../support/KilledLog.ts';
import { runs } from '../support/runs.ts';

/** A directory whose writers are killed, one after the other, after a random number of acknowledged appends. */
async function killed(rounds: number, retention?: number): Promise<{ log: KilledLog; first: number[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'rxbaton-kill-'));
  try {
    const log = new KilledLog(directory);
    for (let round = 0; round < rounds; round++) {
      const worker = await startFileLogWorker({ do: 'commit', directory, round, ...(retention && { retention }) });
      await worker.heard(1 + Math.floor(Math.random() * 60));
      worker.kill();
      expect(await worker.ended).toBe('');
      for (const said of worker.said) if ('id' in said) log.hear(said as unknown as Acknowledged);
      await log.check();
    }
    const first = await log.checkAll();
    expect((await verify(directory)).damages).toEqual([]);
    return { log, first };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

it('loses nothing that was acknowledged and returns nothing torn, whenever its writer is killed; the next one goes on', async () => {
  const logs = await Promise.all([killed(runs(100)), killed(runs(100))]);
  for (const { log, first } of logs) {
    expect(log.acknowledged).toBeGreaterThan(1_000);
    expect(first).toEqual([1, 1]);
  }
}, 3_600_000);

it('is as safe while segments are dropped', async () => {
  const { log, first } = await killed(runs(40), 200_000);
  expect(log.acknowledged).toBeGreaterThan(100);
  expect(Math.max(...first)).toBeGreaterThan(1);
}, 3_600_000);
