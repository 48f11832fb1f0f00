import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installTime, redisForSpecs, type RedisServer, startRedis } from '../../support/redisServer.ts';

let server: RedisServer;

beforeAll(async () => {
  server = await redisForSpecs();
}, installTime);

afterAll(() => server.stop());

it.each([
  ['ioredis 6', Redis],
  ['ioredis 5', Redis5 as unknown as typeof Redis],
])('%s talks to the server of the specs', async (_name, Client) => {
  const client = new Client(server.url);
  expect(await client.ping()).toBe('PONG');
  client.disconnect();
});

it('a server that is started again on its port is empty', async () => {
  const first = await startRedis();
  const client = new Redis(first.url);
  await client.set('key', 'value');
  client.disconnect();
  await first.stop();
  const second = await startRedis({ port: first.port });
  const again = new Redis(second.url);
  expect(await again.get('key')).toBeNull();
  again.disconnect();
  await second.stop();
});
