import { Observable, type Observer, Subscriber, Subscription } from 'rxjs';
import { reportUnhandled } from './env.ts';
import { type Sink, sinkOf } from './sink.ts';

/** Who consumes a stream: the next operator's subscriber, or what a user passed to `subscribe`. */
export type Destination<T> = Subscriber<T> | Sink<T>;

/**
 * Gives a new subscriber its consumer. Left to the constructor of RxJS's class, this would be a search through whatever a sink
 * has for what a Subscription has.
 */
export function chain<T>(subscriber: Subscriber<unknown>, destination: Destination<T>): void {
  // Protected, and said to be a Subscriber: what RxJS asks of it is what a sink has.
  (subscriber as unknown as { destination: Destination<T> }).destination = destination;
  if (destination instanceof Subscriber) destination.add(subscriber);
}

/**
 * An Observable whose subscriber is made by `start`. A stock `subscribe` makes three objects and two closures around it, which
 * costs more than a whole lock.
 */
export abstract class Stream<T> extends Observable<T> {
  /** Begins to work for a consumer. */
  protected abstract start(destination: Destination<T>): Subscription;

  override subscribe(
    observer?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // What most pass is told by its type at once; to look for a class is to search its prototypes.
    if (typeof observer === 'function') return this.begin(sinkOf(observer, error, complete));
    // The subscriber of an operator is chained: unsubscribing it reaches ours, and a closed one would close ours while it is made.
    if (observer instanceof Subscriber) {
      if (!observer.closed) this.begin(observer);
      return observer;
    }
    return this.begin(sinkOf(observer, error, complete));
  }

  /** What goes wrong at the start is an error of the stream: `subscribe` never throws. */
  private begin(destination: Destination<T>): Subscription {
    try {
      return this.start(destination);
    } catch (error) {
      destination.error(error);
      return Subscription.EMPTY;
    }
  }
}

/** The result of an operator: each consumer gets a subscriber to the source of its own. */
export class Operation<T, R> extends Stream<R> {
  private readonly input: Observable<T>;
  private readonly subscriber: (destination: Destination<R>) => Subscriber<T>;

  constructor(input: Observable<T>, subscriber: (destination: Destination<R>) => Subscriber<T>) {
    super();
    this.input = input;
    this.subscriber = subscriber;
  }

  protected override start(destination: Destination<R>): Subscription {
    const subscriber = this.subscriber(destination);
    try {
      return this.input.subscribe(subscriber);
    } catch (error) {
      // A source that ends while it is being subscribed to is torn down here, and its teardown may throw.
      if (subscriber.closed) reportUnhandled(error);
      else subscriber.error(error);
      return subscriber;
    }
  }
}
