/**
 * Handlers, each in a lane of its own: what one does, or does not do in time, is no concern of the others. A lane takes
 * events from the bus in order and starts its handler on them in that order.
 */
import { OverflowError } from '../errors.ts';
import { Fifo } from '../internal/Fifo.ts';
import type { CoordinatorEvent } from './event.ts';
import type { Sink } from './EventBus.ts';
import type { Terms } from './handlerOptions.ts';
import { HandlerRun, isPending } from './HandlerRun.ts';
import type { Kernel } from './kernel.ts';
import type { Compiled } from './patterns.ts';

/** What a lane needs from its coordinator. */
export interface LaneHost extends Kernel {
  /** Calls `fn(argument)` as work that `event` has caused. */
  resume<A>(event: CoordinatorEvent, fn: (argument: A) => void, argument: A): void;
  failed(error: unknown, event: CoordinatorEvent, handler: string): void;
  dropped(event: CoordinatorEvent, lane: Lane): void;
}

/** A function that gets the data and the event; what it returns may be a promise or a stream, and is waited for. */
export type LaneHandler = (data: never, event: never) => unknown;

export class Lane implements Sink {
  closed = false;
  readonly name: string;
  readonly accepts: ((event: CoordinatorEvent) => boolean) | null;
  readonly host: LaneHost;
  readonly handler: LaneHandler;
  readonly terms: Terms;
  /** How many events were lost because the queue was full. */
  lost = 0;
  readonly #queue = new Fifo<CoordinatorEvent>();
  /** Events that it is not done with. */
  readonly #runs = new Set<HandlerRun>();
  /** How many places are taken. */
  #active = 0;
  #starting = false;
  #stopped = false;
  /** Leaves the bus. */
  readonly #leave: () => void;
  /** The lane took its last event and that one is done. */
  readonly #over: () => void;
  readonly #startNext = (event: CoordinatorEvent): void => {
    this.#start(event);
  };

  constructor(host: LaneHost, selector: Compiled, handler: LaneHandler, terms: Terms, leave: () => void, over: () => void) {
    this.host = host;
    this.name = handler.name === '' ? `when(${selector.label})` : handler.name;
    this.accepts = selector.accepts;
    this.handler = handler;
    this.terms = terms;
    this.#leave = leave;
    this.#over = over;
  }

  deliver(event: CoordinatorEvent): void {
    const { terms } = this;
    if (terms.plain) {
      const result = this.call(event);
      if (isPending(result)) new HandlerRun(this, event).follow(result);
      return;
    }
    // Before the handler runs: what it emits must not come back to it.
    if (terms.once) this.#leave();
    if (this.#active < terms.concurrency) this.#start(event);
    else this.#wait(event);
  }

  call(event: CoordinatorEvent): unknown {
    return this.handler(event.data as never, event as never);
  }

  /** A run is over: its place goes to the next event, whose work begins before that of this one counts as ended. */
  done(run: HandlerRun): void {
    this.#runs.delete(run);
    if (!this.terms.plain) {
      this.#active--;
      this.#next();
    }
  }

  begin(run: HandlerRun): void {
    this.#runs.add(run);
    this.host.begin(run);
  }

  /** The subscription has ended: failures are final. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Ends the lane: nothing more is started, streams are unsubscribed, promises go on. Returns how many events waited. */
  stop(): number {
    const waited = this.#queue.length;
    this.#stopped = true;
    this.#queue.clear();
    for (const run of [...this.#runs]) run.stop();
    return waited;
  }

  #wait(event: CoordinatorEvent): void {
    const { maxQueue, overflow } = this.terms;
    if (this.#queue.length < maxQueue) {
      this.#queue.push(event);
    } else if (overflow === 'error') {
      throw new OverflowError(`The queue of the handler ${this.name} is full: ${maxQueue} events wait.`, {
        hint: "Raise concurrency or maxQueue, or choose overflow: 'drop-oldest' or 'drop-newest'.",
        details: { handler: this.name, maxQueue, event: event.name },
      });
    } else {
      const oldest = overflow === 'drop-oldest' ? this.#queue.shift() : undefined;
      if (oldest !== undefined) this.#queue.push(event);
      this.lost++;
      this.host.dropped(oldest ?? event, this);
    }
  }

  /** Called in the context of the event. */
  #start(event: CoordinatorEvent): void {
    this.#active++;
    new HandlerRun(this, event).attempt();
  }

  /** Fills free places. A loop, since handlers that end at once free their place before this returns. */
  #next(): void {
    if (this.#starting) return;
    this.#starting = true;
    try {
      while (this.#active < this.terms.concurrency) {
        const event = this.#queue.shift();
        if (event === undefined) break;
        this.host.resume(event, this.#startNext, event);
      }
    } finally {
      this.#starting = false;
    }
    if (this.terms.once && this.#active === 0) this.#over();
  }
}
