// Two agents take two locks crosswise. The one that would close the circle gets an error that explains it.
import { coordinate, DeadlockError, run, waits } from 'rxbaton';
import { setTimeout as sleep } from 'node:timers/promises';

const writer = coordinate('writer', { lock: 'style-guide' }, async () => {
  await sleep(2);
  await run('customer', async () => {});
  return 'writer is done';
});

const enricher = coordinate('enricher', { lock: 'customer' }, async () => {
  await sleep(20);
  for (const { waiter, gate, holders } of await waits()) {
    console.log(`${waiter} waits for ${gate}, held by ${holders.join(', ')}`);
  }
  await run('style-guide', async () => {});
  return 'enricher is done';
});

const [wrote, enriched] = await Promise.allSettled([writer(), enricher()]);
if (enriched.status === 'rejected' && enriched.reason instanceof DeadlockError) {
  console.log(enriched.reason.code);
  console.log(enriched.reason.message);
}
// The other one was let through.
if (wrote.status === 'fulfilled') console.log(wrote.value);

// The cure: ask for both at once. They are taken in one fixed order, whatever order they are named in.
const oneWay = coordinate('writer', { lock: ['customer', 'style-guide'] }, async () => 'writer');
const otherWay = coordinate('enricher', { lock: ['style-guide', 'customer'] }, async () => 'enricher');
console.log('with both locks at once:', await Promise.all([oneWay(), otherWay()]));
