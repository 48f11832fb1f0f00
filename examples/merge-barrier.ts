// Five agents work on parts; nobody merges before all parts are there. The last to arrive does the merging.
import { coordinate, cyclicBarrier, run } from 'rxbaton';
import { setTimeout as sleep } from 'node:timers/promises';

const merge = cyclicBarrier('merge', { parties: 5, timeout: '30s' });
const parts: string[] = [];

const work = coordinate('part_worker', async (part: string, ms: number) => {
  await sleep(ms);
  parts.push(part);
  console.log(`${part} is ready`);
  return run(merge, async ({ index }) => (index === 4 ? `merged ${parts.length} parts: ${parts.join(' ')}` : null));
});

const merged = await Promise.all([
  work('intro', 1),
  work('method', 5),
  work('results', 9),
  work('outlook', 13),
  work('sources', 17),
]);
console.log(merged.filter((text) => text !== null).join());
