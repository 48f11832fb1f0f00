import type { Subscription } from 'rxjs';
import type { CoordinationError } from '../errors.ts';
import type { Lender } from './leases.ts';
import type { Line } from './line.ts';
import type { Policy } from './policies/policy.ts';
import type { GateCore, Ticket } from './port.ts';
import type { GateSpec } from './spec.ts';

/** What the parts of a gate in memory see of it. The `Turnstile` is all of it. */
export interface InMemory extends GateCore, Lender {
  readonly policy: Policy;
  /** Those who wait. */
  readonly line: Line;
  readonly home: Home;
  /** The gate that this is a key of. */
  readonly base: InMemory | null;
  /** A gate with keys: those in use and those whose account is not level yet. */
  keys: Map<string, InMemory | number> | null;
  /** Whether its leases end by themselves. */
  readonly lapses: boolean;
  /** The spec with all changes so far. */
  settings: GateSpec;
  /** The last time that was read, for policies that can do with an old one. */
  seen: number;
  pausedUntil: number | null;
  /** Whether the clock has a say: the policy's, or a pause's. */
  timed: boolean;
  alarm: Alarm | null;
  retired: boolean;
  /** Nobody holds or awaits it. */
  resting: boolean;
  /** In the list of those that may be forgotten. */
  listed: boolean;
  /** Lets in whoever may enter now. */
  turn(): void;
  /** Tells who is out of the queue that the answer is no. */
  refuse(ticket: Ticket, error: CoordinationError): void;
  /** Unlinks a lease and settles the account. */
  free(ticket: Ticket): void;
  /** Tells its home, if nobody holds or awaits it any more. */
  rest(): void;
}

/** A timer, and when it rings. */
export interface Alarm {
  readonly at: number;
  readonly timer: Subscription;
}

/** Where gates are kept. */
export interface Home {
  /** Told when nobody holds or awaits a gate any more. */
  resting(gate: InMemory): void;
  /** Told before a gate gets other settings: its keys that are not live follow. */
  changing(gate: InMemory, settings: GateSpec): void;
  /** The live keys of a gate. */
  keysOf(gate: InMemory): readonly InMemory[];
}
