// A process is frozen while it holds a lock. Its lease lapses, another one works, and the late write is refused by the store.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { createCoordinator, mutex, run, type CoordinationError } from 'rxbaton';
import { fenced, redisBackend } from 'rxbaton/adapters/redis';
import { redisUrl } from './support/redis.ts';

const [, program = '', role, url = await redisUrl(), id = `late-writer-${process.pid}`] = process.argv;
const redis = new Redis(url);
const key = `${id}:customer:42`;
const coordinator = createCoordinator({ backend: redisBackend({ url, prefix: id, crashTtl: '1s' }) });
const lock = mutex('customer-42');
const codeOf = (error: unknown): string => (error as CoordinationError).code;

if (role === 'frozen') {
  const work = run(coordinator.open(lock), async ({ fence }) => {
    process.send?.('holds the lock');
    await once(process, 'message');
    await fenced(redis)
      .call(fence, 'HSET', key, 'status', 'paid')
      .catch((error: unknown) => process.send?.(`writes all the same, and is refused: ${codeOf(error)}`));
  });
  const closed = once(process, 'disconnect');
  await work.catch((error: unknown) => process.send?.(`hears that it has lost: ${codeOf(error)}`));
  await closed;
} else {
  const frozen = fork(program, ['frozen', url, id]);
  const said: string[] = [];
  frozen.on('message', (text: string) => {
    console.log(`the first one ${text}`);
    said.push(text);
  });
  await once(frozen, 'message');
  frozen.kill('SIGSTOP');
  await run(coordinator.open(lock), async ({ fence }) => {
    console.log('the second one gets the lock when the lease of the first is over, and writes');
    await fenced(redis).call(fence, 'HSET', key, 'status', 'cancelled');
  });
  frozen.send('go on');
  frozen.kill('SIGCONT');
  while (said.length < 3) await once(frozen, 'message');
  frozen.disconnect();
  console.log('customer 42 is', await redis.hget(key, 'status'));
  await redis.del(key, `{${key}}:fence`);
}
await coordinator.close();
redis.disconnect();
