// Four processes share one lock for a customer and one limit of an API. One is killed in the middle: nothing is lost.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { createCoordinator, mutex, rateLimiter, run } from 'rxbaton';
import { fenced, redisBackend } from 'rxbaton/adapters/redis';
import { redisUrl } from './support/redis.ts';

const [, program = '', role, url = await redisUrl(), id = `four-workers-${process.pid}`] = process.argv;
const redis = new Redis(url);
const todo = `${id}:todo`;
const balance = `${id}:balance`;

if (role === undefined) await lead();
else await work(role);
redis.disconnect();

/** Takes payments from the list until there are none, and adds them up. */
async function work(name: string): Promise<void> {
  const coordinator = createCoordinator({ backend: redisBackend({ url, prefix: id, crashTtl: '1s' }) });
  const customer = coordinator.open(mutex('customer-42'));
  const api = coordinator.open(rateLimiter('bank-api', { limit: 5, per: '200ms' }));
  for (let left = true; left;) {
    await run(api, () => undefined);
    left = await run(customer, async ({ fence }) => {
      // Looked at, not taken: whoever dies in here leaves it to the next one.
      const payment = await redis.lindex(todo, 0);
      if (payment === null) return false;
      const before = Number((await redis.hget(balance, 'sum')) ?? 0);
      if (name === 'unlucky') {
        process.send?.('dies with the lock in its hand');
        await once(process, 'never');
      }
      const paid = ((await redis.hget(balance, 'paid')) ?? '').split(' ').filter(Boolean);
      // One write: the new balance, and which payments are in it. Who died behind it has only left the payment in the list.
      if (!paid.includes(payment)) {
        const fields = ['sum', before + 10, 'paid', [...paid, payment].join(' ')];
        await fenced(redis).call(fence, 'HSET', balance, ...fields);
      }
      await redis.lrem(todo, 1, payment);
      return true;
    });
  }
  await coordinator.close();
}

async function lead(): Promise<void> {
  await redis.rpush(todo, ...Array.from({ length: 20 }, (_, i) => `payment-${i + 1}`));
  console.log('20 payments of 10 are to be booked by 4 workers');
  const start = (name: string) => fork(program, [name, url, id]);
  const unlucky = start('unlucky');
  const [story] = (await once(unlucky, 'message')) as [string];
  console.log(`one of them ${story}`);
  unlucky.kill('SIGKILL');
  const others = ['b', 'c', 'd'].map(start);
  await Promise.all(others.map((worker) => once(worker, 'exit')));
  const { sum, paid = '' } = await redis.hgetall(balance);
  console.log('the others get the lock when its lease is over, and book the rest');
  console.log(`balance ${sum}, ${new Set(paid.split(' ')).size} payments, ${await redis.llen(todo)} left`);
  await redis.del(todo, balance, `{${balance}}:fence`);
}
