import { ConfigError } from '../errors.ts';
import type { Frame } from '../internal/context.ts';
import { show } from '../internal/options.ts';
import { type Duration, milliseconds } from '../time/duration.ts';
import { gateName } from './describe.ts';
import type { Grant } from './gate.ts';
import type { MaybePromise } from './port.ts';
import { HELD, OVER, released, type Ticket } from './ticket.ts';

/** A ticket as users see it. */
export class LiveGrant implements Grant {
  readonly #ticket: Ticket;

  constructor(ticket: Ticket) {
    this.#ticket = ticket;
  }

  get gate(): string {
    return gateName(this.#ticket.core);
  }

  get fence(): number | null {
    return this.#ticket.fence || null;
  }

  get signal(): AbortSignal {
    const ticket = this.#ticket;
    const extras = ticket.more();
    extras.controller ??= new AbortController();
    if (extras.aborted || (ticket.state === OVER && ticket.core.lease)) extras.controller.abort(released);
    return extras.controller.signal;
  }

  get waited(): number {
    const { queuedAt, core } = this.#ticket;
    if (queuedAt < 0) return 0;
    // Looked at before the work has really started: now is when it was granted.
    if (this.#ticket.since < 0) this.#ticket.since = Math.round(core.env.clock.now());
    return Math.max(0, this.#ticket.since - queuedAt);
  }

  get index(): number {
    const { core, mark } = this.#ticket;
    return core.spec.kind === 'barrier' ? mark : 0;
  }

  get degraded(): boolean {
    return false;
  }

  valid(): boolean {
    return this.#ticket.state === HELD || !this.#ticket.core.lease;
  }

  extend(duration?: Duration): MaybePromise<boolean> {
    const { spec } = this.#ticket.core;
    const ttl = 'ttl' in spec ? spec.ttl : Infinity;
    const ms = milliseconds(duration ?? ttl, `${this.gate}: extend()`, { infinite: true });
    return this.#ticket.core.extend(this.#ticket, ms);
  }

  charge(actual: number): MaybePromise<void> {
    if (typeof actual !== 'number' || !(actual >= 0 && actual < Infinity)) {
      throw new ConfigError(`${this.gate}: charge() takes a number from 0 up, not ${show(actual)}.`);
    }
    return this.#ticket.core.charge(this.#ticket, actual);
  }

  /** Who holds it, as a frame: for requests that act for the same owner. */
  static frame(grant: Grant): Frame | null {
    if (!(grant instanceof LiveGrant)) throw new ConfigError(`owner must be a grant of this library, not ${show(grant)}.`);
    return grant.#ticket.waiter.frame;
  }

  toJSON(): unknown {
    return { gate: this.gate, fence: this.fence };
  }
}
