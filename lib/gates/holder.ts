import { Subscriber } from 'rxjs';
import type { CoordinationError } from '../errors.ts';
import { type Frame, runIn } from '../internal/context.ts';
import { reportUnhandled } from '../internal/env.ts';
import { begin, end } from '../internal/handover.ts';
import type { Sink } from '../internal/sink.ts';
import type { Destination } from '../internal/stream.ts';
import { lostError } from './describe.ts';
import { aborted, type Patience, patience } from './patience.ts';
import { type Ask, type GateCore, released, type Ticket, type Waiter } from './port.ts';
import type { LossReason } from './state.ts';

/** Inside `request`, or before it. */
const ASKING = 0;
const WAITING = 1;
/** The work is being subscribed to: its teardown is not known yet. */
const STARTING = 2;
const WORKING = 3;
const ENDED = 4;

/** How work ends: with an error, unless it is one of the other two. */
interface Ending {
  readonly error: unknown;
}
const completed: Ending = { error: undefined };
const unsubscribed: Ending = { error: undefined };

/**
 * Makes a holder subscribe to its work. One job serves any number of holders, which keep what is theirs alone as `subject`:
 * a queue of waiters keeps no more alive than it needs. What a job throws is an error of the work.
 */
export type Job<T, S> = (holder: Holder<T>, ticket: Ticket, subject: S) => void;

/**
 * Work under a grant: the only code that knows the order in which it ends. First the work is torn down; then the account is
 * settled, which reserves for the next; then the consumer hears of it; then the next ones do.
 *
 * One object is the subscriber to the work, the waiter at the gate and the frame of the causal context, so that a hold costs
 * one allocation and one ticket.
 */
export class Holder<T> extends Subscriber<T> implements Waiter, Frame {
  readonly ask: Ask;
  private readonly job: Job<T, unknown>;
  private readonly subject: unknown;
  ticket: Ticket | null = null;
  /** The frame in which the hold was started: what its consumers run in, and whose leases it does not wait for twice. */
  parent: Frame | null;
  private phase: typeof ASKING | typeof WAITING | typeof STARTING | typeof WORKING | typeof ENDED = ASKING;
  /** While it waits, what ends its patience; while it starts, how the work has ended already. */
  private pending: Patience | Ending | null = null;
  /** The work goes on after its teardown, as a promise does that has not settled: the grant stays until it is over. */
  running = false;

  private constructor(
    destination: Destination<T>,
    parent: Frame | null,
    ask: Ask,
    job: Job<T, unknown>,
    subject: unknown,
  ) {
    super();
    this.destination = destination as Subscriber<T>;
    this.parent = parent;
    this.ask = ask;
    this.job = job;
    this.subject = subject;
    // Left to RxJS, this would be a search through whatever a sink has for what a Subscription has.
    if (destination instanceof Subscriber) destination.add(this);
  }

  static of<T, S>(destination: Destination<T>, parent: Frame | null, ask: Ask, job: Job<T, S>, subject: S): Holder<T> {
    return new Holder(destination, parent, ask, job as Job<T, unknown>, subject);
  }

