import type { Stored } from '../../lib/log/EventLog.ts';

/** What a process is to do with the log in a directory. */
export type FileLogTask =
  /** Append to the streams `a` and `b` for ever, several commits at a time, and say of each when it was acknowledged. */
  | { readonly do: 'commit'; readonly directory: string; readonly round: number; readonly retention?: number }
  /** Open it, say `ready` or why not, and stay. */
  | { readonly do: 'hold'; readonly directory: string }
  /** Append events to the stream `events`, and end. */
  | { readonly do: 'write'; readonly directory: string; readonly events: number; readonly segmentBytes: number }
  /** Race for everything, through the inbox of the writer. */
  | { readonly do: 'race'; readonly directory: string; readonly who: number; readonly races: number }
  /** As `nobody`, who may not write there: open it to write, and to read. */
  | { readonly do: 'trespass'; readonly directory: string }
  /** Write until there is no room, make some with this command, and go on. */
  | { readonly do: 'fill'; readonly directory: string; readonly room: readonly string[] };

/** An event of `commit`: a part of the commit with this id. */
export interface Part {
  readonly name: 'part';
  readonly id: string;
  readonly part: number;
  readonly of: number;
  readonly pad: string;
}

/** What `commit` says of an append. */
export interface Acknowledged {
  readonly stream: string;
  readonly id: string;
  readonly of: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

export const partsOf = (id: string, of: number): Part[] =>
  Array.from({ length: of }, (_, part) => ({
    name: 'part',
    id,
    part,
    of,
    pad: 'x'.repeat((id.length * 37 + part) % 90),
  }));

/** The events of `write`: some are rare. */
export const eventOf = (n: number): { readonly name: string; readonly n: number } => ({
  name: n % 100 === 0 ? 'rare' : 'usual',
  n,
});

export type Told = Pick<Stored, 'seq' | 'event'>;
