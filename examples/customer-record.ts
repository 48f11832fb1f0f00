// One lock per customer: agents that work on the same customer take turns, all others run side by side.
import { coordinate, mutex } from 'rxbaton';
import { setTimeout as sleep } from 'node:timers/promises';

const log: string[] = [];
async function update(what: string, customer: number): Promise<void> {
  log.push(`${what} ${customer} begins`);
  await sleep(2);
  log.push(`${what} ${customer} ends`);
}

const ofCustomer = (id: number) => mutex(`customer_${id}`);
const updateProfile = coordinate('profile_updater', { lock: ofCustomer }, (id: number) => update('profile', id));
const updatePreferences = coordinate('preference_updater', { lock: ofCustomer }, (id: number) =>
  update('preferences', id),
);

await Promise.all([updateProfile(456), updatePreferences(456), updateProfile(789)]);
console.log(log.join('\n'));