  /** Whether frames follow promises here. */
  private get tracked(): boolean {
    return this.ticket !== null && this.ticket.core.env.tracks;
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

  get over(): boolean {
    return this.phase === ENDED && !this.running;
  }

  /** Asks for the grant. */
  request(core: GateCore, signal: AbortSignal | undefined): void {
    if (signal === undefined && this.ask.timeout === Infinity) core.enter(this);
    else this.requestWithin(core, signal);
    if (this.phase === ASKING) this.phase = WAITING;
  }

  private requestWithin(core: GateCore, signal: AbortSignal | undefined): void {
    if (signal?.aborted) {
      this.refused(aborted(core, signal));
      return;
    }
    core.enter(this);
    // Not even a try has been answered yet where the answer has to come from elsewhere.
    if (this.phase === ASKING) this.pending = patience(this, core, signal);
  }

  granted(ticket: Ticket): void {
    if (this.pending !== null) this.stopWaiting();
    const atHome = this.phase === ASKING;
    this.phase = STARTING;
    if (this.tracked) runIn(this, start, this, ticket);
    else this.startWork(ticket);
    if (this.pending === null) this.phase = WORKING;
    else this.finish(this.pending as Ending, atHome);
  }

  /** In its own frame, if there is one. */
  startWork(ticket: Ticket): void {
    try {
      this.job(this, ticket, this.subject);
    } catch (error) {
      // Torn down already, what it throws is its teardown's.
      if (this.isStopped) reportUnhandled(error);
      else this.error(error);
    }
  }

  refused(error: CoordinationError): void {
    this.fail(error);
  }

  lost(ticket: Ticket, reason: LossReason, note?: string): void {
    this.fail(lostError(this, ticket, reason, note));
  }

  /** Ends with an error that does not come from the work. */
  fail(error: unknown): void {
    if (this.phase === ENDED) return;
    const ending: Ending = { error };
    // The first end counts: work that was started in spite of a lost lease does not succeed.
    if (this.phase === STARTING) this.pending ??= ending;
    else this.finish(ending, false);
  }

  protected override _next(value: T): void {
    // Consumers run in the frame that they subscribed in: they do not hold what the work holds.
    if (this.tracked) runIn(this.parent, next, this.destination as Sink<T>, value);
    else this.destination.next(value);
  }

  protected override _error(error: unknown): void {
    this.fail(error);
  }

  protected override _complete(): void {
    // Work that ends while it is being subscribed to has a teardown that is still to come.
    if (this.phase === STARTING) this.pending ??= completed;
    else this.finish(completed, false);
  }

  override unsubscribe(): void {
    if (this.closed) return;
    if (this.phase === WORKING) {
      this.finish(unsubscribed, false);
      return;
    }
    if (this.phase === STARTING) this.pending = unsubscribed;
    if (this.phase <= WAITING) this.leave();
    this.tearDown();
  }

  /** Before the teardown, which may free the gate: whoever is going must not be let in. */
  private leave(): void {
    this.phase = ENDED;
    if (this.pending !== null) this.stopWaiting();
    if (this.ticket !== null) this.ticket.core.cancel(this.ticket);
  }

  private stopWaiting(): void {
    (this.pending as Patience | null)?.end();
    this.pending = null;
  }

  /** `atHome`: it runs in the frame of its consumer already. */
  private finish(ending: Ending, atHome: boolean): void {
    const { ticket } = this;
    const destination = this.destination as Sink<T> | null;
    if (this.phase <= WAITING && this.pending !== null) this.stopWaiting();
    this.phase = ENDED;
    begin();
    // Not even an overflow of the stack may leave the turn open: nobody would ever be told of a grant again.
    try {
      this.tearDown();
      if (ticket !== null) this.giveBack(ticket);
      if (ending !== unsubscribed && destination !== null) this.tell(destination, ending, atHome);
    } finally {
      end();
    }
  }

  private giveBack(ticket: Ticket): void {
    if (this.running) ticket.abort(released);
    else ticket.core.release(ticket);
  }

  private tell(destination: Sink<T>, ending: Ending, atHome: boolean): void {
    if (atHome || !this.tracked) notify(destination, ending);
    else runIn(this.parent, notify, destination, ending);
  }

  /** A teardown that throws must not keep the gate closed. */
  private tearDown(): void {
    try {
      super.unsubscribe();
    } catch (error) {
      reportUnhandled(error);
    }
  }
}

const start = <T>(holder: Holder<T>, ticket: Ticket): void => {
  holder.startWork(ticket);
};

const next = <T>(destination: Sink<T>, value: T): void => {
  destination.next(value);
};

/** A consumer that throws must not keep the turn open. */
function notify(destination: Sink<never>, ending: Ending): void {
  try {
    if (ending === completed) destination.complete();
    else destination.error(ending.error);
  } catch (error) {
    reportUnhandled(error);
  }
}
