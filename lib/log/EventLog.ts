/**
 * What a log is: named streams of events that are appended in atomic commits and read as Observables, history first and
 * then live. The bus is one stream of it, each run of a workflow is another; timers, leases and indexes are effects of
 * the very commit that speaks of them, never a second write.
 */
import type { Observable } from 'rxjs';
import type { Duration } from '../time/duration.ts';

/** A place in a stream, to go on from: opaque, and valid in the log that gave it only. */
export type Position = string & { readonly __position: unique symbol };

/**
 * What must have happened to a commit before it is acknowledged. `'memory'`: it is in this process. `'batch'`: it is with the
 * operating system, and on the disk soon. `'sync'`: it is on the disk. `'replicated'`: it is on another machine too.
 */
export type Durability = 'memory' | 'batch' | 'sync' | 'replicated';

/** An event as a log keeps it. */
export interface Stored<E = unknown> {
  readonly stream: string;
  /** 1, 2, 3 ... within the stream; never used again, whatever is trimmed. */
  readonly seq: number;
  readonly position: Position;
  /** The commit that it belongs to: 1, 2, 3 ... within the stream. */
  readonly commit: number;
  /** Whether it is the final event of its commit. */
  readonly last: boolean;
  readonly event: E;
  /** When it was committed, by the clock of the log: milliseconds since 1970, never going back. */
  readonly at: number;
}

/** Something that becomes true together with the commit, or not at all. */
export type Effect =
  /** `token: null` takes the lease if it is free and issues a token higher than any before; a number renews that very lease. */
  | {
      readonly op: 'lease';
      readonly key: string;
      readonly token: number | null;
      /** Milliseconds. */
      readonly ttl: number;
      readonly owner: string;
    }
  /** Whoever holds it: who may give up only its own says so with a guard. */
  | { readonly op: 'unlease'; readonly key: string }
  /** `due`: milliseconds since 1970. A member stands in an index once; scheduling it again moves it. */
  | { readonly op: 'schedule'; readonly index: string; readonly member: string; readonly due: number }
  | { readonly op: 'unschedule'; readonly index: string; readonly member: string };

/** The conditions and the effects of a commit. Checked in this order: commitId, closed, epoch, guards, once, expectedSeq. */
export interface AppendOptions {
  /** The last `seq` that the stream must have now. 0: it must have none. Default: any. */
  readonly expectedSeq?: number;
  /** Refused below that of the stream; above it, raises it with this commit. So a newer owner shuts an older one out. */
  readonly epoch?: number;
  /**
   * Makes delivery repeatable: the same id with the same content gives the first receipt and appends nothing, for 24 hours at
   * least. The content is the events, `once`, `effects`, `epoch` and `close`; what the commit depends on, `expectedSeq` and
   * `guards`, may be another when it is delivered again.
   */
  readonly commitId?: string;
  /** Keys of the business, all different, each of which may be used once in the life of the stream. */
  readonly once?: readonly string[];
  /** Leases that must be live with these tokens. */
  readonly guards?: readonly { readonly key: string; readonly token: number }[];
  /** No key of a lease may be in two of them. */
  readonly effects?: readonly Effect[];
  /** Ends the stream: later appends are refused, and its followers complete. */
  readonly close?: boolean;
  /** Default: the strongest that the log was set up for. One that it does not have is an error, never a downgrade. */
  readonly durability?: Durability;
  /** Calls the append off while it has not been handed to the store. */
  readonly signal?: AbortSignal;
}

/** What an append has done. */
export interface Receipt {
  /** Of its first event; one more than `lastSeq` when it had none. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly commit: number;
  /** Right behind its last event: reading from here gives what came later. */
  readonly position: Position;
  readonly epoch: number;
  readonly at: number;
  /** This `commitId` was here before: nothing was appended now. */
  readonly replayed: boolean;
  /** The tokens that lease effects were issued, by key. */
  readonly tokens: Readonly<Record<string, number>>;
  readonly durability: Durability;
}

export interface ReadOptions {
  /** A number is inclusive, a `Position` exclusive. Default `'start'`: from the first event that is still there. `'end'`: none of those. */
  readonly from?: Position | number | 'start' | 'end';
  /** The last `seq` wanted, inclusive. Default: no end. */
  readonly to?: Position | number;
  /** Only events whose `name` is one of these. Others cost next to nothing. */
  readonly names?: readonly string[];
  /** Goes on with what is appended later. Default `false`: completes at the head found on subscribe. */
  readonly follow?: boolean;
  /** How many events are decoded in one go before other work gets its turn. Default 1,000. */
  readonly maxBuffer?: number;
}

