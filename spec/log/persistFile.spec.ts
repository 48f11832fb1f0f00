import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { firstValueFrom, toArray } from 'rxjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createCoordinator, persist, type Coordinator, type CoordinatorEvent, type EventLog } from 'rxbaton';
import { fileLog } from 'rxbaton/adapters/file';
import { losslessCodec } from '../../lib/log/losslessCodec.ts';
import { runs } from '../support/runs.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rxbaton-persist-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const kept = async (log: EventLog): Promise<CoordinatorEvent[]> =>
  (await firstValueFrom(log.read('events').pipe(toArray()))).map(({ event }) => event as CoordinatorEvent);

const payload = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true });

it('any events, in any rhythm, are the same in files that are opened again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.tuple(fc.string({ minLength: 1 }), payload), { maxLength: 4 }), { maxLength: 6 }),
      fc.constantFrom('always' as const, 'batch', 'never'),
      async (turns, fsync) => {
        const folder = mkdtempSync(join(directory, 'log-'));
        const open = (): Promise<EventLog> => fileLog({ directory: folder, fsync, segmentBytes: 4_096 });
        const coordinator: Coordinator = createCoordinator();
        const heard: CoordinatorEvent[] = [];
        coordinator.when('*').subscribe((event) => heard.push(event));
        // The first events wait for it.
        const log = open();
        persist(coordinator, log);
        for (const turn of turns) {
          for (const [name, data] of turn) coordinator.emit(`e_${name.replaceAll('*', '')}`, data);
          await new Promise(setImmediate);
        }
        await coordinator.close();
        await (await log).close();
        const again = await open();
        const read = await kept(again);
        await again.close();
        expect(read.map((event) => losslessCodec.encode(event.data))).toEqual(
          heard.map((event) => losslessCodec.encode(event.data)),
        );
        expect(read.map(({ data: _, ...rest }) => rest)).toEqual(heard.map(({ data: _, ...rest }) => rest));
      },
    ),
    { numRuns: runs(40) },
  );
}, 120_000);

it('for people: one line of JSON each, with the name first', async () => {
  const log = await fileLog({ directory });
  const coordinator: Coordinator = createCoordinator({ log });
  coordinator.emit('order_paid', { id: 7, at: new Date(0), note: 'two\nlines' });
  await coordinator.close();
  await log.close();
  const lines = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .flatMap((file) => readFileSync(join(file.parentPath, file.name), 'utf8').split('\n'));
  const line = lines.find((each) => each.startsWith('{"name":"order_paid"'));
  expect(line).toContain('"data":{"id":7,"at":{"$date":"1970-01-01T00:00:00.000Z"},"note":"two\\nlines"}}');
  expect(losslessCodec.decode(line!)).toMatchObject({ data: { at: new Date(0) } });
});
