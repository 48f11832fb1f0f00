/**
 * What a log has to answer, in the slowest and plainest way: nothing is kept but what has happened, and every question is
 * answered from the beginning. It shares nothing with the logs that it judges.
 */
import type { Effect } from '../../log/EventLog.ts';
import type { AppendCommand, LogCommand, ModelOptions, Part } from './command.ts';
import type { Note } from './lab.ts';

/** A commit as the model keeps it. */
export interface Commit {
  readonly what: 'commit';
  readonly stream: string;
  readonly number: number;
  readonly first: number;
  readonly events: readonly Note[];
  readonly at: number;
  readonly epoch: number;
  readonly options: ModelOptions;
  /** By key. */
  readonly tokens: Readonly<Record<string, number>>;
}

/** What has happened to a log. */
export type Happened =
  | Commit
  | { readonly what: 'trim'; readonly stream: string; readonly before: number }
  | { readonly what: 'remove'; readonly stream: string }
  | { readonly what: 'renew'; readonly key: string; readonly until: number };

/** Somebody who follows: a part of a stream as it was when they came. */
export interface Follower {
  readonly part: Part;
  readonly from: number;
  /** How many streams of that name had been removed. */
  readonly life: number;
  /** What they must have by now. */
  readonly notes: readonly Note[];
  readonly completed: boolean;
}

/** Everything that has happened, and how late it is. */
export interface LogState {
  readonly now: number;
  readonly history: readonly Happened[];
  readonly followers: readonly Follower[];
}

/** What a receipt must say. */
export interface ModelReceipt {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly commit: number;
  readonly epoch: number;
  readonly at: number;
  readonly replayed: boolean;
  readonly tokens: Readonly<Record<string, number>>;
}

/** What a log must answer: data, or the code of an error. */
export interface LogAnswer {
  readonly state: LogState;
  readonly answer: unknown;
}

const count = (history: readonly Happened[], what: string, stream: string): number =>
  history.filter((each) => each.what === what && 'stream' in each && each.stream === stream).length;

/** What has happened to the stream of this name since it was last removed. */
function lifeOf(history: readonly Happened[], stream: string): readonly Happened[] {
  const removed = history.findLastIndex((each) => each.what === 'remove' && each.stream === stream);
  return history.slice(removed + 1).filter((each) => 'stream' in each && each.stream === stream);
}

const commitsOf = (life: readonly Happened[]): readonly Commit[] => life.filter((each) => each.what === 'commit');

interface Known {
  readonly exists: boolean;
  readonly first: number;
  readonly last: number;
  readonly epoch: number;
  readonly closed: boolean;
  readonly commits: readonly Commit[];
}

function known(history: readonly Happened[], stream: string): Known {
  const life = lifeOf(history, stream);
  const commits = commitsOf(life);
  return {
    exists: commits.length > 0,
    first: Math.max(1, ...life.map((each) => (each.what === 'trim' ? each.before : 1))),
    last: commits.reduce((sum, { events }) => sum + events.length, 0),
    epoch: Math.max(0, ...commits.map(({ epoch }) => epoch)),
    closed: commits.some(({ options }) => options.close === true),
    commits,
  };
}

/** Who holds a key now, if anybody does. */
function holderOf({ history, now }: LogState, key: string): number | null {
  let token = 0;
  let until = -1;
  for (const each of history) {
    if (each.what === 'renew' && each.key === key) until = each.until;
    if (each.what !== 'commit') continue;
    for (const effect of each.options.effects ?? []) {
      if (!('key' in effect) || effect.key !== key) continue;
      if (effect.op === 'unlease') until = -1;
      else {
        token = effect.token ?? each.tokens[key] ?? NaN;
        until = each.at + effect.ttl;
      }
    }
  }
  return until > now ? token : null;
}

const issued = (history: readonly Happened[]): number =>
  history.reduce((sum, each) => sum + (each.what === 'commit' ? Object.keys(each.tokens).length : 0), 0);

