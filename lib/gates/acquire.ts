import type { Observable } from 'rxjs';
import { GrantDiscardedError } from '../errors.ts';
import type { AcquireOptions, GateRef, Grant } from './gate.ts';
import { Gated } from './gated.ts';
import type { Holder } from './holder.ts';
import { titleOf } from './spec.ts';
import type { Ticket } from './port.ts';
import { type GateRequest, requestOf } from './gateRequest.ts';

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
  return new Acquisition(requestOf(gate, options, 'acquire()'));
}

/** What `acquire` returns; `hold` goes past its Observable face. */
export class Acquisition extends Gated<Grant, undefined> {
  constructor(request: GateRequest) {
    super(request, handOut, undefined);
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
