import type { Subscription } from 'rxjs';
import { AbortedError, type CoordinationError } from '../errors.ts';
import { after } from '../internal/after.ts';
import { type Frame, nearest } from '../internal/context.ts';
import { begin, end } from '../internal/handover.ts';
import { Attempt, type Attempted } from './attempt.ts';
import type { Plan } from './callOptions.ts';
import { errorData } from './errorData.ts';
import type { CoordinatorEvent } from './event.ts';
import type { Kernel, Links, Work } from './kernel.ts';

/** Who waits for a call. */
export interface Caller {
  /** Values of a stream. */
  readonly value: ((value: unknown) => void) | null;
  readonly resolve: (result: unknown, streamed: boolean) => void;
  readonly reject: (error: unknown) => void;
}

const PENDING = 0;
const COMPLETE = 1;
const FAILED = 2;
const CANCELLED = 3;

/**
 * One call of a coordinated function, from its first request for gates until the last of its attempts has ended. It tells
 * its caller and the bus how it went, once each:
 *
 * - its caller as soon as that is decided: a caller who aborts does not wait for work that will not stop;
 * - the bus as soon as it is decided and no lease is held any more, so that whoever is woken can have them.
 */
export class Call implements Work, Attempted {
  readonly plan: Plan;
  readonly kernel: Kernel;
  parent: Frame | null;
  readonly self: unknown;
  readonly args: unknown[];
  before: Links | null = null;
  after: Links | null = null;
  private caller: Caller | null;
  private current: Attempt | null = null;
  private attempts = 0;
  /** Attempts that were told to stop and still run. */
  private lingering: Set<Attempt> | null = null;
  private backoff: Subscription | null = null;
  private signal: AbortSignal | null = null;
  private id: string | null = null;
  private outcome: 0 | 1 | 2 | 3 = PENDING;
  private result: unknown = undefined;
  private told = false;
  private beganAt = -1;
  private waitedFor = 0;

  constructor(plan: Plan, kernel: Kernel, self: unknown, args: unknown[], caller: Caller) {
    this.plan = plan;
    this.kernel = kernel;
    this.parent = kernel.here();
    this.self = self;
    this.args = args;
    this.caller = caller;
  }

  get name(): string {
    return this.plan.name;
  }

  /** Made when somebody looks at it. */
  get runId(): string {
    return (this.id ??= this.kernel.id());
  }

  start(): void {
    const { plan, kernel } = this;
    try {
      kernel.admit(`coordinate('${plan.name}')`);
    } catch (error) {
      // Not a call yet: the bus is closed to it.
      this.caller?.reject(error);
      return;
    }
    kernel.begin(this);
    try {
      const { signal } = plan;
      this.signal = typeof signal === 'function' ? signal.apply(this.self, this.args) : signal;
    } catch (error) {
      this.refused(error);
      return;
    }
    if (this.signal?.aborted === true) {
      this.handleEvent();
      return;
    }
    this.signal?.addEventListener('abort', this);
    this.next();
  }

  /** The signal of the caller aborts. */
  handleEvent(): void {
    this.cancel(
      new AbortedError(`The call of ${this.name} was aborted.`, {
        cause: this.signal?.reason,
        details: { call: this.name },
      }),
    );
  }

  abort(reason: CoordinationError): void {
    this.cancel(reason);
    for (const attempt of this.lingering ?? []) attempt.abandon();
  }

  cancel(reason: unknown): void {
    if (this.outcome !== PENDING) return;
    begin();
    try {
      this.decide(CANCELLED, reason);
    } finally {
      end();
    }
  }

  /** The caller has left: it hears nothing more. */
  leave(): void {
    this.caller = null;
    this.cancel(new AbortedError(`${this.name} was unsubscribed.`, { details: { call: this.name } }));
  }

  private next(): void {
    this.attempts++;
    this.current = new Attempt(this, this.attempts);
    this.current.enter();
  }

  waited(ms: number): void {
    this.waitedFor += ms;
  }

  refused(error: unknown): void {
    this.decide(FAILED, error);
  }