/** What the commit says and brings about: the rest may be another when it is delivered again. */
const content = (events: readonly Note[], { once = [], effects = [], epoch, close = false }: ModelOptions): string =>
  JSON.stringify([events, once, effects, epoch ?? null, close]);

function append(state: LogState, { stream, events, options }: AppendCommand): LogAnswer {
  const { history, now } = state;
  const { commits, last, closed, epoch } = known(history, stream);
  const refuse = (answer: string): LogAnswer => ({ state, answer });
  const before = commits.find((each) => each.options.commitId === options.commitId);
  if (options.commitId !== undefined && before !== undefined) {
    const same = content(before.events, before.options) === content(events, options);
    return same ? { state, answer: receipt(before, true) } : refuse('RXB_LOG_CONFLICT');
  }
  if (closed) return refuse('RXB_LOG_CLOSED');
  if ((options.epoch ?? epoch) < epoch) return refuse('RXB_LOG_FENCED');
  const lost = (key: string, token: number): boolean => holderOf(state, key) !== token;
  if (options.guards?.some(({ key, token }) => lost(key, token)) === true) return refuse('RXB_LOG_GUARD_LOST');
  const used = commits.flatMap((each) => each.options.once ?? []);
  if (options.once?.some((key) => used.includes(key)) === true) return refuse('RXB_LOG_DUPLICATE');
  if ((options.expectedSeq ?? last) !== last) return refuse('RXB_LOG_CONFLICT');
  const impossible = (effect: Effect): boolean =>
    effect.op === 'lease' &&
    (effect.token === null ? holderOf(state, effect.key) !== null : lost(effect.key, effect.token));
  if (options.effects?.some(impossible) === true) return refuse('RXB_LOG_GUARD_LOST');

  const taken = (options.effects ?? []).flatMap((effect) =>
    effect.op === 'lease' && effect.token === null ? [effect.key] : [],
  );
  const commit: Commit = {
    what: 'commit',
    stream,
    number: commits.length + 1,
    first: last + 1,
    events,
    at: now,
    epoch: options.epoch ?? epoch,
    options,
    tokens: Object.fromEntries(taken.map((key, i) => [key, issued(history) + 1 + i])),
  };
  return { state: happened(state, commit), answer: receipt(commit, false) };
}

const receipt = ({ first, events, number, epoch, at, tokens }: Commit, replayed: boolean): ModelReceipt => ({
  firstSeq: first,
  lastSeq: first + events.length - 1,
  commit: number,
  epoch,
  at,
  replayed,
  tokens,
});

/** Adds to history, and to what followers have. */
function happened(state: LogState, ...more: readonly Happened[]): LogState {
  const history = [...state.history, ...more];
  return { ...state, history, followers: state.followers.map((each) => followed(history, each)) };
}

function followed(history: readonly Happened[], follower: Follower): Follower {
  const { part, from, life, completed } = follower;
  if (completed) return follower;
  if (count(history, 'remove', part.stream) > life) return { ...follower, completed: true };
  const { commits, closed, last } = known(history, part.stream);
  return {
    ...follower,
    notes: select(commits, { ...part, from }),
    completed: closed || Math.max(last, from - 1) >= (part.to ?? Infinity),
  };
}

function select(commits: readonly Commit[], { from, to = Infinity, names }: Part & { readonly from: number }): Note[] {
  return commits
    .flatMap(({ events }) => events)
    .filter((event, i) => i + 1 >= from && i + 1 <= to && (names === undefined || names.includes(event.name)));
}

/** The first event that a part begins with, as the stream is now. */
function beginning(history: readonly Happened[], { stream, from }: Part): number {
  const { first, last } = known(history, stream);
  if (from === 'start') return first;
  if (from === 'end') return last + 1;
  return typeof from === 'number' ? from : from.after + 1;
}

