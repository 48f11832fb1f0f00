import type { Subscription } from 'rxjs';
import { after } from '../../lib/internal/after.ts';
import { runIn } from '../../lib/internal/context.ts';
import type { Clock } from '../../lib/internal/env.ts';
import type { MakeClient, RedisClient } from './client.ts';
import type { Script } from './scripts.ts';
import type { ServerClock } from './ServerClock.ts';

/** What a script answers: a code, the server's time in microseconds, and more. */
export type Reply = readonly [code: number, now: number, ...rest: readonly unknown[]];

interface LinkOptions {
  readonly make: MakeClient;
  readonly clock: Clock;
  readonly server: ServerClock;
  /** Where messages for this process arrive. */
  readonly channel: string;
  readonly commandTimeout: number;
  /** Asks for the server's time. */
  readonly timeScript: Script;
  readonly onMessage: (text: string) => void;
  /** Ready: the server's time is known, and messages arrive. */
  readonly onUp: () => void;
  /** Answers that have not come will not come any more. */
  readonly onDown: (cause: unknown) => void;
}

/** The longest wait between two attempts to connect, ms. */
const longestPause = 1_000;

interface Refable {
  ref(): void;
  unref(): void;
}

/**
 * The two connections of a process to a server, one for commands and one for messages, as one: both work, or neither counts.
 * Whatever goes wrong ends both, and as long as somebody needs them they are made anew. Nothing is ever sent again here.
 */
export class Link {
  up = false;
  private readonly options: LinkOptions;
  private commands: RedisClient | null = null;
  private messages: RedisClient | null = null;
  private connecting = false;
  private closed = false;
  private needed = false;
  private retry: Subscription | null = null;
  private failures = 0;
  /** Scripts that have been sent to this server, over this connection. */
  private readonly loaded = new Set<string>();
  /** Each pair of connections has its number, so that the end of an old one is not taken for that of the new. */
  private life = 0;

  constructor(options: LinkOptions) {
    this.options = options;
  }

  /** Connects, and keeps the process alive, while somebody needs it. */
  need(needed: boolean): void {
    if (needed === this.needed) return;
    this.needed = needed;
    this.hold();
    if (needed) this.start();
    else {
      this.retry?.unsubscribe();
      this.retry = null;
    }
  }

  /** Runs a script. One of the two is called, later, and at most once. */
  run(
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    onReply: (reply: Reply) => void,
    onFail: (cause: unknown) => void,
  ): void {
    const { commands, life } = this;
    if (commands === null || !this.up) {
      onFail(new Error('There is no connection.'));
      return;
    }
    const { clock, server } = this.options;
    const sent = clock.now();
    const received = (reply: unknown): void => {
      if (life !== this.life) {
        onFail(new Error('The connection was replaced.'));
        return;
      }
      this.failures = 0;
      server.sample(sent, clock.now(), (reply as Reply)[1]);
      onReply(reply as Reply);
    };
    const failed = (cause: unknown): void => {
      if (life === this.life) this.fail(cause);
      onFail(cause);
    };
    const count = `${keys.length}`;
    // The first time with its text, so that what is sent next does not overtake it. Afterwards the server may still forget it.
    if (!this.loaded.has(script.sha)) {
      this.loaded.add(script.sha);
      commands.call('EVAL', script.text, count, ...keys, ...args).then(received, failed);
      return;
    }
    commands.call('EVALSHA', script.sha, count, ...keys, ...args).then(received, (cause: unknown) => {
      if (life !== this.life || !/^NOSCRIPT/.test((cause as Error).message)) failed(cause);
      else commands.call('EVAL', script.text, count, ...keys, ...args).then(received, failed);
    });
  }

  /** Resolves when all messages that were sent before now have been handled; never, if the connection ends before. */
  async sync(): Promise<void> {
    const { messages, life } = this;
    try {
      await messages?.call('PING');
    } catch (cause) {
      if (life === this.life) this.fail(cause);
    }
    if (messages === null || life !== this.life) await new Promise<never>(() => undefined);
  }

  close(): void {
    this.closed = true;
    this.need(false);
    this.life++;
    this.up = false;
    this.cut();
  }

  private start(): void {
    if (this.closed || this.up || this.connecting || this.retry !== null) return;
    this.connecting = true;
    // Whoever happens to be first must not lend its causal context to everything that comes from the socket.
    void runIn(null, () => this.connect());
  }

  private async connect(): Promise<void> {
    const { make, clock, server, channel, commandTimeout, timeScript, onMessage } = this.options;
    const life = ++this.life;
    let patience: Subscription | null = null;
    const tooLate = new Promise<never>((_, reject) => {
      patience = after(clock, commandTimeout, () => {
        reject(new Error(`No connection within ${commandTimeout} ms.`));
      });
    });
    const open = async (): Promise<RedisClient> => {
      const client = await make();
      let trouble: unknown = new Error('The connection ended.');
      client.on('error', (error: unknown) => {
        trouble = error;
      });
      client.on('end', () => {
        if (life === this.life) this.fail(trouble);
      });
      return client;
    };
    try {
      const [commands, messages] = await Promise.all([open(), open()]);
      if (life !== this.life) return;
      this.commands = commands;
      this.messages = messages;
      messages.on('message', (_channel, text) => {
        if (life === this.life) onMessage(text as string);
      });
      const ready = async (): Promise<void> => {
        await Promise.all([commands.connect(), messages.connect()]);
        const sent = clock.now();
        const [reply] = await Promise.all([
          commands.call('EVAL', timeScript.text, '0', 'inf'),
          subscribe(messages, channel),
        ]);
        server.sample(sent, clock.now(), (reply as Reply)[1]);
      };
      await Promise.race([ready(), tooLate]);
      if (life !== this.life) return;
      this.connecting = false;
      this.up = true;
      this.hold();
      this.options.onUp();
    } catch (cause) {
      if (life === this.life) this.fail(cause);
    } finally {
      (patience as Subscription | null)?.unsubscribe();
    }
  }

  /** Ends this life of the connections, and begins the next one if somebody needs it. */
  fail(cause: unknown): void {
    this.life++;
    this.up = this.connecting = false;
    this.cut();
    const pause = this.failures === 0 ? 0 : Math.min(longestPause, 25 * 2 ** this.failures);
    this.failures++;
    this.options.onDown(cause);
    if (!this.needed || this.closed) return;
    this.retry = after(this.options.clock, pause, () => {
      this.retry = null;
      this.start();
    });
  }

  private cut(): void {
    this.loaded.clear();
    for (const client of [this.commands, this.messages]) client?.disconnect();
    this.commands = this.messages = null;
  }

  /** A socket nobody waits for must not keep the process alive. */
  private hold(): void {
    for (const client of [this.commands, this.messages]) {
      const { stream } = (client ?? {}) as { stream?: Refable };
      if (this.needed) stream?.ref();
      else stream?.unref();
    }
  }
}

const subscribe = (client: RedisClient, channel: string): Promise<unknown> =>
  (client as unknown as { subscribe(channel: string): Promise<unknown> }).subscribe(channel);