  begun(): void {
    if (this.beganAt >= 0) return;
    const { plan, kernel, args } = this;
    this.beganAt = kernel.clock.now();
    if (kernel.wanted(plan.started)) this.publish(plan.started, { args, timestamp: kernel.clock.wall() }, args);
  }

  value(value: unknown): void {
    this.caller?.value?.(value);
  }

  succeeded(result: unknown, streamed: boolean): void {
    this.decide(COMPLETE, result, streamed);
  }

  failed(error: unknown): void {
    if (this.outcome !== PENDING) return;
    const { plan, kernel } = this;
    let delay: number | null = null;
    try {
      delay = plan.retry === null ? null : plan.retry(error, this.attempts, () => kernel.random());
    } catch (mistake) {
      kernel.report(mistake, `retry of coordinate('${plan.name}')`);
    }
    if (delay === null) {
      this.decide(FAILED, error);
      return;
    }
    if (kernel.wanted(plan.retrying)) {
      this.publish(plan.retrying, {
        error: errorData(error),
        attempt: this.attempts,
        delay,
        timestamp: kernel.clock.wall(),
      });
      // Who is told may cancel the call.
      if (this.decided()) return;
    }
    this.backoff = after(kernel.clock, delay, () => {
      this.backoff = null;
      this.next();
    });
  }

  lingers(attempt: Attempt): void {
    (this.lingering ??= new Set()).add(attempt);
  }

  freed(attempt: Attempt): void {
    if (attempt.over) this.lingering?.delete(attempt);
    this.conclude();
  }

  abandoned(attempt: Attempt): void {
    const { plan, kernel } = this;
    if (kernel.wanted(plan.abandoned)) {
      this.publish(plan.abandoned, {
        attempt: attempt.attempt,
        error: errorData(attempt.reason),
        timestamp: kernel.clock.wall(),
      });
    }
    this.freed(attempt);
  }

  private decided(): boolean {
    return this.outcome !== PENDING;
  }

  private decide(outcome: typeof COMPLETE | typeof FAILED | typeof CANCELLED, result: unknown, streamed = false): void {
    if (this.outcome !== PENDING) return;
    this.outcome = outcome;
    this.result = result;
    this.signal?.removeEventListener('abort', this);
    this.backoff?.unsubscribe();
    if (outcome === CANCELLED) this.current?.stop(result);
    // An event is before whatever the caller does next, unless work that does not stop holds it up.
    this.conclude();
    const { caller } = this;
    this.caller = null;
    if (outcome === COMPLETE) caller?.resolve(result, streamed);
    else caller?.reject(result);
  }

  /** Tells the bus, once the call is decided and holds nothing; and the coordinator, once nothing of it runs any more. */
  private conclude(): void {
    if (this.outcome === PENDING) return;
    if (!this.told) {
      for (const attempt of this.lingering ?? []) if (attempt.holds) return;
      this.told = true;
      this.tell();
    }
    if (this.lingering !== null && this.lingering.size > 0) return;
    this.kernel.end(this);
    // What it has started may go on for ever, and must not hold on to whoever started this.
    this.parent = null;
  }

  private tell(): void {
    const { plan, kernel, result } = this;
    const name = this.outcome === COMPLETE ? plan.complete : this.outcome === FAILED ? plan.failed : plan.cancelled;
    if (!kernel.wanted(name)) return;
    const ended = {
      timestamp: kernel.clock.wall(),
      duration: this.beganAt < 0 ? 0 : kernel.clock.now() - this.beganAt,
      waited: this.waitedFor,
    };
    if (this.outcome === COMPLETE) this.publish(name, { result, ...ended }, [result]);
    else if (this.outcome === FAILED) {
      kernel.heard(result);
      this.publish(name, { error: errorData(result), ...ended });
    } else this.publish(name, { reason: errorData(result), ...ended });
  }

  /** What goes wrong with an event never changes the outcome of the call, nor does who listens: its own values are spared. */
  private publish(name: string, data: object, spared?: readonly unknown[]): void {
    const { kernel, plan, runId, parent } = this;
    try {
      const cause = nearest(parent, 'cause') as CoordinatorEvent | null;
      kernel.publish(name, data, { sender: plan.name, runId, cause }, spared);
    } catch (error) {
      kernel.report(error, name);
    }
  }
}
