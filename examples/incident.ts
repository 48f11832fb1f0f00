// A customer paid twice on Friday. The recording of that minute becomes a test: Friday's shop fails it, today's passes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lastValueFrom } from 'rxjs';
import { createCoordinator, replay, within } from 'rxbaton';
import { openRecording, recordTo } from 'rxbaton/adapters/file';
import { expectReplay, virtualTime } from 'rxbaton/testing';
import { fridaysShop, todaysShop } from './incident/shop.ts';

// Friday, a minute before the shop closes: an impatient customer clicks twice.
const folder = await mkdtemp(path.join(tmpdir(), 'incident-'));
const clock = virtualTime({ epoch: Date.parse('2026-11-13T17:59:00Z') });
const friday = createCoordinator({ clock });
const { file } = await recordTo(friday, path.join(folder, 'friday.jsonl'), { redact: ['data.card'] });
within(friday, fridaysShop);
for (let click = 0; click < 2; click++) {
  friday.emit('order_placed', { id: 'a1', total: 30, card: '4111 1111 1111 1111' }, { sender: 'web' });
  await clock.advance(400);
}
await friday.close();

// Can it be reproduced? It comes out as it did.
await expectReplay(openRecording(file), fridaysShop);
console.log('reproduced');

// The test.
async function chargesOnce(shop: () => void): Promise<boolean> {
  const coordinator = createCoordinator();
  within(coordinator, shop);
  const charged: string[] = [];
  coordinator.when('order_charged', ({ id }) => charged.push(id));
  await lastValueFrom(replay(openRecording(file), { names: ['order_placed'], into: coordinator }));
  await coordinator.close();
  return charged.length === 1;
}
console.log("Friday's shop charges once:", await chargesOnce(fridaysShop));
console.log("today's shop charges once:", await chargesOnce(todaysShop));

// And what else has changed since Friday?
await expectReplay(openRecording(file), todaysShop).catch((error: unknown) => {
  console.log((error as Error).message);
});
await rm(folder, { recursive: true });
