// Analysis starts when the collector says that all sources are in, not when the first one is.
import { coordinate, emit, settled, when } from 'rxbaton';
import { setTimeout as sleep } from 'node:timers/promises';

const collect = coordinate('data_collector', async (sources: string[]) => {
  const rows = await Promise.all(sources.map(async (source, n) => (await sleep(3 - n), `${source} row`)));
  emit('data_collection_complete', { dataset: rows }, { sender: 'data_collector' });
  return rows;
});

const analyse = coordinate(
  'data_analyser',
  async (dataset: string[]) => `${dataset.length} rows analysed: ${dataset.join(', ')}`,
);

when('data_collection_complete', ({ dataset }) => analyse(dataset));
when(analyse.complete, ({ result }) => console.log(result));

await collect(['crm', 'shop', 'web']);
await settled();
