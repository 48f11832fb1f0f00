import type { Frame } from '../internal/context.ts';
import type { CoordinatorEvent } from './event.ts';

/**
 * The frame of one event while it is delivered: one for all of its handlers, because entering one for each would cost more
 * than calling them. It is over when the delivery is, and every handler that goes on after that. What they left behind
 * (timers, say) is inside none of them then.
 *
 * A tree of its own: nobody above waits for a handler, and a chain of causes must not become a chain of frames.
 */
export class EventFrame implements Frame {
  parent: Frame | null = null;
  readonly coordinator: object;
  readonly cause: CoordinatorEvent;
  /** The delivery itself, and the handlers that go on. */
  #open = 1;

  constructor(coordinator: object, cause: CoordinatorEvent) {
    this.coordinator = coordinator;
    this.cause = cause;
  }

  get call(): null {
    return null;
  }

  get root(): true {
    return true;
  }

  get ticket(): null {
    return null;
  }

  get over(): boolean {
    return this.#open === 0;
  }

  enter(): void {
    this.#open++;
  }

  leave(): void {
    this.#open--;
  }
}
