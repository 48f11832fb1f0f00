import type { Subscription } from 'rxjs';
import { AbortedError, AcquireTimeoutError } from '../errors.ts';
import { after } from '../internal/after.ts';
import { unwatch, watch } from '../internal/aborts.ts';
import { inTheWay, span } from './describe.ts';
import { titleOf } from './spec.ts';
import type { GateCore, Waiter } from './port.ts';

/** The end of a request that waited too long or was called off. */
export interface Patience {
  /** It has been answered: nothing is left on the clock or on the signal. */
  end(): void;
}

export const aborted = (core: GateCore, signal: AbortSignal, what = 'Waiting for'): AbortedError =>
  new AbortedError(`${what} ${titleOf(core)} was aborted.`, {
    details: { gate: titleOf(core) },
    cause: signal.reason,
  });

/** Watches the clock and a signal for somebody who has begun to wait. */
export function patience(waiter: Waiter, core: GateCore, signal: AbortSignal | undefined): Patience {
  const { timeout } = waiter.ask;
  let timer: Subscription | null = null;

  const leave = (): void => {
    stop();
    if (waiter.ticket !== null) core.cancel(waiter.ticket);
  };
  const onAbort = (): void => {
    leave();
    waiter.refused(aborted(core, signal!));
  };
  const onTime = (): void => {
    const state = core.inspect();
    // Itself, in each of its queues.
    const places = waiter.ticket?.extras?.parts.length || 1;
    leave();
    // Another place would say it too late, or may be the one that does not answer.
    if (state instanceof Promise) state.catch(() => undefined);
    const known = state instanceof Promise ? '' : `: ${inTheWay({ ...state, waiting: state.waiting.slice(places) })}`;
    waiter.refused(
      new AcquireTimeoutError(`${titleOf(core)} did not open within ${span(timeout)}${known}.`, {
        hint: 'Raise the timeout, or look at waits() to see who is in the way.',
        details: { gate: titleOf(core), timeout },
      }),
    );
  };
  const stop = (): void => {
    timer?.unsubscribe();
    if (signal !== undefined) unwatch(signal, onAbort);
  };

  if (signal !== undefined) watch(signal, onAbort);
  if (timeout > 0 && timeout < Infinity) timer = after(core.env.clock, timeout, onTime);
  return { end: stop };
}
