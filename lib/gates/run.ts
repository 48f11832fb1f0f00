import type { CoordinationError } from '../errors.ts';
import { unwatch, watch } from '../internal/aborts.ts';
import { type Frame, runIn } from '../internal/context.ts';
import { expected, optionsFirst } from '../internal/options.ts';
import { lostError } from './describe.ts';
import type { AcquireOptions, GateRef, Grant } from './gate.ts';
import { type GateRequest, requestOf } from './gateRequest.ts';
import { aborted, type Patience, patience } from './patience.ts';
import type { Ask, GateCore, Ticket, Waiter } from './port.ts';
import type { LossReason } from './state.ts';

type WorkOf<T> = (grant: Grant) => T | PromiseLike<T>;

/**
 * Runs a function under a grant: the promise face of `hold`.
 *
 * Queues like every request. The promise settles with what the function returns, after the grant went back. When `signal`
 * aborts, the caller is rejected at once and `grant.signal` aborts too; the grant goes back when the function has settled,
 * because until then it still writes. A lost lease rejects with `LeaseLostError`.
 *
 * @throws ConfigError for a bad option; rejects as `acquire` errors.
 * @example One writer at a time
 * ```ts
 * await run(mutex('customer-db'), async ({ fence }) => db.save(customer, fence));
 * ```
 */
export function run<T>(gate: GateRef, work: WorkOf<T>): Promise<T>;
export function run<T>(gate: GateRef, options: AcquireOptions, work: WorkOf<T>): Promise<T>;
export function run<T>(gate: GateRef, options: AcquireOptions | WorkOf<T>, work?: WorkOf<T>): Promise<T> {
  if (typeof options === 'function' && work !== undefined) optionsFirst('run()');
  const [wishes, task] = typeof options === 'function' ? [undefined, options] : [options, work];
  if (typeof task !== 'function') expected('The work of run()', 'a function of the grant', task);
  const request = requestOf(gate, wishes, 'run()');
  const parent = request.parent();
  const core = request.core(parent);
  return new Promise((resolve, reject) => {
    new Run(request, parent, core.env.tracks, task, resolve, reject).request(core);
  });
}

class Run<T> implements Waiter, Frame {
  readonly ask: Ask;
  parent: Frame | null;
  over = false;
  ticket: Ticket | null = null;
  private readonly tracked: boolean;
  private readonly signal: AbortSignal | undefined;
  private readonly work: WorkOf<T>;
  private readonly resolve: (value: T) => void;
  private readonly reject: (error: unknown) => void;
  private waitingFor: Patience | null = null;

  constructor(
    request: GateRequest,
    parent: Frame | null,
    tracked: boolean,
    work: WorkOf<T>,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ) {
    this.ask = request.ask;
    this.signal = request.signal;
    this.parent = parent;
    this.tracked = tracked;
    this.work = work;
    this.resolve = resolve;
    this.reject = reject;
  }

  get frame(): Frame | null {
    return this.tracked || this.parent !== null ? this : null;
  }

  get coordinator(): null {
    return null;
  }

  get cause(): null {
    return null;
  }

  get call(): null {
    return null;
  }

  get root(): false {
    return false;
  }

  request(core: GateCore): void {
    const { signal } = this;
    if (signal?.aborted) {
      this.reject(aborted(core, signal));
      return;
    }
    core.enter(this);
    const { timeout } = this.ask;
    const waiting = this.ticket !== null && this.ticket.waiting;
    if (waiting && (signal !== undefined || (timeout > 0 && timeout < Infinity)))
      this.waitingFor = patience(this, core, signal);
  }

  granted(ticket: Ticket): void {
    this.waitingFor?.end();
    if (this.tracked) runIn(this, start, this as Run<unknown>, ticket);
    else start(this as Run<unknown>, ticket);
  }

  startWork(ticket: Ticket): void {
    let result: T | PromiseLike<T>;
    let goesOn: boolean;
    try {
      result = this.work(ticket);
      goesOn = typeof (result as PromiseLike<T> | null)?.then === 'function';
    } catch (error) {
      this.end(ticket, this.reject, error);
      return;
    }
    if (!goesOn) {
      this.end(ticket, this.resolve, result as T);
      return;
    }
    const { signal } = this;
    const onAbort = (): void => {
      ticket.abort(signal!.reason);
      this.reject(aborted(ticket.core, signal!, 'Work under'));
    };
    if (signal !== undefined) watch(signal, onAbort);
    // Called off by the work itself, before it has returned its promise.
    if (signal?.aborted) onAbort();
    const onError = (error: unknown): void => {
      if (signal !== undefined) unwatch(signal, onAbort);
      this.end(ticket, this.reject, error);
    };
    try {
      (result as PromiseLike<T>).then((value) => {
        if (signal !== undefined) unwatch(signal, onAbort);
        this.end(ticket, this.resolve, value);
      }, onError);
    } catch (error) {
      // What is no promise but has a `then` may throw from it.
      onError(error);
    }
  }

  private end<V>(ticket: Ticket, settle: (value: V) => void, value: V): void {
    this.over = true;
    ticket.core.release(ticket);
    settle(value);
  }

  refused(error: CoordinationError): void {
    this.waitingFor?.end();
    this.reject(error);
  }

  lost(ticket: Ticket, reason: LossReason, note?: string): void {
    this.reject(lostError(this, ticket, reason, note));
  }
}

const start = (run: Run<unknown>, ticket: Ticket): void => {
  run.startWork(ticket);
};
