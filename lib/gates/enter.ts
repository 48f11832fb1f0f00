import type { CoordinationError } from '../errors.ts';
import type { Frame } from '../internal/context.ts';
import { lostError } from './describe.ts';
import type { AcquireOptions, Entered, GateRef } from './gate.ts';
import { GateRequest } from './gateRequest.ts';
import { aborted, type Patience, patience } from './patience.ts';
import { type Ask, OVER, type Ticket, type Waiter } from './port.ts';
import type { LossReason } from './state.ts';

/**
 * Waits for a grant and hands it over for the rest of a block: `await using`.
 *
 * Queues like every request. It sets no context, so requests inside the block say for whom they act: `{ owner: grant }`.
 * A lost lease aborts `grant.signal`; check it, or `grant.valid()`, before you write.
 *
 * @throws rejects as `acquire` errors.
 * @example
 * ```ts
 * await using grant = await enter('customer-db', { timeout: '5s' });
 * await db.save(customer, grant.fence);
 * ```
 */
export function enter(gate: GateRef, options?: AcquireOptions): Promise<Entered> {
  const request = new GateRequest(gate, options, 'enter()');
  const parent = request.parent();
  const core = request.core(parent);
  return new Promise((resolve, reject) => {
    const visitor = new Visitor(request, parent, resolve, reject);
    const { signal, ask } = request;
    if (signal?.aborted) {
      reject(aborted(core, signal));
      return;
    }
    core.enter(visitor);
    if (visitor.ticket?.waiting && (signal !== undefined || (ask.timeout > 0 && ask.timeout < Infinity))) {
      visitor.waitingFor = patience(visitor, core, signal);
    }
  });
}

class Visitor implements Waiter, Frame {
  readonly ask: Ask;
  parent: Frame | null;
  readonly coordinator = null;
  readonly cause = null;
  readonly call = null;
  readonly root = false;
  ticket: Ticket | null = null;
  waitingFor: Patience | null = null;
  private readonly resolve: (grant: Entered) => void;
  private readonly reject: (error: unknown) => void;

  constructor(
    request: GateRequest,
    parent: Frame | null,
    resolve: (grant: Entered) => void,
    reject: (error: unknown) => void,
  ) {
    this.ask = request.ask;
    this.parent = parent;
    this.resolve = resolve;
    this.reject = reject;
  }

  get frame(): Frame {
    return this;
  }

  /** Its grant has gone back: requests that name it as their owner are not kept by it. */
  get over(): boolean {
    return this.ticket !== null && this.ticket.state === OVER;
  }

  granted(ticket: Ticket): void {
    this.waitingFor?.end();
    this.resolve(ticket);
  }

  refused(error: CoordinationError): void {
    this.waitingFor?.end();
    this.reject(error);
  }

  lost(ticket: Ticket, reason: LossReason, note?: string): void {
    // Its signal has said so, unless it was lost before anybody had it.
    this.reject(lostError(this, ticket, reason, note));
  }
}
