/**
 * What a log knows about its streams: a fold over its records. It decides what an append may do and forgets nothing that a
 * later decision needs; where the events themselves are kept is the business of the adapter.
 */
import { LogClosedError, LogConflictError, LogDuplicateError, LogFencedError, LogGuardLostError } from '../errors.ts';
import type { AppendOptions, Durability, Effect, Head, Receipt } from './EventLog.ts';
import { positionOf } from './position.ts';
import type { CommitRecord, Decided, LogRecord, RenewRecord } from './records.ts';

/** How long the ids of commits are remembered, in milliseconds. */
export const rememberedFor: number = 25 * 60 * 60 * 1000;

/** What is known of one stream. */
export interface StreamFacts {
  first: number;
  last: number;
  commits: number;
  epoch: number;
  closed: boolean;
  /** Which commit used a key: the `seq` of its first event. */
  readonly once: Map<string, number>;
  /** In the order of their commits, so that the oldest are found first. */
  readonly ids: Map<string, CommitRecord>;
}

interface Lease {
  readonly token: number;
  readonly until: number;
  readonly owner: string;
}

/** What is asked of `decide`. */
export interface Request {
  readonly stream: string;
  /** How many events. */
  readonly events: number;
  /** Of the events and of everything asked for; needed where there is a `commitId`. */
  readonly digest: string;
  readonly options: AppendOptions;
}

/** The ledger as plain JSON data. */
export interface Snapshot {
  readonly at: number;
  readonly token: number;
  readonly streams: readonly (readonly [
    name: string,
    facts: Omit<StreamFacts, 'once' | 'ids'> & {
      readonly once: readonly (readonly [string, number])[];
      readonly ids: readonly CommitRecord[];
    },
  ])[];
  readonly leases: readonly (readonly [string, Lease])[];
  readonly indexes: readonly (readonly [string, readonly (readonly [string, number])[]])[];
}

export class Ledger {
  readonly #streams = new Map<string, StreamFacts>();
  readonly #leases = new Map<string, Lease>();
  readonly #indexes = new Map<string, Map<string, number>>();
  /** The highest token that was issued. */
  #token = 0;
  /** The latest moment of a record: the clock of the log never goes back. */
  #at = 0;

