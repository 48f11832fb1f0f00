import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom, map, toArray } from 'rxjs';
import { fileLog } from '../../adapters/file/fileLog.ts';
import type { EventLog } from '../../lib/log/EventLog.ts';
import { createCoordinator } from '../../lib/events/createCoordinator.ts';
import { persist } from '../../lib/log/persist.ts';
import { shownError, type ShownError } from './shownError.ts';

/** What became of it; each list has what was appended or emitted, by number. */
export interface Filled {
  readonly acknowledged: readonly number[];
  readonly refused: readonly ShownError[];
  /** What could be read while there was no room, and when the log was opened again. */
  readonly readWhenFull: readonly number[];
  readonly readAtLast: readonly number[];
  /** What handlers heard while there was no room, and the result of a call. */
  readonly handled: readonly number[];
  readonly called: number;
  /** Of the two that persist: one gives up at once, the other tries again. */
  readonly hasty: { readonly kept: number; readonly lost: number; readonly errors: readonly ShownError[] };
  readonly patient: { readonly kept: number; readonly lost: number; readonly events: readonly number[] };
}

const numbersIn = (log: EventLog<{ readonly n: number }>, stream: string): Promise<number[]> =>
  lastValueFrom(
    log.read(stream).pipe(
      map(({ event }) => event.n),
      toArray(),
    ),
  );

/** Fills a disk, goes on while it is full, makes room, and goes on. */
export async function fill(directory: string, room: readonly string[], say: (what: Filled) => void): Promise<void> {
  writeFileSync(join(directory, 'ballast'), Buffer.alloc(300_000));
  const log = await fileLog<{ readonly n: number }>({ directory });
  const acknowledged: number[] = [];
  const refused: ShownError[] = [];
  let last = 0;

  /** Sixteen appends in flight. */
  async function append(): Promise<void> {
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        const n = ++last;
        try {
          await log.append('direct', [{ n, pad: 'x'.repeat(1 + ((n * 7919) % 4_000)) } as { readonly n: number }]);
          acknowledged.push(n);
        } catch (error) {
          refused.push(shownError(error));
        }
      }),
    );
  }

  while (refused.length === 0) await append();
  // What was cut off may have left room for something small.
  let before = -1;
  while (before !== acknowledged.length) {
    before = acknowledged.length;
    await append();
  }

  const readWhenFull = await numbersIn(log, 'direct');
  const errors: ShownError[] = [];
  const coordinator = createCoordinator();
  const pad = 'x'.repeat(50_000);
  const hasty = persist(coordinator, log, {
    stream: 'hasty',
    retry: 1,
    onError: (error) => errors.push(shownError(error)),
  });
  const patient = persist(coordinator, log, { stream: 'patient', retry: { attempts: 1_000, delay: 5, factor: 1 } });
  const handled: number[] = [];
  coordinator.when('tick').subscribe(({ data }) => handled.push((data as { n: number }).n));
  for (let n = 1; n <= 3; n++) coordinator.emit('tick', { n, pad });
  const called = await coordinator.coordinate('double', (n: number) => n * 2)(21);
  // Who asks is answered, though one write after another fails.
  let answered = false;
  void log.head('direct').then(() => (answered = true));
  while (hasty.lost === 0 || !answered) await append();
  hasty.unsubscribe();

  execFileSync(room[0] as string, room.slice(1));
  await coordinator.settled();
  coordinator.emit('tick', { n: 4, pad });
  await coordinator.settled();
  await append();
  await log.close();

  const again = await fileLog<{ readonly n: number }>({ directory });
  const events = await lastValueFrom(
    (again as EventLog as EventLog<{ data: { n: number } }>).read('patient', { names: ['tick'] }).pipe(
      map(({ event }) => event.data.n),
      toArray(),
    ),
  );
  say({
    acknowledged,
    refused,
    readWhenFull,
    readAtLast: await numbersIn(again, 'direct'),
    handled,
    called,
    hasty: { kept: hasty.kept, lost: hasty.lost, errors },
    patient: { kept: patient.kept, lost: patient.lost, events },
  });
  await again.close();
}
