import { ConfigError } from '../../lib/errors.ts';

/** What is needed of a client of ioredis, 5 or 6. */
export interface RedisClient {
  readonly isCluster?: boolean;
  readonly options?: { readonly keyPrefix?: string | undefined };
  duplicate(override?: Record<string, unknown>): RedisClient;
  connect(): Promise<unknown>;
  disconnect(reconnect?: boolean): void;
  call(command: string, ...args: readonly string[]): Promise<unknown>;
  on(event: string, listener: (...args: readonly unknown[]) => void): unknown;
}

type Constructor = new (url: string, options: Record<string, unknown>) => RedisClient;

/**
 * How our connections differ from the user's. Nothing is queued or sent again behind our back: an answer that did not come is
 * an unknown outcome, and only we know how to ask again. Whatever would change keys or answers is set back.
 */
const settings = (commandTimeout: number): Record<string, unknown> => ({
  lazyConnect: true,
  enableOfflineQueue: false,
  enableReadyCheck: false,
  enableAutoPipelining: false,
  autoResubscribe: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: () => null,
  reconnectOnError: null,
  connectTimeout: commandTimeout,
  commandTimeout,
  keyPrefix: '',
  stringNumbers: false,
});

/** Makes a new connection each time. */
export type MakeClient = () => Promise<RedisClient>;

/** Connections like that of a client: its server, password, database and certificates. Its own version of ioredis makes them. */
export function clientsLike(client: RedisClient, commandTimeout: number): MakeClient {
  return () => Promise.resolve(client.duplicate(settings(commandTimeout)));
}

/** Connections to a URL. ioredis is loaded with the first of them, since only programs with Redis have it. */
export function clientsOf(url: string, commandTimeout: number): MakeClient {
  return async () => {
    const { Redis } = (await import('ioredis').catch((cause: unknown) => {
      throw new ConfigError('redisBackend({ url }) needs the package ioredis.', {
        hint: 'Run `npm install ioredis`, or pass a client of it: redisBackend({ client }).',
        cause,
      });
    })) as unknown as { Redis: Constructor };
    return new Redis(url, settings(commandTimeout));
  };
}
