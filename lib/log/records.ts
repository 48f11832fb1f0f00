/**
 * What happens to a log, as pure data: what an adapter writes down beside the events, and all it needs to know everything
 * about its streams again. Conditions are not in it: a record stands only where they held.
 */

/** An effect that was decided: tokens are issued, ends are moments and no longer lengths. */
export type Decided =
  | {
      readonly op: 'lease';
      readonly key: string;
      readonly token: number;
      readonly until: number;
      readonly owner: string;
      /** The token was issued by this commit. */
      readonly issued?: true;
    }
  | { readonly op: 'unlease'; readonly key: string }
  | { readonly op: 'schedule'; readonly index: string; readonly member: string; readonly due: number }
  | { readonly op: 'unschedule'; readonly index: string; readonly member: string };

/** Events were appended. */
export interface CommitRecord {
  readonly op: 'commit';
  readonly stream: string;
  readonly commit: number;
  /** Of its first event; of the next one when it has none. */
  readonly seq: number;
  /** How many events it has. */
  readonly events: number;
  readonly at: number;
  readonly epoch: number;
  /** It stands for so many commits in a row, which have as many events each and nothing else to them. Default: for one. */
  readonly commits?: number;
  readonly id?: string;
  /** Of what was asked for with this `id`. */
  readonly digest?: string;
  readonly once?: readonly string[];
  readonly effects?: readonly Decided[];
  readonly close?: true;
}

/** Events below `before` were forgotten. */
export interface TrimRecord {
  readonly op: 'trim';
  readonly stream: string;
  readonly before: number;
  readonly at: number;
}

/** A stream was forgotten. */
export interface RemoveRecord {
  readonly op: 'remove';
  readonly stream: string;
  readonly at: number;
}

/** Leases were renewed. */
export interface RenewRecord {
  readonly op: 'renew';
  readonly leases: readonly { readonly key: string; readonly token: number; readonly until: number }[];
  readonly at: number;
}

export type LogRecord = CommitRecord | TrimRecord | RemoveRecord | RenewRecord;