  /** The moment of the log, at a wall clock of `now`. */
  moment(now: number): number {
    return Math.max(now, this.#at);
  }

  facts(stream: string): StreamFacts | undefined {
    return this.#streams.get(stream);
  }

  /** In the order of their names. */
  names(): readonly string[] {
    return [...this.#streams.keys()].sort();
  }

  head(stream: string): Head | null {
    const facts = this.#streams.get(stream);
    if (facts === undefined) return null;
    const { first, last, epoch, closed } = facts;
    return { firstSeq: first, lastSeq: last, epoch, closed, position: positionOf(last) };
  }

  /**
   * What an append does, decided and not yet done; or the commit that has done it before.
   *
   * @throws LogConflictError LogClosedError LogFencedError LogGuardLostError LogDuplicateError
   */
  decide({ stream, events, digest, options }: Request, now: number): { record: CommitRecord; replayed: boolean } {
    const { commitId, guards = [], once = [], effects = [], expectedSeq, close = false } = options;
    const facts = this.#streams.get(stream);
    const at = this.moment(now);

    const before = commitId === undefined ? undefined : facts?.ids.get(commitId);
    if (before !== undefined) {
      if (before.digest === digest) return { record: before, replayed: true };
      throw new LogConflictError(`The commitId '${commitId}' of '${stream}' was used for something else.`, {
        hint: 'Repeat a delivery with what was first sent; give new content a new id.',
        details: { stream, seq: facts?.last ?? 0, commitId },
      });
    }
    if (facts?.closed === true) {
      throw new LogClosedError(`The stream '${stream}' was closed by its event ${facts.last}.`, {
        details: { stream, seq: facts.last },
      });
    }
    const current = facts?.epoch ?? 0;
    const epoch = options.epoch ?? current;
    if (epoch < current) {
      throw new LogFencedError(`'${stream}' belongs to epoch ${current}; a writer of epoch ${epoch} is shut out.`, {
        hint: 'Another owner has taken over: stop this one.',
        details: { stream, epoch: current, given: epoch },
      });
    }
    for (const { key, token } of guards) this.#holds(key, token, at, stream);
    const twice = once.find((key, i) => facts?.once.has(key) === true || once.indexOf(key) < i);
    if (twice !== undefined) {
      const seq = facts?.once.get(twice) ?? (facts?.last ?? 0) + 1;
      throw new LogDuplicateError(`The key '${twice}' was used by event ${seq} of '${stream}'.`, {
        hint: 'It has happened already: take that event for the answer.',
        details: { stream, key: twice, seq },
      });
    }
    const last = facts?.last ?? 0;
    if (expectedSeq !== undefined && expectedSeq !== last) {
      throw new LogConflictError(`'${stream}' ends with event ${last}, not with ${expectedSeq} as expected.`, {
        hint: 'Somebody else has appended: read on and decide again.',
        details: { stream, seq: last, expectedSeq },
      });
    }
    const decided = this.#effects(effects, at, stream);
    const record: CommitRecord = {
      op: 'commit',
      stream,
      commit: (facts?.commits ?? 0) + 1,
      seq: last + 1,
      events,
      at,
      epoch,
      ...(commitId === undefined ? {} : { id: commitId, digest }),
      ...(once.length === 0 ? {} : { once }),
      ...(decided.length === 0 ? {} : { effects: decided }),
      ...(close ? { close } : {}),
    };
    return { record, replayed: false };
  }

  /** The renewals that are due to leases which are live with these tokens; and who is. */
  renewal(
    leases: readonly { readonly key: string; readonly token: number; readonly ttl: number }[],
    now: number,
  ): { record: RenewRecord; answers: readonly ('ok' | 'lost')[] } {
    const at = this.moment(now);
    const answers = leases.map(({ key, token }) => (this.#live(key, at)?.token === token ? 'ok' : 'lost'));
    const renewed = leases.filter((_, i) => answers[i] === 'ok');
    return {
      record: { op: 'renew', leases: renewed.map(({ key, token, ttl }) => ({ key, token, until: at + ttl })), at },
      answers,
    };
  }

  /** @throws LogConflictError when `expectedSeq` is not the last one. */
  checkLast(stream: string, expectedSeq: number): void {
    const last = this.#streams.get(stream)?.last ?? 0;
    if (last === expectedSeq) return;
    throw new LogConflictError(`'${stream}' ends with event ${last}, not with ${expectedSeq} as expected.`, {
      details: { stream, seq: last, expectedSeq },
    });
  }

  /** Takes in what has happened. The only place where anything changes. */
  apply(record: LogRecord): void {
    this.#at = Math.max(this.#at, record.at);
    switch (record.op) {
      case 'commit':
        this.#commit(record);
        break;
      case 'trim': {
        const facts = this.#streams.get(record.stream);
        if (facts !== undefined) facts.first = Math.max(facts.first, Math.min(record.before, facts.last + 1));
        break;
      }
      case 'remove':
        this.#streams.delete(record.stream);
        break;
      case 'renew':
        for (const { key, token, until } of record.leases) {
          const lease = this.#leases.get(key);
          if (lease?.token === token) this.#leases.set(key, { ...lease, until });
        }
    }
  }

  due(index: string, limit: number, now: number): readonly { member: string; due: number }[] {
    const at = this.moment(now);
    return [...(this.#indexes.get(index) ?? [])]
      .map(([member, due]) => ({ member, due }))
      .filter(({ due }) => due <= at)
      .sort((a, b) => a.due - b.due || (a.member < b.member ? -1 : 1))
      .slice(0, limit);
  }

  snapshot(): Snapshot {
    return {
      at: this.#at,
      token: this.#token,
      streams: [...this.#streams].map(([name, { once, ids, ...facts }]) => [
        name,
        { ...facts, once: [...once], ids: [...ids.values()] },
      ]),
      leases: [...this.#leases],
      indexes: [...this.#indexes].map(([index, members]) => [index, [...members]]),
    };
  }

  static from({ at, token, streams, leases, indexes }: Snapshot): Ledger {
    const ledger = new Ledger();
    ledger.#at = at;
    ledger.#token = token;
    for (const [name, { once, ids, ...facts }] of streams) {
      const remembered = new Map(ids.map((record) => [record.id as string, record]));
      ledger.#streams.set(name, { ...facts, once: new Map(once), ids: remembered });
    }
    for (const [key, lease] of leases) ledger.#leases.set(key, lease);
    for (const [index, members] of indexes) ledger.#indexes.set(index, new Map(members));
    return ledger;
  }

  #commit(record: CommitRecord): void {
    const { stream, seq, events, epoch, commit, id, once = [], effects = [], at } = record;
    let facts = this.#streams.get(stream);
    if (facts === undefined) {
      facts = { first: 1, last: 0, commits: 0, epoch: 0, closed: false, once: new Map(), ids: new Map() };
      this.#streams.set(stream, facts);
    }
    facts.last = seq + events - 1;
    facts.commits = commit;
    facts.epoch = epoch;
    facts.closed = record.close === true;
    for (const key of once) facts.once.set(key, seq);
    if (id !== undefined) {
      facts.ids.set(id, record);
      for (const [old, remembered] of facts.ids) {
        if (remembered.at >= at - rememberedFor) break;
        facts.ids.delete(old);
      }
    }
    for (const effect of effects) this.#effect(effect, at);
  }

  #effect(effect: Decided, at: number): void {
    switch (effect.op) {
      case 'lease':
        // What has lapsed tells nobody anything any more; tokens rise all the same.
        for (const [key, { until }] of this.#leases) {
          if (until > at) break;
          this.#leases.delete(key);
        }
        this.#token = Math.max(this.#token, effect.token);
        this.#leases.delete(effect.key);
        this.#leases.set(effect.key, { token: effect.token, until: effect.until, owner: effect.owner });
        break;
      case 'unlease':
        this.#leases.delete(effect.key);
        break;
      case 'schedule': {
        const members = this.#indexes.get(effect.index);
        if (members === undefined) this.#indexes.set(effect.index, new Map([[effect.member, effect.due]]));
        else members.set(effect.member, effect.due);
        break;
      }
      case 'unschedule': {
        const members = this.#indexes.get(effect.index);
        members?.delete(effect.member);
        if (members?.size === 0) this.#indexes.delete(effect.index);
      }
    }
  }

  #effects(effects: readonly Effect[], at: number, stream: string): readonly Decided[] {
    let next = this.#token;
    return effects.map((effect): Decided => {
      if (effect.op !== 'lease') return effect;
      const { key, token, ttl, owner } = effect;
      if (token !== null) {
        this.#holds(key, token, at, stream);
        return { op: 'lease', key, token, until: at + ttl, owner };
      }
      const held = this.#live(key, at);
      if (held !== undefined) {
        throw new LogGuardLostError(`The lease '${key}' is held by ${held.owner} for another ${held.until - at} ms.`, {
          details: { stream, key, owner: held.owner, until: held.until },
        });
      }
      return { op: 'lease', key, token: ++next, until: at + ttl, owner, issued: true };
    });
  }

  #live(key: string, at: number): Lease | undefined {
    const lease = this.#leases.get(key);
    return lease !== undefined && lease.until > at ? lease : undefined;
  }

  #holds(key: string, token: number, at: number, stream: string): void {
    const lease = this.#live(key, at);
    if (lease?.token === token) return;
    const now = lease === undefined ? 'nobody holds it' : `${lease.owner} holds it with token ${lease.token}`;
    throw new LogGuardLostError(`The lease '${key}' with token ${token} is gone: ${now}.`, {
      hint: 'Stop the work that it guarded.',
      details: { stream, key, token, holder: lease?.owner },
    });
  }
}

/** The receipt of a commit. */
export function receiptOf(record: CommitRecord, replayed: boolean, durability: Durability): Receipt {
  const { seq, events, commit, epoch, at, effects = [] } = record;
  const lastSeq = seq + events - 1;
  const tokens: Record<string, number> = {};
  for (const effect of effects) if (effect.op === 'lease' && effect.issued === true) tokens[effect.key] = effect.token;
  return { firstSeq: seq, lastSeq, commit, position: positionOf(lastSeq), epoch, at, replayed, tokens, durability };
}