/** What is known of a stream. */
export interface Head {
  /** Of the first event that is still there; `lastSeq + 1` when there is none. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly epoch: number;
  readonly closed: boolean;
  readonly position: Position;
}

export interface LogCapabilities {
  /** What `append` may be asked for. */
  readonly durability: readonly Durability[];
  /** Whether other processes may read. */
  readonly multiProcess: boolean;
  /** Whether other processes may write directly. */
  readonly multiWriter: boolean;
  readonly effects: boolean;
  readonly maxCommitBytes: number;
}

/**
 * A log. All methods reject with a `CoordinationError`; which one is said at each. Any may reject with ConfigError, `read` and `streams`
 * throw it, and any but `settled` and `close` rejects with ClosedError once the log is closed.
 */
export interface EventLog<E = unknown> {
  readonly capabilities: LogCapabilities;
  /**
   * Appends all events or none, in one commit. No events, but `effects`, `once`, `epoch` or `close`, is a commit too. Values are taken as they are in the
   * moment of the call: what happens to them later is not recorded.
   *
   * @throws LogConflictError: `expectedSeq` is not the last one, or the `commitId` was used for something else.
   * LogClosedError, LogFencedError, LogGuardLostError (also: the lease that an effect wants is not to be had),
   * LogDuplicateError, LogTooLargeError, CodecError (rejects; nothing was appended), LogUnavailableError, whose `outcome` says whether
   * the commit may be there: when it is `'unknown'`, repeat with the same `commitId`.
   */
  append(stream: string, events: readonly E[], options?: AppendOptions): Promise<Receipt>;
  /**
   * Cold. Every commit whole, in order, without a gap or a duplicate where history meets what is live. A reader that is
   * slower than the writer reads the store again; nothing is kept for it. Completes at the head, or, when it follows, behind
   * the terminal commit of the stream, or when the stream is removed or the log closes. To follow a stream that is not there yet
   * is to wait for it.
   *
   * @throws LogTrimmedError when `from` is no longer there, or a reader is overtaken by a forced trim; LogCorruptError with
   * the file and the offset. ConfigError is thrown by the call; ClosedError comes to those who subscribe too late.
   */
  read(stream: string, options?: ReadOptions): Observable<Stored<E>>;
  /** `null` for a stream that nobody has appended to. */
  head(stream: string): Promise<Head | null>;
  /** What is due now by the clock of the log, earliest first. Consumes nothing: a later commit unschedules. */
  due(
    index: string,
    options: { readonly limit: number },
  ): Promise<readonly { readonly member: string; readonly due: number }[]>;
  /** Moves the end of each lease to `ttl` milliseconds from now, where it is live with this token. Answers in the order of the question. */
  renew(
    leases: readonly { readonly key: string; readonly token: number; readonly ttl: number }[],
  ): Promise<readonly ('ok' | 'lost')[]>;
  /** The names of the streams there are, in order of their names. `open: true`: those not closed, `false`: those closed. */
  streams(options?: { readonly prefix?: string; readonly open?: boolean }): Observable<string>;
  /**
   * Forgets events below `before`, which may be in the middle of a commit. The epoch, the closed mark, `once` keys and
   * commitIds stay.
   *
   * @throws LogConflictError when a reader of this handle has not come that far yet and `force` is not set.
   */
  trim(
    stream: string,
    options: { readonly before: Position | number; readonly force?: boolean },
  ): Promise<{ readonly removed: number; readonly firstSeq: number }>;
  /**
   * Forgets the stream and everything about it: its name begins anew with seq 1. Leases and indexes belong to the log and stay.
   *
   * @throws LogConflictError when `expectedSeq` is not its last one.
   */
  remove(stream: string, options: { readonly expectedSeq: number }): Promise<void>;
  /** Resolves when everything that was asked for has been answered. */
  settled(): Promise<void>;
  /**
   * Takes nothing new, ends what is under way, and lets go of the store. Readers get what is there now and complete. After the
   * deadline it no longer waits: readers that have not come so far end with ClosedError. Default: no deadline.
   */
  close(options?: { readonly deadline?: Duration }): Promise<void>;
}
