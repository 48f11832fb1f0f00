// Cancelling an agent frees its caller at once. The lock stays until the work has really stopped, since until then it writes.
import { coordinate, currentCall, inspect, when } from 'rxbaton';
import { setTimeout as sleep } from 'node:timers/promises';

const log: string[] = [];
const write = coordinate('writer', { lock: 'report' }, async (chapter: string) => {
  log.push(`${chapter} begins`);
  const { signal } = currentCall();
  await sleep(5); // this part cannot be stopped
  signal.throwIfAborted();
  log.push(`${chapter} is written`);
});
when(write.cancelled, () => log.push('cancelled'));

const first = write.observe('chapter 1').subscribe();
const second = write('chapter 2');
first.unsubscribe();
const { holders, waiting } = await inspect('report');
log.push(`the lock is held by ${holders.length}, awaited by ${waiting.length}`);
await second;
console.log(log.join('\n'));
