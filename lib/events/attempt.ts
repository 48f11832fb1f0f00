import type { Subscription } from 'rxjs';
import { CallTimeoutError, type CoordinationError } from '../errors.ts';
import { plainAsk } from '../gates/ask.ts';
import { lostError } from '../gates/describe.ts';
import { type Patience, patience } from '../gates/patience.ts';
import { type Ask, type GateCore, HELD, type Ticket, type Waiter } from '../gates/port.ts';
import type { LossReason } from '../gates/state.ts';
import { after } from '../internal/after.ts';
import { type Frame, living } from '../internal/context.ts';
import { begin, end } from '../internal/handover.ts';
import type { Plan } from './callOptions.ts';
import type { CurrentCall } from './currentCall.ts';
import type { Kernel } from './kernel.ts';
import { type Course, follow } from './outcome.ts';

/** The call that an attempt belongs to. */
export interface Attempted {
  readonly plan: Plan;
  readonly kernel: Kernel;
  readonly parent: Frame | null;
  readonly self: unknown;
  readonly args: unknown[];
  readonly runId: string;
  /** The gates did not let it in. */
  refused(error: unknown): void;
  /** The function is about to be called. */
  begun(): void;
  /** A value of a stream. */
  value(value: unknown): void;
  /** The work has ended by itself and its gates are back. */
  succeeded(result: unknown, streamed: boolean): void;
  failed(error: unknown): void;
  /** The work was told to stop and has not ended yet. */
  lingers(attempt: Attempt): void;
  /** Its gates went back although it still runs. */
  abandoned(attempt: Attempt): void;
  /** Lingering work gave up what it held. */
  freed(attempt: Attempt): void;
  waited(ms: number): void;
}

const WAITING = 0;
const RUNNING = 1;
/** Told to stop, still running. */
const STOPPING = 2;
const OVER = 3;

/**
 * One attempt of a call, from the queue of its gates until its work has really ended. It is the waiter at the gates, the
 * frame of its work, and what `currentCall()` shows, in one object, because there is one for each call.
 */
export class Attempt implements Waiter, Frame, Course, CurrentCall {
  readonly owner: Attempted;
  readonly attempt: number;
  /** Whether it has leases that others may be waiting for. */
  holds = false;
  /** Why it was told to stop. */
  reason: unknown = undefined;

  ask: Ask = plainAsk;
  readonly frame: Frame = this;
  ticket: Ticket | null = null;

  parent: Frame | null;
  readonly coordinator: object;
  readonly cause = null;
  readonly call: object = this;
  readonly root = false;

  streams = false;
  stopStream: (() => void) | null = null;

  private state: 0 | 1 | 2 | 3 = WAITING;
  /** The function was called. */
  private called = false;
  private core: GateCore | null = null;
  private queuedAt = -1;
  private patience: Patience | null = null;
  /** The end of patience with the work, and with work that does not stop. */
  private timer: Subscription | null = null;
  private controller: AbortController | null = null;

  constructor(owner: Attempted, attempt: number) {
    this.owner = owner;
    this.attempt = attempt;
    this.parent = living(owner.parent) ?? owner.kernel.home;
    this.coordinator = owner.kernel;
  }

  get name(): string {
    return this.owner.plan.name;
  }

  get runId(): string {
    return this.owner.runId;
  }

  get over(): boolean {
    return this.state === OVER;
  }

  get stopped(): boolean {
    return this.state >= STOPPING;
  }

