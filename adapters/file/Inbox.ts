import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ClosedError, ConfigError } from '../../lib/errors.ts';
import { Encoded } from '../../lib/log/Encoded.ts';
import type { EventLog } from '../../lib/log/EventLog.ts';
import {
  answerFile,
  answerIn,
  inboxOf,
  linesOf,
  post,
  refusal,
  requestFile,
  requestIn,
  timeOf,
  type Answer,
  type Request,
} from './requests.ts';
import { watchPath } from './watchPath.ts';

/** In milliseconds: whoever has asked and not come for the answer by then is gone. */
const kept = 24 * 60 * 60 * 1000;

/** The writer's end of the inbox: does what other processes ask for, in the order of the names of their files. */
export class Inbox {
  readonly #path: string;
  readonly #log: EventLog;
  /** Files that were taken up and are not answered yet. */
  readonly #open = new Map<string, Promise<void>>();
  #looking: Promise<void> | null = null;
  #again = false;
  #closed = false;
  #unwatch: () => void = () => undefined;

  private constructor(directory: string, log: EventLog) {
    this.#path = inboxOf(directory);
    this.#log = log;
  }

  /** Begins with what came while nobody wrote. */
  static async open(directory: string, log: EventLog, now: number): Promise<Inbox> {
    const inbox = new Inbox(directory, log);
    await mkdir(inbox.#path, { recursive: true });
    await inbox.#sweep(now);
    const changed = (): void => void inbox.#look();
    // What is wrong with the directory is heard of by whoever writes to the log.
    inbox.#unwatch = watchPath(inbox.#path, changed, () => undefined, { alone: false });
    void inbox.#look();
    return inbox;
  }

  /** Takes nothing more; resolves when everything that was taken up is answered. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    await this.#looking;
    await Promise.all(this.#open.values());
  }

  async #sweep(now: number): Promise<void> {
    for (const file of await readdir(this.#path)) {
      const name = answerIn(file);
      if (name !== null && timeOf(name) < now - kept) await rm(join(this.#path, file), { force: true });
    }
  }

  #look(): Promise<void> {
    this.#again = true;
    this.#looking ??= this.#takeUp().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #takeUp(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      const files = await readdir(this.#path).catch((): string[] => []);
      const names = files.flatMap((file) => requestIn(file) ?? []).sort();
      for (const name of names) if (!this.#open.has(name)) await this.#begin(name);
    }
  }

  /** Asks the log, in order, and lets the answers come when they come. */
  async #begin(name: string): Promise<void> {
    let asked: Promise<Answer | null>[];
    try {
      const text = await readFile(join(this.#path, requestFile(name)), 'utf8');
      if (this.#closed) return;
      asked = linesOf(text).map((line) => answered(this.#ask(line as Request)));
    } catch (error) {
      asked = [answered(Promise.reject(new ConfigError(`The request ${name} cannot be read.`, { cause: error })))];
    }
    const done = this.#answer(name, asked)
      .catch(() => undefined)
      .finally(() => this.#open.delete(name));
    this.#open.set(name, done);
  }

  async #answer(name: string, asked: readonly Promise<Answer | null>[]): Promise<void> {
    const answers = await Promise.all(asked);
    // The log was closed in the meantime: the next writer finds the request, and knows what of it was done.
    if (answers.includes(null)) return;
    await post(join(this.#path, answerFile(name)), answers);
    await rm(join(this.#path, requestFile(name)), { force: true });
  }

  #ask(request: Request): Promise<unknown> {
    const log = this.#log;
    switch (request.ask) {
      case 'append': {
        const { stream, texts, options } = request;
        return log.append(
          stream,
          texts.map((text) => new Encoded(text)),
          options,
        );
      }
      case 'renew':
        return log.renew(request.leases);
      case 'trim':
        return log.trim(request.stream, { before: request.before, force: request.force });
      case 'remove':
        return log.remove(request.stream, { expectedSeq: request.expectedSeq });
    }
  }
}

/** `null`: there is no answer, for the log is closed. */
const answered = (asked: Promise<unknown>): Promise<Answer | null> =>
  asked.then(
    (done) => ({ done: done ?? null }),
    (error: unknown) => (error instanceof ClosedError ? null : { refused: refusal(error) }),
  );
