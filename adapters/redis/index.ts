export { fenced } from './fenced.ts';
export type { Fenced, FencedClient, FencedOptions } from './fenced.ts';
export { redisBackend } from './redisBackend.ts';
export type { RedisClient } from './client.ts';
export type { RedisBackendOptions } from './redisBackend.ts';
