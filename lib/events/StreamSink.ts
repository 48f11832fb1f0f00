import type { Subscriber } from 'rxjs';
import type { CoordinatorEvent } from './event.ts';
import type { Sink } from './EventBus.ts';
import type { Compiled } from './patterns.ts';

/** A subscriber of `when(...)` without a handler: it gets events, and nobody waits for what it does with them. */
export class StreamSink implements Sink {
  closed = false;
  readonly accepts: ((event: CoordinatorEvent) => boolean) | null;
  readonly #subscriber: Subscriber<CoordinatorEvent>;
  readonly #selector: Compiled;

  constructor(selector: Compiled, subscriber: Subscriber<CoordinatorEvent>) {
    this.accepts = selector.accepts;
    this.#subscriber = subscriber;
    this.#selector = selector;
  }

  get name(): string {
    return `when(${this.#selector.label})`;
  }

  deliver(event: CoordinatorEvent): void {
    this.#subscriber.next(event);
  }

  complete(): void {
    this.#subscriber.complete();
  }
}
