import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCoordinator, persist } from 'rxbaton';
import { fileLog } from '../../../adapters/file/fileLog.ts';
import { program, type Program } from '../../support/program.ts';

let shop: Program;

beforeAll(async () => {
  shop = await program({
    code: `
      import { createCoordinator, persist } from 'rxbaton';
      import { fileLog } from 'rxbaton/adapters/file';
      const coordinator = createCoordinator({ onError: () => {} });
      persist(coordinator, await fileLog({ directory: 'log' }), { redact: ['data.card'] });
      let calls = 0;
      coordinator.when('order', function charge({ id }) {
        calls++;
        if (calls > 3) return new Promise(() => {});
        throw new Error('no money for ' + id);
      });
      for (const id of [1, 2, 3]) coordinator.emit('order', { id, at: new Date(id), card: '4111' });
      await coordinator.settled();
      const [first, second] = await coordinator.deadLetters.list();
      await coordinator.deadLetters.discard(first.id);
      // Killed while the handler has it once more: it must not be lost.
      void coordinator.deadLetters.replay(second.id);
      setImmediate(() => console.log('ready'));
      setInterval(() => {}, 1000);`,
  });
}, 60_000);

afterAll(() => {
  shop.remove();
});

it('dead letters survive the death of their process, also in the middle of a replay', { timeout: 60_000 }, async () => {
  const child = shop.start([]);
  await once(createInterface({ input: child.stdout! }), 'line');
  child.kill('SIGKILL');
  await once(child, 'exit');

  const log = await fileLog({ directory: join(shop.folder, 'log') });
  const coordinator = createCoordinator();
  persist(coordinator, log);
  const letters = await coordinator.deadLetters.list();
  expect(letters.map(({ handler, error, event }) => [handler, error.message, event.data])).toEqual([
    ['charge', 'no money for 2', { id: 2, at: new Date(2), card: '[redacted]' }],
    ['charge', 'no money for 3', { id: 3, at: new Date(3), card: '[redacted]' }],
  ]);
  const charged: number[] = [];
  coordinator.when('order', function charge({ id }: { id: number }) {
    charged.push(id);
  });
  expect(await coordinator.deadLetters.replay('all')).toEqual({ handled: 2, failed: 0, left: 0 });
  expect(charged).toEqual([2, 3]);
  await coordinator.close();
  await log.close();

  const again = await fileLog({ directory: join(shop.folder, 'log') });
  const after = createCoordinator();
  persist(after, again);
  expect(await after.deadLetters.list()).toEqual([]);
  await after.close();
  await again.close();
});
