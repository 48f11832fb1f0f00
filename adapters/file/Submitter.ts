import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AbortedError, LogUnavailableError } from '../../lib/errors.ts';
import { codeOf } from './disk.ts';
import {
  answerFile,
  errorOf,
  inboxOf,
  linesOf,
  newName,
  post,
  requestFile,
  type Answer,
  type Request,
} from './requests.ts';
import { unavailable } from './unavailable.ts';
import { watchPath } from './watchPath.ts';

interface Asked {
  readonly request: Request;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (done: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The other end of the inbox: asks the writer of a log, in whichever process it is, also one that is still to come. While
 * one file of requests is under way the next one gathers.
 */
export class Submitter {
  readonly #path: string;
  readonly #now: () => number;
  readonly #id: string = randomUUID();
  #count = 0;
  readonly #gathered: Asked[] = [];
  #running = false;
  #giveUp: (error: unknown) => void = () => undefined;
  #unwatch: () => void = () => undefined;

  constructor(directory: string, now: () => number) {
    this.#path = inboxOf(directory);
    this.#now = now;
  }

  ask(request: Request, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#gathered.push({ request, signal, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  /** Asks nothing more, and waits for no answer. What was asked may be done all the same. */
  abandon(): void {
    const hint = 'Ask again with the same commitId.';
    const reason = (outcome: string): LogUnavailableError =>
      new LogUnavailableError('The log was closed before its writer had answered.', { hint, details: { outcome } });
    for (const { reject } of this.#gathered.splice(0)) reject(reason('not-applied'));
    this.#giveUp(reason('unknown'));
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#gathered.length > 0) {
      // What is asked in the meantime travels together.
      const [ready] = await Promise.allSettled([mkdir(this.#path, { recursive: true })]);
      const asked = this.#gathered.splice(0).filter((each) => !calledOff(each));
      if (asked.length === 0) continue;
      try {
        if (ready.status === 'rejected') throw ready.reason;
        const answers = await this.#exchange(asked.map(({ request }) => request));
        for (const [i, { resolve, reject }] of asked.entries()) {
          // One for all, where not even the requests could be read.
          const answer = (answers[i] ?? answers[0]) as Answer;
          if ('refused' in answer) reject(errorOf(answer.refused));
          else resolve(answer.done);
        }
      } catch (error) {
        const reason = unavailable(error, this.#path, 'unknown');
        for (const { reject } of asked) reject(reason);
      }
    }
    this.#running = false;
  }

  async #exchange(requests: readonly Request[]): Promise<readonly Answer[]> {
    const name = newName(this.#now(), ++this.#count, this.#id);
    const file = join(this.#path, answerFile(name));
    const coming = this.#comingOf(file);
    post(join(this.#path, requestFile(name)), requests).catch(this.#giveUp);
    const text = await coming;
    await rm(file, { force: true });
    return linesOf(text) as Answer[];
  }

  /** The text of a file, as soon as it is there. */
  #comingOf(file: string): Promise<string> {
    return new Promise<string>((resolve, fail) => {
      const reject = fail as (error: unknown) => void;
      const look = (): void => {
        readFile(file, 'utf8').then(resolve, (error: unknown) => {
          if (codeOf(error) !== 'ENOENT') reject(error);
        });
      };
      this.#unwatch = watchPath(this.#path, look, reject);
      this.#giveUp = reject;
      look();
    }).finally(() => this.#unwatch());
  }
}

function calledOff({ request, signal, reject }: Asked): boolean {
  if (signal?.aborted !== true) return false;
  const stream = 'stream' in request ? request.stream : undefined;
  reject(
    new AbortedError(`The append to '${stream}' was called off before it was handed over.`, {
      cause: signal.reason,
      details: { stream },
    }),
  );
  return true;
}
