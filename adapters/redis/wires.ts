import { nextTick } from 'node:process';
import { ConfigError } from '../../lib/errors.ts';
import { type Connection, expectFailures, type RedisClient, settings } from './client.ts';

/** What happens on wires. */
export interface WireEvents {
  readonly onMessage: (text: string) => void;
  /** They are of no use any more. */
  readonly onEnd: (cause: unknown) => void;
}

/** One connection for commands and one for messages, from their beginning to their end. */
export interface Wires {
  /** Connects both and listens. Resolves with the name under which scripts reach this channel. */
  open(channel: string): Promise<string>;
  call(command: string, args: readonly string[]): Promise<unknown>;
  /** Resolves when the messages that were sent before have arrived; rejects when none would arrive any more. */
  sync(): Promise<unknown>;
  /** Whether they keep the process alive. */
  hold(alive: boolean): void;
  cut(): void;
}

/** Makes wires to the server that has this slot; a server that is no cluster has all of them. Does not connect yet. */
export type Wiring = (slot: number, events: WireEvents) => Wires;

/** What is sent in one turn of the event loop goes out in one piece: a piece costs more than a command. */
function gather(stream: Connection['stream']): void {
  if (stream === undefined || stream.writableCorked > 0) return;
  stream.cork();
  nextTick(() => stream.uncork());
}

/** Two connections to one server. */
export function plainWires(make: () => Promise<Connection>): Wiring {
  return (_slot, { onMessage, onEnd }) => {
    const clients: Connection[] = [];
    let commands: Connection | null = null;
    let messages: Connection | null = null;
    let over = false;
    const missing = (): Promise<never> => Promise.reject(new Error('There is no connection.'));

    const watched = async (): Promise<Connection> => {
      const client = await make();
      let trouble: unknown = new Error('The connection ended.');
      client.on('error', (error) => {
        trouble = error;
        expectFailures(client);
      });
      client.on('end', () => onEnd(trouble));
      clients.push(client);
      return client;
    };

    return {
      open: async (channel) => {
        const [first, second] = await Promise.all([watched(), watched()]);
        if (over) return missing();
        commands = first;
        messages = second;
        second.on('message', (_channel, text) => onMessage(text as string));
        await Promise.all([first.connect(), second.connect()]);
        await second.subscribe(channel);
        return channel;
      },
      call: (command, args) => {
        if (commands === null) return missing();
        gather(commands.stream);
        return commands.call(command, args);
      },
      sync: () => messages?.call('PING') ?? missing(),
      hold: (alive) => {
        for (const { stream } of clients) {
          if (alive) stream?.ref();
          else stream?.unref();
        }
      },
      cut: () => {
        over = true;
        for (const client of clients) {
          expectFailures(client);
          client.disconnect();
        }
      },
    };
  };
}

/** Connections like that of a client: its server, password, database and certificates. Its own version of ioredis makes them. */
export function wiresLike(client: RedisClient, commandTimeout: number): Wiring {
  const like = client as unknown as Connection;
  return plainWires(() => Promise.resolve(like.duplicate(settings(commandTimeout))));
}

type Constructor = new (url: string, options: Record<string, unknown>) => Connection;

/** Connections to a URL. ioredis is loaded with the first of them, since only programs with Redis have it. */
export function wiresTo(url: string, commandTimeout: number): Wiring {
  return plainWires(async () => {
    const { Redis } = (await import('ioredis').catch((cause: unknown) => {
      throw new ConfigError('redisBackend({ url }) needs the package ioredis.', {
        hint: 'Run `npm install ioredis`, or pass a client of it: redisBackend({ client }).',
        cause,
      });
    })) as unknown as { Redis: Constructor };
    return new Redis(url, settings(commandTimeout));
  });
}
