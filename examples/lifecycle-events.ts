// Every call of a coordinated function is three events. Monitoring is a subscription, not code in the agent.
import { coordinate, emit, settled, when } from 'rxbaton';

const process = coordinate('data_processor', { lock: 'database' }, async (rows: number[]) => {
  if (rows.length === 0) throw new Error('nothing to process');
  return rows.map((row) => row * 2);
});

when(process.started, ({ args }) => console.log('started with', args));
when(process.complete, ({ result, duration }) => console.log('complete:', result, duration >= 0));
when(process.failed, ({ error }) => console.log('failed:', error.message));
// By name and by pattern it is the same; the envelope comes second.
when('data_processor_complete', ({ result }, event) => console.log(event.name, 'had', result.length, 'rows'));
when('*_failed', (_, event) => emit('alert', { about: event.name }, { sender: 'watchdog' }));
when('alert', ({ about }, { sender }) => console.log(`${sender} reports ${about}`));

await process([1, 2, 3]);
await process([]).catch(() => {});
await settled();
