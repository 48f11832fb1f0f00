/**
 * What a log knows about its streams: a fold over its records. It decides what may happen and forgets nothing that a later
 * decision needs; where the events themselves are kept is the business of the adapter. Whoever writes takes three steps:
 * decide, write the record down, apply it.
 */
import { LogClosedError, LogConflictError, LogDuplicateError, LogFencedError } from '../errors.ts';
import { Fifo } from '../internal/Fifo.ts';
import type { AppendRequest } from './appendRequest.ts';
import { DueIndex, type Scheduled } from './DueIndex.ts';
import type { Head } from './EventLog.ts';
import { Leases, type Lease } from './Leases.ts';
import { positionOf } from './position.ts';
import type { CommitRecord, Decided, LogRecord, RemoveRecord, RenewRecord, TrimRecord } from './records.ts';

/** How long the ids of commits are remembered at least, in milliseconds. */
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
  readonly ids: Map<string, CommitRecord>;
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

/** Most commits have none of the optional fields: spreading what is not there costs more than all the rest of them. */
type Draft = { -readonly [K in keyof CommitRecord]: CommitRecord[K] };

export class Ledger {
  readonly #streams = new Map<string, StreamFacts>();
  readonly #indexes = new Map<string, DueIndex>();
  /** Every commit that has an id, of all streams, the oldest first. */
  readonly #remembered = new Fifo<{ readonly facts: StreamFacts; readonly record: CommitRecord }>();
  #leases = new Leases();
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
  decide(request: AppendRequest, now: number): { readonly record: CommitRecord; readonly replayed: boolean } {
    const { stream, events, digest } = request;
    const { commitId, guards, once, effects, expectedSeq, close } = request.options;
    const facts = this.#streams.get(stream);
    const at = this.moment(now);
    const last = facts?.last ?? 0;
    const current = facts?.epoch ?? 0;
    const epoch = request.options.epoch ?? current;

    // The order of these checks is part of the contract.
    const before = commitId === undefined ? undefined : facts?.ids.get(commitId);
    // What is too old counts no more, whether it has been swept away or not: a ledger that was restored decides alike.
    if (before !== undefined && before.at >= at - rememberedFor) {
      if (before.digest === digest) return { record: before, replayed: true };
      throw new LogConflictError(`The commitId '${commitId}' of '${stream}' was used for something else.`, {
        hint: 'Repeat a delivery with what was first sent; give new content a new id.',
        details: { stream, seq: last, commitId },
      });
    }
    if (facts?.closed === true) {
      throw new LogClosedError(`The stream '${stream}' was closed behind its event ${last}.`, {
        details: { stream, seq: last },
      });
    }
    if (epoch < current) {
      throw new LogFencedError(`'${stream}' belongs to epoch ${current}; a writer of epoch ${epoch} is shut out.`, {
        hint: 'Another owner has taken over: stop this one.',
        details: { stream, epoch: current, given: epoch },
      });
    }
    if (guards !== undefined) for (const { key, token } of guards) this.#leases.check(key, token, at, stream);
    const used = once?.find((key) => facts?.once.has(key));
    if (used !== undefined) {
      const seq = facts?.once.get(used);
      throw new LogDuplicateError(`The key '${used}' was used by the commit of event ${seq} of '${stream}'.`, {
        hint: 'It has happened already: take that event for the answer.',
        details: { stream, key: used, seq },
      });
    }
    if (expectedSeq !== undefined) checkLast(stream, last, expectedSeq);
    const decided = effects === undefined ? undefined : this.#leases.decide(effects, at, stream);

    const record: Draft = {
      op: 'commit',
      stream,
      commit: (facts?.commits ?? 0) + 1,
      seq: last + 1,
      events,
      at,
      epoch,
    };
    if (commitId !== undefined && digest !== undefined) Object.assign(record, { id: commitId, digest });
    if (once?.length) record.once = once;
    if (decided?.length) record.effects = decided;
    if (close === true) record.close = close;
    return { record, replayed: false };
  }

