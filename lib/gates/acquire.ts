import type { Observable, Subscription } from 'rxjs';
import { GrantDiscardedError } from '../errors.ts';
import { type Destination, Stream } from '../internal/stream.ts';
import type { AcquireOptions, GateRef, Grant } from './gate.ts';
import { Holder } from './holder.ts';
import { titleOf } from './spec.ts';
import type { Ticket } from './port.ts';
import { GateRequest, plainRequest } from './gateRequest.ts';

/**
 * Asks for a gate: a cold Observable of one grant.
 *
 * ```
 * a lease   ----g------------    stays open: held until you unsubscribe
 * a token   ----g|               completes: spent
 * refused   ----#                errors before the grant
 * lost      ----g-----#          errors after it
 * ```
 *
 * Each subscription is a request of its own. Requests queue, first come, first served within a priority. Unsubscribing leaves
 * the queue or gives the grant back, at once. A lease that is given back inside its own first notification protects nothing
 * (`firstValueFrom(acquire(lock))`, `take(1)`): that is reported as a `GrantDiscardedError`. Use `hold`, `run` or `enter`.
 *
 * @throws ConfigError for a bad option. Errors with `BusyError`, `AcquireTimeoutError`, `AbortedError`, `DeadlockError`,
 * `LimitImpossibleError`, `BarrierBrokenError` or `LeaseLostError`.
 * @see {@link hold} to run work under it
 * @example Take whichever machine is free first
 * ```ts
 * hold(race(acquire('gpu-1'), acquire('gpu-2')), ({ gate }) => train(gate));
 * ```
 */
export function acquire(gate: GateRef, options?: AcquireOptions): Observable<Grant> {
  return new Acquisition(
    options === undefined ? plainRequest(gate, 'acquire()') : new GateRequest(gate, options, 'acquire()'),
  );
}

/** What `acquire` returns; `hold` goes past its Observable face. */
export class Acquisition extends Stream<Grant> {
  readonly request: GateRequest;

  constructor(request: GateRequest) {
    super();
    this.request = request;
  }

  protected override start(destination: Destination<Grant>): Subscription {
    const { request } = this;
    const parent = request.parent();
    const core = request.core(parent);
    const holder = Holder.of(destination, parent, request.ask, handOut, undefined);
    holder.request(core, request.signal);
    return holder;
  }
}

/** The work is the consumer's: it lasts until the consumer unsubscribes. */
function handOut(holder: Holder<Grant>, ticket: Ticket): void {
  const { core } = ticket;
  holder.next(ticket);
  if (!core.lease) {
    holder.complete();
  } else if (holder.closed) {
    core.env.report(
      new GrantDiscardedError(`The grant of ${titleOf(core)} was given back before anything could run under it.`, {
        hint: 'Use hold(acquire(gate), work), run(gate, work) or enter(gate) instead of firstValueFrom or take(1).',
        details: { gate: titleOf(core) },
      }),
    );
  }
}
