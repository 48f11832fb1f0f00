import { lastValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { createCoordinator, replay, within } from 'rxbaton';
import { expectReplay } from 'rxbaton/testing';
import { openRecording } from '../../adapters/file/openRecording.ts';
import { fridaysShop, todaysShop } from '../../examples/incident/shop.ts';

// What the example becomes in a project: a recording beside the specs, which every later version of the format must read.
const recording = () => openRecording('examples/incident/friday.jsonl');

async function charged(shop: () => void): Promise<string[]> {
  const coordinator = createCoordinator();
  const ids: string[] = [];
  within(coordinator, shop);
  coordinator.when('order_charged', ({ id }: { id: string }) => ids.push(id));
  await lastValueFrom(replay(recording(), { names: ['order_placed'], into: coordinator }));
  await coordinator.close();
  return ids;
}

it("is reproduced by Friday's shop", async () => {
  await expectReplay(recording(), fridaysShop);
  expect(await charged(fridaysShop)).toEqual(['a0', 'a1', 'a1', 'a2']);
});

it("does not happen in today's shop", async () => {
  expect(await charged(todaysShop)).toEqual(['a0', 'a1', 'a2']);
});

it('is all that has changed since', async () => {
  await expect(expectReplay(recording(), todaysShop)).rejects.toThrow('0 changed, 2 missing (-), 1 new (+)');
});
