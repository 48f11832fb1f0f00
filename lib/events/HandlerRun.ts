import { from, isObservable, type Observable, type Subscription } from 'rxjs';
import { CallTimeoutError } from '../errors.ts';
import { after } from '../internal/after.ts';
import type { CoordinatorEvent } from './event.ts';
import type { BusOwner, Named } from './EventBus.ts';
import type { EventFrame } from './EventFrame.ts';
import type { Terms } from './handlerOptions.ts';
import type { Handler, Kernel, Links, Work } from './kernel.ts';

/** What a run needs from the coordinator. */
export interface RunHost extends Kernel, BusOwner {}

/** What a run needs from its lane. */
export interface RunOwner extends Named {
  readonly handler: Handler;
  readonly terms: Terms;
  readonly host: RunHost;
  /** The subscription has ended: failures are final. */
  readonly stopped: boolean;
  /** The run takes time: from now on it can be stopped and aborted, and `settled()` waits for it. */
  begin(run: HandlerRun): void;
  /** The run is over. `handled`: the handler has done what it wanted to do. */
  done(run: HandlerRun, handled: boolean): void;
}

type Pending = PromiseLike<unknown> | Observable<unknown> | AsyncGenerator;

/** Whether a handler returned work that goes on: a promise, an Observable, or a running async generator. */
export function isPending(result: unknown): result is Pending {
  if (typeof result !== 'object' || result === null) return false;
  return isPromise(result) || isObservable(result) || (Symbol.asyncIterator in result && 'next' in result);
}

function isPromise(value: object): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown }).then === 'function';
}

/** One event in the hands of a handler until it is done with it: all attempts, and the waits between them. */
export class HandlerRun implements Work {
  before: Links | null = null;
  after: Links | null = null;
  readonly #lane: RunOwner;
  readonly event: CoordinatorEvent;
  #attempt = 0;
  /** Changes when an attempt or wait is over: what an older one still says is not heard. */
  #turn = 0;
  /** The stream that the handler returned. */
  #stream: Subscription | null = null;
  /** Where this attempt goes on after its delivery. */
  #frame: EventFrame | null = null;
  /** The limit of this attempt, or the wait for the next. */
  #timer: Subscription | null = null;
  /** What the last attempt failed with, while the next one is waited for. */
  #failure: { readonly error: unknown } | null = null;
  #begun = false;
  #ended = false;

  constructor(lane: RunOwner, event: CoordinatorEvent) {
    this.#lane = lane;
    this.event = event;
  }

  get name(): string {
    return this.#lane.name;
  }

  /** Calls the handler, in the context of the event. */
  attempt(): void {
    this.#attempt++;
    this.#failure = null;
    const { handler } = this.#lane;
    let result: unknown;
    try {
      result = handler(this.event.data as never, this.event as never);
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (isPending(result)) this.follow(result);
    else this.#end(true);
  }

  /** Waits for what the handler returned. */
  follow(result: Pending): void {
    this.#begin();
    const turn = this.#turn;
    const succeeded = (): void => {
      if (turn === this.#turn) this.#end(true);
    };
    const failed = (error: unknown): void => {
      if (turn === this.#turn) this.#failed(error);
    };
    const { host, terms } = this.#lane;
    // The handler has just returned: this is still its delivery.
    this.#frame = host.here() as EventFrame;
    this.#frame.enter();
    if (isPromise(result)) {
      result.then(succeeded, failed);
    } else {
      const stream = from(result).subscribe({ error: failed, complete: succeeded });
      // It may have ended while it was subscribed to, and even the next attempt may run by now.
      if (turn === this.#turn) this.#stream = stream;
    }
    if (terms.timeout === Infinity || turn !== this.#turn) return;
    this.#timer = after(host.clock, terms.timeout, () => {
      failed(this.#timedOut());
    });
  }

  /** The subscription ends. A promise is waited for all the same: it works on, and its failure must not get lost. */
  stop(): void {
    if (this.#failure !== null) this.#giveUp(this.#failure.error);
    else if (this.#stream !== null) this.#end();
  }

  abort(): void {
    if (this.#failure !== null) this.#giveUp(this.#failure.error);
    else this.#end();
  }

  #failed(error: unknown): void {
    this.#release();
    const wait = this.#lane.stopped ? null : this.#wait(error);
    if (wait === null) {
      this.#giveUp(error);
      return;
    }
    this.#begin();
    this.#failure = { error };
    const { host } = this.#lane;
    this.#timer = after(host.clock, wait, () => {
      this.#timer = null;
      host.resume(
        this.event,
        (run: HandlerRun) => {
          run.attempt();
        },
        this,
      );
    });
  }

  #wait(error: unknown): number | null {
    const { host, terms } = this.#lane;
    if (terms.retry === null) return null;
    try {
      return terms.retry(error, this.#attempt, host.random);
    } catch (mistake) {
      host.report(mistake, `retry of the handler ${this.name}`);
      return null;
    }
  }

  #giveUp(error: unknown): void {
    this.#lane.host.failed(error, this.event, this.#lane);
    this.#end();
  }

  #timedOut(): CallTimeoutError {
    const { timeout } = this.#lane.terms;
    return new CallTimeoutError(`The handler ${this.name} took longer than ${timeout} ms for '${this.event.name}'.`, {
      ...(this.#stream === null
        ? { hint: 'A promise cannot be stopped and goes on; return an Observable to be unsubscribed.' }
        : {}),
      details: { handler: this.name, timeout, event: this.event.name, attempt: this.#attempt },
    });
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#lane.begin(this);
  }

  /** The next event starts before this one counts as ended, so that `settled()` finds no gap between them. */
  #end(handled = false): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#release();
    this.#lane.done(this, handled);
    if (this.#begun) this.#lane.host.end(this);
  }

  /** Stops what the attempt or the wait has running. */
  #release(): void {
    this.#turn++;
    this.#frame?.leave();
    this.#frame = null;
    if (this.#timer === null && this.#stream === null) return;
    const running = [this.#timer, this.#stream];
    this.#timer = this.#stream = null;
    for (const each of running) {
      try {
        each?.unsubscribe();
      } catch (error) {
        this.#lane.host.report(error, `the teardown of the handler ${this.name}`);
      }
    }
  }
}
