import type { Subscription } from 'rxjs';
import type { CoordinationError } from '../errors.ts';
import type { Leases, Line } from './line.ts';
import type { Policy } from './policies/policy.ts';
import type { GateCore, Ticket } from './port.ts';
import type { GateSpec } from './spec.ts';

/** What the parts of a gate in memory see of it. The `Turnstile` is all of it. */
export interface InMemory extends GateCore {
  readonly policy: Policy;
  /** Those who wait. */
  readonly line: Line;
  readonly holders: Leases;
  readonly home: Home;
  /** The gate that this is a key of. */
  readonly base: InMemory | null;
  /** How long a lease lasts that is not renewed. */
  readonly lapse: number;
  /** The spec with all changes so far. */
  settings: GateSpec;
  /** The last time that was read, for policies that can do with an old one. */
  seen: number;
  pausedUntil: number;
  /** Whether the clock has a say: the policy's, or a pause's. */
  timed: boolean;
  /** Barriers: when this generation breaks. */
  breaksAt: number;
  alarm: Subscription | null;
  alarmAt: number;
  retired: boolean;
  /** Nobody holds or awaits it. */
  resting: boolean;
  /** In the list of those that may be forgotten. */
  listed: boolean;
  /** Lets in whoever may enter now. */
  turn(): void;
  /** Takes a ticket out of the queue. */
  unqueue(ticket: Ticket): void;
  /** Tells who is out of the queue that the answer is no. */
  refuse(ticket: Ticket, error: CoordinationError): void;
  /** Unlinks a lease and settles the account. */
  free(ticket: Ticket): void;
  /** Tells its home, if nobody holds or awaits it any more. */
  rest(): void;
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
