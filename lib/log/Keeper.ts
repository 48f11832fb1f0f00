import { OverflowError } from '../errors.ts';
import { errorData } from '../events/errorData.ts';
import type { CoordinatorEvent } from '../events/event.ts';
import type { Kernel, Links, Work } from '../events/kernel.ts';
import type { PersistDropped, PersistFailed } from '../events/ownEvents.ts';
import type { Clock } from '../internal/env.ts';
import { Fifo } from '../internal/Fifo.ts';
import type { Delivery } from './deliveryOptions.ts';
import type { EventLog } from './EventLog.ts';
import { Line, Outbox, type OutboxOwner } from './Outbox.ts';

const persistFailed = 'rxbaton.persist_failed';
const persistDropped = 'rxbaton.persist_dropped';

export interface KeeperOptions extends Delivery {
  readonly text: (event: CoordinatorEvent) => string;
  readonly onError: ((error: unknown, what: string) => void) | null;
}

/**
 * Takes the events of a coordinator to a log. Whoever emits pays for a place in a list; at the end of the turn the list becomes
 * text, and the text goes out.
 */
export class Keeper implements Work, OutboxOwner<string> {
  before: Links | null = null;
  after: Links | null = null;
  readonly name: string;
  readonly clock: Clock;
  readonly random: () => number;
  kept = 0;
  lost = 0;
  /** In this turn and in the outbox. */
  pending = 0;
  readonly #host: Kernel;
  readonly #options: KeeperOptions;
  readonly #outbox: Outbox<string>;
  /** The events of this turn. */
  readonly #turn = new Fifo<CoordinatorEvent>();
  /** Those for which there was no place. */
  #refused = new Count();
  /** The ids of what this one has said of losses, and the lines of events that were emitted because of that. */
  readonly #said = new Set<string>();
  #saying = false;
  readonly #echoes = new WeakSet<Line<string>>();
  #scheduled = false;
  #aborted = false;
  #waiting: (() => void)[] = [];
  readonly #flush = (): void => {
    this.#host.run(this.#host.home, () => this.#endOfTurn(), undefined);
  };

  constructor(host: Kernel, log: EventLog | PromiseLike<EventLog>, options: KeeperOptions) {
    this.#host = host;
    this.#options = options;
    this.name = `persist('${options.stream}')`;
    this.clock = host.clock;
    this.random = host.random;
    this.#outbox = new Outbox(log, options, this);
    Promise.resolve(log).catch((error: unknown) => {
      if (this.pending === 0) this.#lose(new Count(), error);
    });
  }

  take(event: CoordinatorEvent): void {
    if (this.pending < this.#options.maxBuffer) {
      this.pending++;
      this.#turn.push(event);
    } else this.#overflow(event);
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (this.before === null && !this.#aborted) this.#host.begin(this);
    void Promise.resolve().then(this.#flush);
  }

  /** Resolves when nothing is pending. */
  async settled(): Promise<void> {
    while (this.#scheduled || this.pending > 0) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** Nobody waits any more, also not for what comes yet. What is on its way goes on. */
  abort(): void {
    this.#aborted = true;
    this.#outbox.hurry();
    this.#host.end(this);
  }

  id(): string {
    return this.#host.id();
  }

  arrived(lines: readonly Line<string>[]): void {
    this.kept += lines.length;
    this.pending -= lines.length;
    this.#settle();
  }

  failed(lines: readonly Line<string>[], error: unknown): void {
    const lost = new Count();
    for (const line of lines) lost.add(line.value, this.#echoes.has(line));
    this.pending -= lines.length;
    this.#lose(lost, error);
    this.#settle();
  }

  #overflow(event: CoordinatorEvent): void {
    const oldest =
      this.#options.overflow === 'drop-oldest' ? (this.#outbox.shift()?.value ?? this.#turn.shift()?.name) : undefined;
    // All of them may be under way.
    if (oldest !== undefined) this.#turn.push(event);
    this.#refused.add(oldest ?? event.name, this.#isEcho(event));
  }

  #endOfTurn(): void {
    this.#scheduled = false;
    for (let event = this.#turn.shift(); event !== undefined; event = this.#turn.shift()) {
      try {
        const line = new Line(this.#options.text(event), event.name);
        if (this.#isEcho(event)) this.#echoes.add(line);
        this.#outbox.push(line);
      } catch (error) {
        const lost = new Count();
        lost.add(event.name, this.#isEcho(event));
        this.pending--;
        this.#lose(lost, error);
      }
    }
    this.#outbox.flush();
    if (this.#refused.events > 0) this.#overflowed();
    this.#settle();
  }

  #overflowed(): void {
    const { maxBuffer, overflow, stream } = this.#options;
    const refused = this.#refused;
    const { events } = refused;
    this.#refused = new Count();
    const error = new OverflowError(
      `${this.name} had ${maxBuffer} events that were not in the log yet, and ${events} more came.`,
      {
        hint: "Raise maxBuffer, persist fewer names, or choose overflow: 'drop-oldest' or 'drop-newest'.",
        details: { stream, maxBuffer, overflow, events },
      },
    );
    if (overflow === 'error') {
      this.#lose(refused, error);
      return;
    }
    this.lost += events;
    // Whoever chose to drop knows of it: that is worth a report, and no crash.
    this.#report(error, `${this.name} dropped ${counted(events)}.`, true);
    if (refused.echo || !this.#host.wanted(persistDropped)) return;
    const data: PersistDropped = { stream, events, names: refused.names, policy: overflow, lost: this.lost };
    this.#say(persistDropped, data);
  }

  #lose({ events, names, echo }: Count, error: unknown): void {
    this.lost += events;
    const received = this.#host.wanted(persistFailed);
    this.#report(error, `${this.name} could not keep ${counted(events)}.`, received);
    if (echo || !received) return;
    const { stream } = this.#options;
    const data: PersistFailed = { stream, events, names, error: errorData(error), lost: this.lost };
    this.#say(persistFailed, data);
  }

  #say(name: string, data: PersistDropped | PersistFailed): void {
    this.#saying = true;
    this.#said.add(this.#host.publish(name, data));
    this.#saying = false;
    if (this.#said.size <= remembered) return;
    const [oldest] = this.#said;
    this.#said.delete(oldest!);
  }

  /** Whether somebody has emitted it on hearing of a loss. Losing it says nothing new, and an alert must not feed itself. */
  #isEcho({ correlationId }: CoordinatorEvent): boolean {
    return this.#saying || (correlationId !== undefined && this.#said.has(correlationId));
  }

  #report(error: unknown, what: string, received: boolean): void {
    const { onError } = this.#options;
    if (onError === null) {
      this.#host.report(error, what, received);
      return;
    }
    try {
      onError(error, what);
    } catch (mistake) {
      this.#host.report(mistake, `onError of ${this.name}`);
    }
  }

  #settle(): void {
    if (this.#scheduled || this.pending > 0) return;
    this.#host.end(this);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

const counted = (events: number): string => (events === 1 ? 'an event' : `${events} events`);

/** How many of its own words it remembers. */
const remembered = 1_000;

/** How many different names are told. */
const told = 10;

/** How many events, and what they were. */
class Count {
  events = 0;
  readonly names: string[] = [];
  /** Whether they were nothing but echoes. */
  echo = false;

  add(name: string, echo: boolean): void {
    this.echo = echo && (this.echo || this.events === 0);
    this.events++;
    if (this.names.length < told && !this.names.includes(name)) this.names.push(name);
  }
}
