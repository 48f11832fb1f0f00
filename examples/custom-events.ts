// Agents tell each other what happened with events of their own: `emit` says it, `when` hears it, the compiler knows them.
import { createCoordinator } from 'rxbaton';

interface Events {
  data_ready: { dataset: number[] };
  data_rejected: { why: string };
}
const desk = createCoordinator<Events>();

const rows = new Map<string, number>();

desk.when('data_ready', ({ dataset }, { id, sender }) => {
  rows.set(id, dataset.length);
  console.log(`${sender ?? 'somebody'} has ${dataset.length} rows`);
  if (dataset.some(Number.isNaN)) desk.emit('data_rejected', { why: 'not a number' });
});
// Every event knows which one led to it.
desk.when('data_rejected', ({ why }, { causationId = '' }) => {
  console.log(`rejected: ${why}, among the ${rows.get(causationId)} rows`);
});

const first = desk.emit('data_ready', { dataset: [1, 2, 3] }, { sender: 'collector' });
const second = desk.emit('data_ready', { dataset: [4, NaN] }, { sender: 'collector' });
await desk.settled();
console.log('ids sort by time:', first < second);
