import type { Subscription } from 'rxjs';
import { after } from '../../lib/internal/after.ts';
import { runIn } from '../../lib/internal/context.ts';
import type { Clock } from '../../lib/internal/env.ts';
import { IN } from './answers.ts';
import type { Script } from './scripts.ts';
import { ServerClock } from './ServerClock.ts';
import type { Wires, Wiring } from './wires.ts';

/** What a script answers: a code, the server's time in microseconds, 0 if it did not look, and more. */
export type Reply = readonly [code: number, now: number, ...rest: readonly unknown[]];

/** What went as usual is answered with the time alone, or with nothing. */
export const readReply = (reply: unknown): Reply =>
  (Array.isArray(reply) ? reply : [IN, reply ?? 0]) as unknown as Reply;

interface LinkOptions {
  readonly wiring: Wiring;
  /** Which slot of a cluster it is for; else 0. */
  readonly slot: number;
  readonly clock: Clock;
  /** Where messages for this process arrive. */
  readonly channel: string;
  readonly commandTimeout: number;
  /** Asks for the server's time. */
  readonly timeScript: Script;
  readonly onMessage: (text: string) => void;
  /** Ready: the server's time is known, and messages arrive. */
  readonly onUp: (link: Link) => void;
  /** Answers that have not come will not come any more. */
  readonly onDown: (link: Link) => void;
}

/** The longest wait between two attempts to connect, ms. */
const longestPause = 1_000;

/**
 * The two connections of a process to a server, one for commands and one for messages, as one: both work, or neither counts.
 * Whatever goes wrong ends both, and as long as somebody needs them they are made anew. Nothing is ever sent again here.
 * In a cluster each slot has a link of its own: its server has its own clock, and may be away while the others work.
 */
export class Link {
  up = false;
  readonly server: ServerClock = new ServerClock();
  /** Under which name scripts reach this process. */
  channel: string;
  /** Why there was no connection last. */
  trouble: unknown = undefined;
  /** Since when there has been no connection, as far as anybody has tried; `Infinity`: there is one. */
  awaySince: number = Infinity;
  private readonly options: LinkOptions;
  private wires: Wires | null = null;
  private connecting = false;
  private closed = false;
  private users = 0;
  private retry: Subscription | null = null;
  private failures = 0;
  /** Scripts that have been sent to this server, over this connection. */
  private readonly loaded = new Set<string>();
  /** Each pair of connections has its number, so that the end of an old one is not taken for that of the new. */
  private life = 0;

  constructor(options: LinkOptions) {
    this.options = options;
    this.channel = options.channel;
  }

  /** Somebody needs it: connects, and keeps the process alive, until everybody has dropped it again. */
  keep(): void {
    if (this.users++ > 0) return;
    this.wires?.hold(true);
    this.start();
  }

  drop(): void {
    if (--this.users > 0) return;
    this.wires?.hold(false);
    this.retry?.unsubscribe();
    this.retry = null;
  }

  get used(): boolean {
    return this.users > 0;
  }

  /** Nobody needs it: gives its connections up until somebody does. */
  rest(): void {
    if (this.users > 0) return;
    this.life++;
    this.up = this.connecting = false;
    this.cut();
  }

  /** Runs a script. One of the two is called, later, and at most once. */
  run(
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    onReply: (reply: Reply) => void,
    onFail: (cause: unknown) => void,
  ): void {
    const { wires, life } = this;
    if (wires === null || !this.up) {
      onFail(new Error('There is no connection.'));
      return;
    }
    const { clock } = this.options;
    const sent = clock.now();
    const received = (reply: unknown): void => {
      if (life !== this.life) {
        onFail(new Error('The connection was replaced.'));
        return;
      }
      this.failures = 0;
      const answer = readReply(reply);
      if (answer[1] > 0) this.server.sample(sent, clock.now(), answer[1]);
      onReply(answer);
    };
    const failed = (cause: unknown): void => {
      if (life === this.life) this.fail(cause);
      onFail(cause);
    };
    const having = (code: string): string[] => [code, `${keys.length}`, ...keys, ...args];
    // The first time with its text, so that what is sent next does not overtake it. Afterwards the server may still forget it.
    if (!this.loaded.has(script.sha)) {
      this.loaded.add(script.sha);
      wires.call('eval', having(script.text)).then(received, failed);
      return;
    }
    wires.call('evalsha', having(script.sha)).then(received, (cause: unknown) => {
      if (life !== this.life || !/^NOSCRIPT/.test((cause as Error).message)) failed(cause);
      else wires.call('eval', having(script.text)).then(received, failed);
    });
  }

  /** Resolves when all messages that were sent before now have been handled; never, if the connection ends before. */
  async sync(): Promise<void> {
    const { wires, life } = this;
    try {
      await wires?.sync();
    } catch (cause) {
      if (life === this.life) this.fail(cause);
    }
    if (wires === null || life !== this.life) await new Promise<never>(() => undefined);
  }

  close(): void {
    this.closed = true;
    this.users = 0;
    this.retry?.unsubscribe();
    this.rest();
  }

  private start(): void {
    if (this.closed || this.up || this.connecting || this.retry !== null) return;
    this.connecting = true;
    // Whoever happens to be first must not lend its causal context to everything that comes from the socket.
    void runIn(null, () => this.connect());
  }

  private async connect(): Promise<void> {
    const { wiring, slot, clock, channel, commandTimeout, timeScript, onMessage } = this.options;
    const life = ++this.life;
    let patience: Subscription | null = null;
    const tooLate = new Promise<never>((_, reject) => {
      patience = after(clock, commandTimeout, () => {
        reject(new Error(`No connection within ${commandTimeout} ms.`));
      });
    });
    try {
      const wires = wiring(slot, {
        onMessage: (text) => {
          if (life === this.life) onMessage(text);
        },
        onEnd: (cause) => {
          if (life === this.life) this.fail(cause);
        },
      });
      this.wires = wires;
      const ready = async (): Promise<void> => {
        this.channel = await wires.open(channel);
        const sent = clock.now();
        // Its key leads to the server of the slot.
        const reply = await wires.call('eval', [timeScript.text, '1', channel, 'inf']);
        this.server.sample(sent, clock.now(), (reply as Reply)[1]);
      };
      await Promise.race([ready(), tooLate]);
      if (life !== this.life) return;
      this.connecting = false;
      this.up = true;
      this.awaySince = Infinity;
      wires.hold(this.users > 0);
      this.options.onUp(this);
    } catch (cause) {
      if (life === this.life) this.fail(cause);
    } finally {
      (patience as Subscription | null)?.unsubscribe();
    }
  }

  /** Ends this life of the connections, and begins the next one if somebody needs it. */
  private fail(cause: unknown): void {
    this.life++;
    this.up = this.connecting = false;
    this.trouble = cause;
    this.awaySince = Math.min(this.awaySince, this.options.clock.now());
    this.cut();
    const pause = this.failures === 0 ? 0 : Math.min(longestPause, 25 * 2 ** this.failures);
    this.failures++;
    this.options.onDown(this);
    if (this.users === 0 || this.closed) return;
    this.retry = after(this.options.clock, pause, () => {
      this.retry = null;
      this.start();
    });
  }

  private cut(): void {
    this.loaded.clear();
    this.wires?.cut();
    this.wires = null;
  }
}
