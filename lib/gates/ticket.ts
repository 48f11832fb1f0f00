import type { Reserved } from '../internal/handover.ts';
import type { GateCore, Waiter } from './port.ts';

export const QUEUED = 0;
/** Booked, but its waiter has not been told yet. */
export const RESERVED = 1;
export const HELD = 2;
/** Given back, spent, lost, refused or left. */
export const OVER = 3;
export type TicketState = typeof QUEUED | typeof RESERVED | typeof HELD | typeof OVER;

/** The reason of a signal whose grant was given back: nothing went wrong. */
export const released = 'released';

/** What only few tickets have. */
export interface TicketExtras {
  /** Behind `Grant.signal`, made when somebody looks at it. */
  controller: AbortController | null;
  /** The signal has aborted, or would have if somebody had looked at it. */
  aborted: boolean;
  /** When the lease lapses, by the gate's clock; `Infinity`: never. */
  until: number;
  /** Entered inside a lease of its own: not booked a second time. */
  nested: boolean;
  charged: boolean;
  /** The request for several gates that this ticket is a part of. */
  joint: Joint | null;
  /** A request for several gates: its parts. */
  parts: readonly Ticket[];
  /** Requests that wait inside the work that holds this ticket. */
  blocked: Ticket[];
}

/** A request for several gates at once. */
export interface Joint {
  readonly ticket: Ticket;
  /** Enters all gates if it is first in each and each would admit it. */
  tryEnter(): boolean;
}

/** One request at one gate, from the queue to its end. The same object is the place in the queue and the proof of a grant. */
export class Ticket implements Reserved {
  readonly core: GateCore;
  readonly waiter: Waiter;
  state: TicketState = QUEUED;
  /** 0 until granted, and for tokens. */
  fence = 0;
  prev: Ticket | null = null;
  next: Ticket | null = null;
  /** When it joined the queue, whole milliseconds; -1: it never had to. */
  queuedAt = -1;
  /** When it was granted, whole milliseconds; -1: not yet looked at. */
  since = -1;
  /** By which the policy finds its entry. */
  mark = 0;
  extras: TicketExtras | null = null;

  constructor(core: GateCore, waiter: Waiter) {
    this.core = core;
    this.waiter = waiter;
  }

  get waiting(): boolean {
    return this.state === QUEUED;
  }

  /** For the rare parts. */
  more(): TicketExtras {
    return (this.extras ??= {
      controller: null,
      aborted: false,
      until: Infinity,
      nested: false,
      charged: false,
      joint: null,
      parts: [],
      blocked: [],
    });
  }

  /** Aborts `Grant.signal`, whether or not somebody has looked at it yet. */
  abort(reason: unknown): void {
    if (this.extras === null && this.state === OVER) return;
    const extras = this.more();
    if (extras.aborted) return;
    extras.aborted = true;
    extras.controller?.abort(reason);
  }

  deliver(): void {
    if (this.state === RESERVED) this.core.deliver(this);
  }
}