/** Where members of an index stand. */
function planned(history: readonly Happened[], index: string): Map<string, number> {
  const members = new Map<string, number>();
  for (const each of history) {
    for (const effect of each.what === 'commit' ? (each.options.effects ?? []) : []) {
      if (effect.op === 'schedule' && effect.index === index) members.set(effect.member, effect.due);
      if (effect.op === 'unschedule' && effect.index === index) members.delete(effect.member);
    }
  }
  return members;
}

/** A log before anything has happened. */
export const emptyLog: LogState = { now: 0, history: [], followers: [] };

/**
 * What a log must answer to a command, and what is so after it. Pure; slow on purpose.
 *
 * An append is answered by what its receipt says, a read by its notes, and what is refused by the code of the error.
 * `follow` adds to `state.followers`, which say what each follower must have by now.
 */
export function logModel(state: LogState, command: LogCommand): LogAnswer {
  const { history, now } = state;
  switch (command.do) {
    case 'append':
      return append(state, command);
    case 'burst':
      return command.appends.reduce<LogAnswer>(
        (sofar, each) => {
          const { state: next, answer } = append(sofar.state, each);
          return { state: next, answer: [...(sofar.answer as unknown[]), answer] };
        },
        { state, answer: [] },
      );
    case 'read': {
      const from = beginning(history, command);
      const { commits, first } = known(history, command.stream);
      if (from < first) return { state, answer: 'RXB_LOG_TRIMMED' };
      return { state, answer: select(commits, { ...command, from }) };
    }
    case 'follow': {
      const from = beginning(history, command);
      if (from < known(history, command.stream).first) return { state, answer: 'RXB_LOG_TRIMMED' };
      const life = count(history, 'remove', command.stream);
      const follower = followed(history, { part: command, from, life, notes: [], completed: false });
      return { state: { ...state, followers: [...state.followers, follower] }, answer: null };
    }
    case 'head': {
      const { exists, first, last, epoch, closed } = known(history, command.stream);
      return { state, answer: exists ? { firstSeq: first, lastSeq: last, epoch, closed } : null };
    }
    case 'due': {
      const due = [...planned(history, command.index)].map(([member, moment]) => ({ member, due: moment }));
      const now = due.filter((each) => each.due <= state.now);
      now.sort((a, b) => a.due - b.due || (a.member < b.member ? -1 : 1));
      return { state, answer: now.slice(0, command.limit) };
    }
    case 'renew': {
      const ok = command.leases.map(({ key, token }) => holderOf(state, key) === token);
      const renewed = command.leases.filter((_, i) => ok[i]);
      return {
        state: happened(state, ...renewed.map(({ key, ttl }): Happened => ({ what: 'renew', key, until: now + ttl }))),
        answer: ok.map((each) => (each ? 'ok' : 'lost')),
      };
    }
    case 'streams': {
      const names = [...new Set(history.flatMap((each) => ('stream' in each ? [each.stream] : [])))];
      const wanted = names.filter((name) => {
        const { exists, closed } = known(history, name);
        return exists && name.startsWith(command.prefix) && closed !== command.open;
      });
      return { state, answer: wanted.sort() };
    }
    case 'trim': {
      const { first, last, exists } = known(history, command.stream);
      const before = Math.max(first, Math.min(command.before, last + 1));
      const trim: Happened = { what: 'trim', stream: command.stream, before };
      return {
        state: exists ? happened(state, trim) : state,
        answer: { removed: before - first, firstSeq: before },
      };
    }
    case 'remove': {
      const { exists, last } = known(history, command.stream);
      if (last !== command.expectedSeq) return { state, answer: 'RXB_LOG_CONFLICT' };
      const removal: Happened = { what: 'remove', stream: command.stream };
      return { state: exists ? happened(state, removal) : state, answer: null };
    }
    case 'advance':
      return { state: { ...state, now: now + command.ms }, answer: null };
    case 'reopen':
      return {
        state: { ...state, followers: state.followers.map((each) => ({ ...each, completed: true })) },
        answer: null,
      };
  }
}
