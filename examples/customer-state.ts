// Two agents change one customer. Without a lock the later one undoes the earlier one's work; with it, one waits.
import { coordinate } from 'rxbaton';
import { setTimeout as sleep } from 'node:timers/promises';

let customer: Record<string, string> = {};

async function change(field: string, value: string): Promise<void> {
  const copy = { ...customer };
  await sleep(2); // the database, the network, a model
  customer = { ...copy, [field]: value };
}

await Promise.all([change('status', 'processed'), change('profile', 'updated')]);
console.log('without a lock:', customer);

customer = {};
const processData = coordinate('data_processor', { lock: 'customer_123' }, () => change('status', 'processed'));
const updateProfile = coordinate('profile_updater', { lock: 'customer_123' }, () => change('profile', 'updated'));
await Promise.all([processData(), updateProfile()]);
console.log('with a lock:   ', customer);
