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
    } else if (!this.terms.once || this.#active === 0) {
      if (this.#active < this.terms.concurrency) this.#start(new HandlerRun(this, event));
      else this.#wait(event);
    }
  }

  begin(run: HandlerRun): void {
    (this.#runs ??= new Set()).add(run);
    this.host.begin(run);
  }

  /** A run is over: its place goes to the next event. */
  done(run: HandlerRun): void {
    this.#runs?.delete(run);
    if (this.#plain) return;
    this.#active--;
    if (this.terms.once) this.subscription.unsubscribe();
    else this.#next();
  }

  /** Forgets what waits. Returns how many events that were. */
  drop(): number {
    const waited = this.#queue?.length ?? 0;
    this.#queue = null;
    return waited;
  }

  /** Ends the lane: nothing more is started, streams are unsubscribed, promises go on. */
  stop(): void {
    this.#stopped = true;
    this.drop();
    for (const run of [...(this.#runs ?? [])]) run.stop();
  }

  #start(run: HandlerRun): void {
    this.#active++;
    run.attempt();
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