  get signal(): AbortSignal {
    if (this.controller === null) {
      this.controller = new AbortController();
      if (this.reason !== undefined) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  get fences(): Readonly<Record<string, number>> {
    const { ticket } = this;
    if (ticket === null) return {};
    const parts = ticket.extras?.parts ?? [];
    const leases = (parts.length > 0 ? parts : [ticket]).filter(({ order }) => order > 0);
    return Object.fromEntries(leases.map(({ core, order }) => [core.spec.name, order]));
  }

  /** Asks for the gates, and begins at once where there are none or all are free. */
  enter(): void {
    const { plan, kernel, self, args } = this.owner;
    try {
      const request = plan.pickRequest === null ? plan.request : plan.pickRequest.apply(self, args);
      if (request !== null) {
        this.ask = request.ask;
        this.core = request.core(this);
      }
    } catch (error) {
      this.state = OVER;
      this.owner.refused(error);
      return;
    }
    const { core } = this;
    if (core === null) {
      this.begin();
      return;
    }
    core.enter(this);
    if (this.state !== WAITING) return;
    this.queuedAt = kernel.clock.now();
    this.patience = patience(this, core, undefined);
  }

  granted(): void {
    this.left();
    this.holds = (this.core as GateCore).lease;
    this.begin();
  }

  refused(error: CoordinationError): void {
    this.left();
    this.state = OVER;
    this.owner.refused(error);
  }

  /** Out of the queue. */
  private left(): void {
    if (this.patience === null) return;
    this.patience.end();
    this.owner.waited(this.owner.kernel.clock.now() - this.queuedAt);
  }

  private begin(): void {
    const { owner } = this;
    const { plan, kernel } = owner;
    this.state = RUNNING;
    owner.begun();
    // Who is told of the beginning may have cancelled the call.
    if (this.stopped) return;
    this.called = true;
    if (plan.timeout !== Infinity)
      this.timer = after(kernel.clock, plan.timeout, () => {
        this.expire();
      });
    try {
      kernel.run(this, perform, this);
    } catch (error) {
      this.broke(error);
    }
  }

  value(value: unknown): void {
    if (this.state === RUNNING) this.owner.value(value);
  }

  done(result: unknown): void {
    this.finish(true, result);
  }

  broke(error: unknown): void {
    this.finish(false, error);
  }

  private finish(succeeded: boolean, outcome: unknown): void {
    const { state, owner } = this;
    if (state === OVER) return;
    begin();
    try {
      this.giveBack();
      if (state === STOPPING) owner.freed(this);
      else if (succeeded) owner.succeeded(outcome, this.streams);
      else owner.failed(outcome);
    } finally {
      end();
    }
  }

  private giveBack(): void {
    this.state = OVER;
    this.holds = false;
    this.disarm();
    if (this.ticket !== null) (this.core as GateCore).release(this.ticket);
  }

  lost(ticket: Ticket, reason: LossReason, note?: string): void {
    // Of several gates the others are held until the work has ended.
    this.holds = ticket.state === HELD;
    if (this.stopped) this.owner.freed(this);
    else this.fail(lostError(this, ticket, reason, note));
  }

  private expire(): void {
    const { timeout } = this.owner.plan;
    this.fail(
      new CallTimeoutError(`${this.name} took longer than its timeout of ${timeout} ms.`, {
        hint: 'The work was told to stop by the signal of currentCall().',
        details: { call: this.name, runId: this.runId, timeout, attempt: this.attempt },
      }),
    );
  }

  /** Fails with an error that the work did not throw. */
  private fail(error: unknown): void {
    begin();
    try {
      this.stop(error);
      this.owner.failed(error);
    } finally {
      end();
    }
  }

  /** Leaves the queue, or tells the work to stop. Where that is a promise, the gates stay held until it has settled. */
  stop(reason: unknown): void {
    const { owner } = this;
    if (this.state === WAITING) {
      this.state = OVER;
      this.left();
      if (this.ticket !== null) (this.core as GateCore).cancel(this.ticket);
    } else if (this.state === RUNNING) {
      this.state = STOPPING;
      this.reason = reason;
      this.disarm();
      owner.lingers(this);
      this.controller?.abort(reason);
      if (this.called) this.stopStream?.();
      else this.done(undefined);
      if (!this.over)
        this.timer = after(owner.kernel.clock, owner.plan.abandonAfter, () => {
          this.abandon();
        });
    }
  }

  /** Gives the gates back although the work, which was told to stop, still runs. */
  abandon(): void {
    begin();
    try {
      this.giveBack();
      this.owner.abandoned(this);
    } finally {
      end();
    }
  }

  private disarm(): void {
    this.timer?.unsubscribe();
    this.timer = null;
  }
}

/** The work itself, in the frame of its attempt. */
function perform(attempt: Attempt): void {
  const { plan, self, args } = attempt.owner;
  follow(plan.fn.apply(self, args), attempt, plan.collect);
}
