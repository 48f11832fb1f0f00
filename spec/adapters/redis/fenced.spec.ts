import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import initSqlJs from 'sql.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fenced } from '../../../adapters/redis/index.ts';
import { ConfigError, StaleFenceError } from '../../../lib/errors.ts';
import { installTime, redisForSpecs, type RedisServer } from '../../support/redisServer.ts';

describe('fenced(redis)', () => {
  let server: RedisServer;
  let redis: Redis;
  let cases = 0;
  let key = '';

  beforeAll(async () => {
    server = await redisForSpecs();
    redis = new Redis(server.url);
  }, installTime);
  beforeEach(() => {
    key = `rxbaton-spec-fenced-${process.pid}-${++cases}`;
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  // Numbers of which Lua prints only the first fourteen digits by itself.
  const old = 1_795_184_400_123_456;
  const next = old + 1;

  it('carries out a command and answers with what Redis says', async () => {
    const store = fenced(redis);
    expect(await store.call(old, 'HSET', key, 'a', 1, 'b', 2)).toBe(2);
    expect(await store.call(old, 'HGET', key, 'b')).toBe('2');
    expect(await store.call(old, 'HGET', key, 'none')).toBeNull();
  });

  it('refuses an older fence, and writes nothing', async () => {
    const store = fenced(redis);
    await store.call(next, 'SET', key, 'new');
    const refused = await store.call(old, 'SET', key, 'late').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StaleFenceError);
    expect((refused as StaleFenceError).details).toEqual({ key, fence: old, newest: next });
    expect((refused as Error).message).toContain(`SET ${key} was refused: fence ${old} is older than ${next}.`);
    expect(await redis.get(key)).toBe('new');
  });

  it('lets the same holder write again, and the next one', async () => {
    const store = fenced(redis);
    await store.call(old, 'RPUSH', key, 'a');
    await store.call(old, 'RPUSH', key, 'b');
    await store.call(next, 'RPUSH', key, 'c');
    expect(await redis.lrange(key, 0, -1)).toEqual(['a', 'b', 'c']);
  });

  it('remembers a fence although its key is deleted', async () => {
    const store = fenced(redis);
    await store.call(next, 'SET', key, 'new');
    await store.call(next, 'DEL', key);
    await expect(store.call(old, 'SET', key, 'late')).rejects.toThrow(StaleFenceError);
  });

  it.each([
    ['customer:1', '{customer:1}:fence'],
    ['{customer:1}:orders', '{customer:1}:orders:fence'],
  ])('keeps the fence of %s in its slot', async (name, expected) => {
    await fenced(redis).call(next, 'SET', name, 'x');
    expect(await redis.get(expected)).toBe(`${next}`);
    await redis.del(name, expected);
  });

  it('forgets a fence after a day, or after `remember`', async () => {
    await fenced(redis).call(next, 'SET', key, 'x');
    expect(await redis.pttl(`{${key}}:fence`)).toBeGreaterThan(86_000_000);
    await fenced(redis, { remember: '1h' }).call(next, 'SET', key, 'x');
    expect(await redis.pttl(`{${key}}:fence`)).toBeLessThanOrEqual(3_600_000);
  });

  it('refuses grants without a fence and options that it does not know', async () => {
    await expect(fenced(redis).call(null, 'SET', key, 'x')).rejects.toThrow(ConfigError);
    expect(() => fenced(redis, { rememebr: 1 } as never)).toThrow(ConfigError);
  });
});

describe('the SQL of docs/fences.md', () => {
  const [upsert = '', update = ''] = [...readFileSync('docs/fences.md', 'utf8').matchAll(/```sql\n(.*?)```/gs)].map(
    ([, text]) => text,
  );

  it('refuses a stale fence', async () => {
    const { Database } = await initSqlJs();
    const db = new Database();
    db.run('CREATE TABLE customers (id INTEGER PRIMARY KEY, data TEXT, fence INTEGER NOT NULL DEFAULT 0)');
    const write = (sql: string, data: string, fence: number): number => {
      db.run(sql, [42, data, fence]);
      return db.getRowsModified();
    };
    const old = 1_795_184_400_123_456;
    expect(write(update, 'too early', old)).toBe(0);
    expect(write(upsert, 'first', old)).toBe(1);
    expect(write(upsert, 'again', old)).toBe(1);
    expect(write(update, 'new', old + 1)).toBe(1);
    expect(write(upsert, 'late', old)).toBe(0);
    expect(write(update, 'late', old)).toBe(0);
    expect(db.exec('SELECT data, fence FROM customers')[0]?.values).toEqual([['new', old + 1]]);
    db.close();
  });
});
