import type { Subscription } from 'rxjs';
import { type GateCore, Ticket, type Waiter } from '../../lib/gates/port.ts';

/** A request at a gate in Redis. It believes in its lease only as long as both clocks of this process allow. */
export class RedisTicket extends Ticket {
  /** By which the server knows it; sent again with each attempt, so that a request has one effect. */
  readonly id: string;
  /** When it was made, whole milliseconds. */
  readonly asked: number;
  /** A command that asks for it is on its way. */
  asking = false;
  /** Somebody wanted it to ask meanwhile. */
  poked = false;
  /** Until when the server may carry out what has been sent for it, in its own time; 0: nothing has been sent. */
  notAfter = 0;
  /** A command that asked for it was never answered: the server may know of it or not, and may still hear of it. */
  doubtful = false;
  /** The server has said that it is in the queue. */
  queued = false;
  /** The leases that it waits inside of know of it. */
  nested = false;
  /** It has been said that it waits for ever. */
  reported = false;
  /** It came too late once, and was sent again. */
  late = false;
  /** Ends its wait when there is no server for too long. */
  outage: Subscription | null = null;

  /** The lease is good until then, on the monotonic clock and on the calendar. */
  lasts: number = Infinity;
  lastsByWall: number = Infinity;
  /** How long the server makes it last with each renewal, ms. */
  length = 0;
  renewAt: number = Infinity;
  renews = false;
  renewing = false;
  /** The last renewal was not answered. */
  suspect = false;
  /** Settles with the charges that have been sent. */
  charging: Promise<unknown> | null = null;

  constructor(core: GateCore, waiter: Waiter, id: string, asked: number) {
    super(core, waiter);
    this.id = id;
    this.asked = asked;
  }

  override valid(): boolean {
    if (!super.valid()) return false;
    const lease = (this.extras?.outer ?? this) as RedisTicket;
    const { clock } = this.core.env;
    return lease.lasts === Infinity || (clock.now() < lease.lasts && clock.wall() < lease.lastsByWall);
  }
}
