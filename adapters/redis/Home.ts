import type { Clock } from '../../lib/internal/env.ts';
import type { Debts } from './Debts.ts';
import type { Leases } from './Leases.ts';
import type { LocalShare } from './LocalShare.ts';
import type { Link, Reply } from './Link.ts';
import type { RedisTicket } from './RedisTicket.ts';
import type { Script, Scripts } from './scripts.ts';

/** Whoever looks for deadlocks. */
interface Searcher {
  /** Somebody waits: looks whether that would be for ever. */
  search(ticket: RedisTicket): void;
}

/** What the gates of one backend share. */
export interface Home {
  readonly prefix: string;
  /** How long a lease without a ttl survives its process, ms. */
  readonly crashTtl: number;
  /** How long a waiter may take to claim, ms. */
  readonly grace: number;
  readonly commandTimeout: number;
  /** How long a request goes on without a server, ms. */
  readonly patience: number;
  readonly clock: Clock & { wall(): number };
  readonly scripts: Scripts;
  readonly leases: Leases;
  readonly debts: Debts;
  readonly deadlocks: Searcher;
  /** What this process gives by itself without a server, if it may. */
  readonly local: LocalShare | null;
  /** All requests that the server may know of, by their ids. */
  readonly tickets: ReadonlyMap<string, RedisTicket>;
  newId(): string;
  /** The connection to the server that has the gates of a name. */
  linkTo(name: string): Link;
  /** Somebody needs the connection until it is dropped again. */
  keep(ticket: RedisTicket): void;
  drop(ticket: RedisTicket): void;
  /** A gate has somebody in the queue: from now on it is asked for at each beat. */
  awaited(): void;
  /** Nobody holds or awaits a gate any more. */
  rests(gate: object): void;
  /** Runs a script that nobody waits for in a queue; waits for a connection first. @throws rejects with BackendUnavailableError. */
  readonly command: (
    link: Link,
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    what: string,
  ) => Promise<Reply>;
}
