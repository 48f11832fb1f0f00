import type { Subscription } from 'rxjs';
import { ClosedError } from '../errors.ts';
import type { GateBackend } from '../gates/port.ts';
import { after } from '../internal/after.ts';
import type { Clock } from '../internal/env.ts';
import type { CloseReport } from './Coordinator.ts';
import type { Reporter } from './reporter.ts';

/** What is closed. */
export interface Closable {
  readonly clock: Clock;
  readonly backend: GateBackend;
  /** Resolves when no work is under way. */
  idle(): Promise<void>;
  /** Drops what is queued and aborts what is under way. */
  abort(reason: ClosedError): CloseReport;
  /** Ends everybody who listens. */
  end(): void;
  readonly reporter: Reporter;
}

/** The end of a coordinator: one for all calls of `close`, at the earliest of their deadlines. */
export class Closing {
  readonly done: Promise<CloseReport>;
  readonly #of: Closable;
  /** When the deadline is over, by the clock. */
  #until = Infinity;
  #timer: Subscription | null = null;
  #late = false;
  #ended = false;
  /** Why work is aborted, once the deadline is over. */
  #reason: ClosedError | null = null;
  #report: CloseReport = { aborted: [], dropped: 0 };

  constructor(of: Closable) {
    this.#of = of;
    this.done = this.#close();
  }

  /** The time for work is over: not even what is under way may start more. */
  get late(): boolean {
    return this.#late;
  }

  /** Leaves no more time than this. A later deadline than that of an earlier call changes nothing. */
  hurry(deadline: number): void {
    const { clock, backend, reporter } = this.#of;
    const until = clock.now() + deadline;
    if (until >= this.#until) return;
    this.#until = until;
    this.#timer?.unsubscribe();
    if (this.#ended) {
      backend.close({ deadline }).catch((error: unknown) => {
        reporter.report(error, 'close() of the gate backend');
      });
    } else if (deadline === 0) this.#abort(0);
    else
      this.#timer = after(clock, deadline, () => {
        this.#abort(deadline);
      });
  }

  #abort(deadline: number): void {
    this.#late = true;
    this.#reason ??= new ClosedError(`The deadline of close(), ${deadline} ms, was over.`, { details: { deadline } });
    const { aborted, dropped } = this.#of.abort(this.#reason);
    this.#report = { aborted: [...this.#report.aborted, ...aborted], dropped: this.#report.dropped + dropped };
  }

  async #close(): Promise<CloseReport> {
    const { clock, backend, reporter } = this.#of;
    await this.#of.idle();
    this.#late = true;
    this.#of.end();
    // What ended with it may have something to put away, a log its files: as long as there is time.
    if (this.#reason !== null) this.#abort(0);
    await this.#of.idle();
    this.#timer?.unsubscribe();
    this.#ended = true;
    await backend.close(this.#until === Infinity ? {} : { deadline: Math.max(0, this.#until - clock.now()) });
    // Nothing is earlier than this: who closes again finds it done.
    this.#until = -Infinity;
    const { aborted, dropped } = this.#report;
    const whole = aborted.length + dropped === 0;
    reporter.log(whole ? 'info' : 'warn', { aborted, dropped }, 'The coordinator is closed.');
    return this.#report;
  }
}
