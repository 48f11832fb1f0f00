/** A client of ioredis, 5 or 6: of one server, of Sentinel, or a Cluster. */
export interface RedisClient {
  readonly isCluster?: boolean;
  readonly options?: {
    readonly keyPrefix?: string | undefined;
    /** A Cluster has those of its nodes apart. */
    readonly redisOptions?: { readonly keyPrefix?: string | undefined } | undefined;
  };
  duplicate(...overrides: never[]): unknown;
}

/** What is needed of a client of one server that is ours. */
export interface Connection {
  /** The socket, while there is one. */
  readonly stream?: {
    readonly writableCorked: number;
    ref(): void;
    unref(): void;
    on(event: 'error', listener: () => void): unknown;
    cork(): void;
    uncork(): void;
  };
  duplicate(override?: Record<string, unknown>): Connection;
  connect(): Promise<unknown>;
  disconnect(): void;
  call(command: string, args?: readonly string[]): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  on(event: string, listener: (...args: readonly unknown[]) => void): unknown;
}

/** ioredis listens for one failure of a socket only; one of TLS may fail again when it is given up, which would end the process. */
export function expectFailures({ stream }: Pick<Connection, 'stream'>): void {
  stream?.on('error', () => undefined);
}

/**
 * How our connections differ from the user's. Nothing is queued or sent again behind our back: an answer that did not come is
 * an unknown outcome, and only we know how to ask again. Whatever would change keys or answers is set back.
 */
export const settings = (commandTimeout: number): Record<string, unknown> => ({
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
