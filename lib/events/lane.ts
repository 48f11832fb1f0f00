/**
 * Handlers, each in a lane of its own: what one does, or does not do in time, is no concern of the others. A lane takes
 * events from the bus in order and starts its handler on them in that order.
 */
import { Subscription } from 'rxjs';
import { OverflowError } from '../errors.ts';
import { Fifo } from '../internal/Fifo.ts';
import type { CoordinatorEvent } from './event.ts';
import type { Sink } from './EventBus.ts';
import type { Terms } from './handlerOptions.ts';
import { HandlerRun, isPending, type RunHost, type RunOwner } from './HandlerRun.ts';
import type { Handler } from './kernel.ts';
import type { Compiled } from './patterns.ts';

/** What a lane needs from its coordinator. */
export interface LaneHost extends RunHost {
  dropped(event: CoordinatorEvent, lane: Lane): void;
}

const attempt = (run: HandlerRun): void => {
  run.attempt();
};

/** There may be very many lanes of which few ever wait for anything: what waiting needs is made when it is needed. */
export class Lane implements Sink, RunOwner {
  // First what every delivery looks at: with many names, reading it is what a delivery costs.
  closed = false;
  readonly accepts: ((event: CoordinatorEvent) => boolean) | null;
  readonly handler: Handler;
  /** Nothing is counted: every event starts at once. */
  readonly #plain: boolean;
  readonly terms: Terms;
  readonly host: LaneHost;
  readonly #selector: Compiled;
  /** Its end is the end of the lane. Set by whoever makes both. */
  subscription: Subscription = Subscription.EMPTY;
  #queue: Fifo<CoordinatorEvent> | null = null;
  /** The events that it is not done with, as far as that takes time. */
  #runs: Set<HandlerRun> | null = null;
  /** How many places are taken. */
  #active = 0;
  #starting = false;
  #stopped = false;
  #lost = 0;
  /** Events that are delivered once more, and who wants to hear whether the handler was done with them. */
  #again: Map<CoordinatorEvent, (handled: boolean) => void> | null = null;

  constructor(host: LaneHost, selector: Compiled, handler: Handler, terms: Terms) {
    this.accepts = selector.accepts;
    this.handler = handler;
    this.#plain = terms.plain;
    this.terms = terms;
    this.host = host;
    this.#selector = selector;
  }

  get name(): string {
    return this.handler.name === '' ? `when(${this.#selector.label})` : this.handler.name;
  }

  /** How many events were lost because the queue was full. */
  get lost(): number {
    return this.#lost;
  }

  /** The subscription has ended: failures are final. */
  get stopped(): boolean {
    return this.#stopped;
  }

  deliver(event: CoordinatorEvent): void {
    if (this.#plain) {
      const { handler } = this;
      const result = handler(event.data as never, event as never);
      if (result !== undefined && isPending(result)) new HandlerRun(this, event).follow(result);
    } else this.#take(event);
  }

  /** Whether events of this name may come. */
  hears(name: string): boolean {
    return this.#selector.matches(name);
  }

  /** Takes an event that it has had before. `told` is called once: `false` if it failed again, or was lost or interrupted. */
  redeliver(event: CoordinatorEvent, told: (handled: boolean) => void): void {
    (this.#again ??= new Map()).set(event, told);
    const deliver = (): void => {
      try {
        if (this.accepts !== null && !this.accepts(event)) this.#tell(event, true);
        else if (!this.#take(event)) this.#tell(event, false);
      } catch (error) {
        this.host.failed(error, event, this);
        this.#tell(event, false);
      }
    };
    this.host.resume(event, deliver, undefined);
  }

  begin(run: HandlerRun): void {
    (this.#runs ??= new Set()).add(run);
    this.host.begin(run);
  }

  /** A run is over: its place goes to the next event. */
  done(run: HandlerRun, handled: boolean): void {
    this.#runs?.delete(run);
    if (this.#again !== null) this.#tell(run.event, handled);
    if (this.#plain) return;
    this.#active--;
    if (this.terms.once) this.subscription.unsubscribe();
    else this.#next();
  }

  /** Forgets what waits. Returns how many events that were. */
  drop(): number {
    const queue = this.#queue;
    const waited = queue?.length ?? 0;
    this.#queue = null;
    if (this.#again !== null) for (let event = queue?.shift(); event; event = queue?.shift()) this.#tell(event, false);
    return waited;
  }

  /** Ends the lane: nothing more is started, streams are unsubscribed, promises go on. */
  stop(): void {
    this.#stopped = true;
    this.drop();
    for (const run of [...(this.#runs ?? [])]) run.stop();
  }

  /** Returns whether it wants the event at all. */
  #take(event: CoordinatorEvent): boolean {
    if (this.#stopped || (this.terms.once && this.#active > 0)) return false;
    if (this.#active < this.terms.concurrency) {
      this.#active++;
      new HandlerRun(this, event).attempt();
    } else this.#wait(event);
    return true;
  }

  #tell(event: CoordinatorEvent, handled: boolean): void {
    const told = this.#again?.get(event);
    this.#again?.delete(event);
    told?.(handled);
  }

  #wait(event: CoordinatorEvent): void {
    const { maxQueue, overflow } = this.terms;
    const queue = (this.#queue ??= new Fifo());
    if (queue.length < maxQueue) {
      queue.push(event);
    } else if (overflow === 'error') {
      throw new OverflowError(`The queue of the handler ${this.name} is full: ${maxQueue} events wait.`, {
        hint: "Raise concurrency or maxQueue, or choose overflow: 'drop-oldest' or 'drop-newest'.",
        details: { handler: this.name, maxQueue, event: event.name },
      });
    } else {
      const oldest = overflow === 'drop-oldest' ? queue.shift() : undefined;
      if (oldest !== undefined) queue.push(event);
      this.#lost++;
      this.host.dropped(oldest ?? event, this);
      this.#tell(oldest ?? event, false);
    }
  }

  /** Fills free places. A loop, since a handler that ends at once frees its place before this returns. */
  #next(): void {
    if (this.#starting) return;
    this.#starting = true;
    while (this.#active < this.terms.concurrency) {
      const event = this.#queue?.shift();
      if (event === undefined) break;
      this.#active++;
      this.host.resume(event, attempt, new HandlerRun(this, event));
    }
    this.#starting = false;
  }
}
