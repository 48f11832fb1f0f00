import type { AppendOptions, Effect, EventLog, Position, ReadOptions, Stored } from '../../log/EventLog.ts';
import { expectEqual } from '../contract/lab.ts';
import { show } from '../show.ts';
import type { AppendCommand, LogCommand, Part } from './command.ts';
import { all, codeOf, collect, namesOf, note, type Collected, type LogLab } from './lab.ts';
import { emptyLog, logModel, type LogState } from './model.ts';

/** A token that no log gives. */
const never = 1e9;

/**
 * Acts out a story on a real log and on the model. Rejects at the first answer that differs, and when a follower does not
 * get what it must have: all of it, once, in order.
 *
 * @param handles How many handles the story is spread over.
 */
export async function compareLog(lab: LogLab, story: readonly LogCommand[], handles = 1): Promise<void> {
  const run = new Run(lab, handles);
  await run.begin();
  for (const [i, command] of story.entries()) {
    try {
      await run.step(command);
    } catch (cause) {
      throw new Error(`Step ${i + 1} of ${story.length}, ${show(command)}: ${(cause as Error).message}`, { cause });
    }
  }
}

class Run {
  readonly #lab: LogLab;
  readonly #count: number;
  #logs: EventLog[] = [];
  #model: LogState = emptyLog;
  readonly #followers: Collected[] = [];
  /** The tokens that the log gave, in the order of their issue. */
  readonly #tokens: number[] = [];
  /** The moment of the log at the beginning of the story. */
  #origin = 0;

  constructor(lab: LogLab, count: number) {
    this.#lab = lab;
    this.#count = count;
  }

  async begin(): Promise<void> {
    await this.#open(await this.#lab.open());
    const first = { do: 'append', handle: 0, stream: 'clock', events: [note(0)], options: {} } as const;
    this.#origin = (await this.#log(0).append('clock', first.events)).at;
    this.#model = logModel(this.#model, first).state;
  }

  async step(command: LogCommand): Promise<void> {
    const { state, answer } = logModel(this.#model, command);
    this.#model = state;
    expectEqual(await this.#ask(command), answer, 'the answer');
    for (const [i, { notes, completed }] of state.followers.entries()) {
      const follower = this.#followers[i] as Collected;
      if (completed) await follower.completed();
      else await follower.until(notes.length);
      expectEqual(
        [follower.events.map(({ event }) => event), follower.end],
        [notes, completed ? 'complete' : 'open'],
        `follower ${i}`,
      );
    }
  }

  async #open(first: EventLog): Promise<void> {
    this.#logs = [first];
    while (this.#logs.length < this.#count) this.#logs.push(await this.#lab.open());
  }

  #log(handle: number): EventLog {
    return this.#logs[handle % this.#logs.length] as EventLog;
  }

  /** What the log answers, in the words of the model. */
  async #ask(command: LogCommand): Promise<unknown> {
    const log = this.#log(command.handle);
    switch (command.do) {
      case 'append':
        return this.#append(log, command);
      case 'burst':
        return Promise.all(command.appends.map((each) => this.#append(log, each)));
      case 'read':
        return all(this.#lab, log.read(command.stream, await this.#part(log, command))).then(notesOf, codeOf);
      case 'follow': {
        const options = { ...(await this.#part(log, command)), follow: true, maxBuffer: 3 };
        const follower = collect(this.#lab, log.read(command.stream, options));
        if (this.#model.followers.length === this.#followers.length) return follower.ended().then(codeOf);
        this.#followers.push(follower);
        return null;
      }
      case 'head': {
        const head = await log.head(command.stream);
        if (head === null) return null;
        const { firstSeq, lastSeq, epoch, closed } = head;
        return { firstSeq, lastSeq, epoch, closed };
      }
      case 'due': {
        const due = await log.due(command.index, { limit: command.limit });
        return due.map(({ member, due: moment }) => ({ member, due: moment - this.#origin }));
      }
      case 'renew':
        return log.renew(command.leases.map((each) => ({ ...each, token: this.#token(each.token) })));
      case 'streams': {
        const { prefix, open } = command;
        return namesOf(log, { prefix, ...(open === undefined ? {} : { open }) });
      }
      case 'trim':
        return log.trim(command.stream, { before: command.before, force: command.force }).catch(codeOf);
      case 'remove':
        return log.remove(command.stream, { expectedSeq: command.expectedSeq }).then(() => null, codeOf);
      case 'advance':
        await this.#lab.advance(command.ms);
        return null;
      case 'reopen':
        if (this.#lab.reopen === undefined) throw new Error('A story with `reopen` needs a lab that has it.');
        await this.#open(await this.#lab.reopen());
        return null;
    }
  }

  #append(log: EventLog, { stream, events, options }: AppendCommand): Promise<unknown> {
    return log.append(stream, events, this.#options(options)).then(
      ({ firstSeq, lastSeq, commit, epoch, at, replayed, tokens }) => ({
        firstSeq,
        lastSeq,
        commit,
        epoch,
        at: at - this.#origin,
        replayed,
        tokens: Object.fromEntries(Object.entries(tokens).map(([key, token]) => [key, this.#issued(token)])),
      }),
      codeOf,
    );
  }

  /** Which token this was, of all that were issued; a new one must be higher than all before. */
  #issued(token: number): number {
    if (token > (this.#tokens.at(-1) ?? 0)) this.#tokens.push(token);
    return this.#tokens.indexOf(token) + 1;
  }

  #token(number: number): number {
    return this.#tokens[number - 1] ?? never + number;
  }

  /** The options in the words of the log. */
  #options(options: AppendCommand['options']): AppendOptions {
    const { guards, effects } = options;
    return {
      ...options,
      ...(guards && { guards: guards.map(({ key, token }) => ({ key, token: this.#token(token) })) }),
      ...(effects && { effects: effects.map((effect) => this.#effect(effect)) }),
    };
  }

  #effect(effect: Effect): Effect {
    if (effect.op === 'schedule') return { ...effect, due: effect.due + this.#origin };
    return effect.op === 'lease' && effect.token !== null ? { ...effect, token: this.#token(effect.token) } : effect;
  }

  async #part(log: EventLog, { stream, from, to, names }: Part): Promise<ReadOptions> {
    return {
      from: typeof from === 'object' ? await this.#position(log, stream, from.after) : from,
      ...(to === undefined ? {} : { to }),
      ...(names && { names }),
    };
  }

  /** The position behind an event, where there still is somebody who knows it. */
  async #position(log: EventLog, stream: string, after: number): Promise<Position | number> {
    const head = await log.head(stream);
    if (head?.lastSeq === after) return head.position;
    const stored = await all(this.#lab, log.read(stream));
    return stored.find(({ seq }) => seq === after)?.position ?? after + 1;
  }
}

const notesOf = (stored: readonly Stored[]): unknown[] => stored.map(({ event }) => event);