  /** The renewals that are due to leases which are live with these tokens, none if there is none; and who is. */
  renewal(
    leases: readonly { readonly key: string; readonly token: number; readonly ttl: number }[],
    now: number,
  ): { readonly record: RenewRecord | null; readonly answers: readonly ('ok' | 'lost')[] } {
    const at = this.moment(now);
    const answers = leases.map(({ key, token }) => (this.#leases.live(key, at)?.token === token ? 'ok' : 'lost'));
    const renewed = leases.filter((_, i) => answers[i] === 'ok');
    const record: RenewRecord = {
      op: 'renew',
      leases: renewed.map(({ key, token, ttl }) => ({ key, token, until: at + ttl })),
      at,
    };
    return { record: renewed.length === 0 ? null : record, answers };
  }

  /** What forgetting all events below `before` does; no record when none of them is there. */
  trimming(
    stream: string,
    before: number,
    now: number,
  ): { readonly record: TrimRecord | null; readonly removed: number; readonly firstSeq: number } {
    const { first, last } = this.#streams.get(stream) ?? { first: 1, last: 0 };
    const firstSeq = Math.max(first, Math.min(before, last + 1));
    const record: TrimRecord = { op: 'trim', stream, before: firstSeq, at: this.moment(now) };
    return { record: firstSeq === first ? null : record, removed: firstSeq - first, firstSeq };
  }

  /**
   * What forgetting a stream does; nothing when there is none.
   *
   * @throws LogConflictError when `expectedSeq` is not its last one.
   */
  removal(stream: string, expectedSeq: number, now: number): RemoveRecord | null {
    const facts = this.#streams.get(stream);
    checkLast(stream, facts?.last ?? 0, expectedSeq);
    return facts === undefined ? null : { op: 'remove', stream, at: this.moment(now) };
  }

  due(index: string, limit: number, now: number): readonly Scheduled[] {
    return this.#indexes.get(index)?.upTo(this.moment(now), limit) ?? [];
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
        for (const { key, token, until } of record.leases) this.#leases.renew(key, token, until);
    }
  }

  snapshot(): Snapshot {
    return {
      at: this.#at,
      token: this.#leases.token,
      streams: [...this.#streams].map(([name, { once, ids, ...facts }]) => [
        name,
        { ...facts, once: [...once], ids: [...ids.values()] },
      ]),
      leases: this.#leases.entries(this.#at),
      indexes: [...this.#indexes].map(([index, members]) => [index, members.entries()]),
    };
  }

  static from({ at, token, streams, leases, indexes }: Snapshot): Ledger {
    const ledger = new Ledger();
    ledger.#at = at;
    ledger.#leases = Leases.from(token, leases);
    const remembered: { facts: StreamFacts; record: CommitRecord }[] = [];
    for (const [name, { once, ids, ...known }] of streams) {
      const facts: StreamFacts = { ...known, once: new Map(once), ids: new Map() };
      ledger.#streams.set(name, facts);
      for (const record of ids) remembered.push({ facts, record });
    }
    for (const { facts, record } of remembered.sort((a, b) => a.record.at - b.record.at)) {
      ledger.#remember(facts, record);
    }
    for (const [index, members] of indexes) for (const each of members) ledger.#schedule(index, ...each);
    return ledger;
  }

  #commit(record: CommitRecord): void {
    const { stream, seq, events, epoch, commit, once, effects, at } = record;
    let facts = this.#streams.get(stream);
    if (facts === undefined) {
      facts = { first: 1, last: 0, commits: 0, epoch: 0, closed: false, once: new Map(), ids: new Map() };
      this.#streams.set(stream, facts);
    }
    facts.last = seq + events - 1;
    facts.commits = commit + (record.commits ?? 1) - 1;
    facts.epoch = epoch;
    facts.closed = record.close === true;
    if (once !== undefined) for (const key of once) facts.once.set(key, seq);
    if (record.id !== undefined) this.#remember(facts, record);
    if (effects !== undefined) for (const effect of effects) this.#effect(effect, at);
  }

  #remember(facts: StreamFacts, record: CommitRecord): void {
    facts.ids.set(record.id as string, record);
    this.#remembered.push({ facts, record });
    const forgotten = this.#at - rememberedFor;
    for (
      let old = this.#remembered.first;
      old !== undefined && old.record.at < forgotten;
      old = this.#remembered.first
    ) {
      this.#remembered.shift();
      const id = old.record.id as string;
      // Where it was used again, behind its time, the later commit stays.
      if (old.facts.ids.get(id) === old.record) old.facts.ids.delete(id);
    }
  }

  #effect(effect: Decided, at: number): void {
    switch (effect.op) {
      case 'lease': {
        const { key, token, until, owner } = effect;
        this.#leases.set(key, { token, until, owner }, at);
        break;
      }
      case 'unlease':
        this.#leases.delete(effect.key);
        break;
      case 'schedule':
        this.#schedule(effect.index, effect.member, effect.due);
        break;
      case 'unschedule': {
        const members = this.#indexes.get(effect.index);
        members?.unschedule(effect.member);
        if (members?.size === 0) this.#indexes.delete(effect.index);
      }
    }
  }

  #schedule(index: string, member: string, due: number): void {
    let members = this.#indexes.get(index);
    if (members === undefined) this.#indexes.set(index, (members = new DueIndex()));
    members.schedule(member, due);
  }
}

function checkLast(stream: string, last: number, expectedSeq: number): void {
  if (last === expectedSeq) return;
  throw new LogConflictError(`'${stream}' ends with event ${last}, not with ${expectedSeq} as expected.`, {
    hint: 'Somebody else has appended: read on and decide again.',
    details: { stream, seq: last, expectedSeq },
  });
}
