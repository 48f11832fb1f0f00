export { redisBackend } from './redisBackend.ts';
export type { RedisClient } from './client.ts';
export type { RedisBackendOptions } from './redisBackend.ts';
