/** What can be done to a log, as plain data: what the model and a real log are asked alike. */
import type { Effect } from '../../log/EventLog.ts';
import type { Note } from './lab.ts';

/**
 * The options of an append. Tokens are numbered in the order of their issue, 1, 2, 3 ..., whatever the log calls them; moments
 * are milliseconds since the beginning of the story.
 */
export interface ModelOptions {
  readonly expectedSeq?: number;
  readonly epoch?: number;
  readonly commitId?: string;
  readonly once?: readonly string[];
  readonly guards?: readonly { readonly key: string; readonly token: number }[];
  readonly effects?: readonly Effect[];
  readonly close?: boolean;
}

export interface AppendCommand {
  readonly do: 'append';
  readonly stream: string;
  readonly events: readonly Note[];
  readonly options: ModelOptions;
}

/** Which part of a stream; `after` stands for the position of that event. */
export interface Part {
  readonly stream: string;
  readonly from: 'start' | 'end' | number | { readonly after: number };
  readonly to?: number;
  readonly names?: readonly string[];
}

/** One step of a story. `handle` says who does it; where there are fewer handles they share. */
export type LogCommand = { readonly handle: number } & (
  | AppendCommand
  /** Appends that nobody waits for in between. */
  | { readonly do: 'burst'; readonly appends: readonly AppendCommand[] }
  | ({ readonly do: 'read' | 'follow' } & Part)
  | { readonly do: 'head'; readonly stream: string }
  | { readonly do: 'due'; readonly index: string; readonly limit: number }
  | {
      readonly do: 'renew';
      readonly leases: readonly { readonly key: string; readonly token: number; readonly ttl: number }[];
    }
  | { readonly do: 'streams'; readonly prefix: string; readonly open?: boolean }
  | { readonly do: 'trim'; readonly stream: string; readonly before: number; readonly force: boolean }
  | { readonly do: 'remove'; readonly stream: string; readonly expectedSeq: number }
  | { readonly do: 'advance'; readonly ms: number }
  /** Everything is closed and opened again. */
  | { readonly do: 'reopen' }
);
