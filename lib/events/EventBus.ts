/**
 * One mailbox and an index. Each name has a topic: the list of those who get it, in the order in which they subscribed, so
 * that delivering costs what is delivered, however many others there are. Patterns are asked once for each name.
 */
import { SpecConflictError } from '../errors.ts';
import type { CoordinatorEvent } from './event.ts';
import { checkName, isOwn, ownName, type Compiled } from './patterns.ts';
import { pinned, type AnySchema, type Pinned } from './schema.ts';

/** Somebody who can fail. */
export interface Named {
  /** How reports of its failures call it. */
  readonly name: string;
}

/** Who gets events. */
export interface Sink extends Named {
  /** The bus skips it from now on. Set by `remove`. */
  closed: boolean;
  /** What its predicate says, where it has one. May throw too. */
  readonly accepts: ((event: CoordinatorEvent) => boolean) | null;
  /** May throw: the bus tells its owner and goes on. */
  deliver(event: CoordinatorEvent): void;
}

/**
 * Who takes down what happens: it gets every event before anybody hears of it, in the same order, outside of deliveries. It
 * takes what it gets and does nothing with it yet.
 */
export interface Tap extends Named {
  /** Must not throw. */
  take(event: CoordinatorEvent): void;
}

/** Those who get the events of one name. */
export interface Topic {
  /** A name of the library's own. */
  readonly own: boolean;
  /** What its data has to fit, where that was said. */
  schema: Pinned | null;
  /** Never changed in the middle: a delivery walks it up to the length that it found. */
  sinks: Sink[];
  /** How many of them still listen. */
  live: number;
  /** Those who take its events down. */
  taps: readonly Tapping[];
  /** How many of those asked for this very name. A topic without them is only a remembered answer of the patterns. */
  named: number;
}

interface Tapping {
  readonly selector: Compiled;
  readonly tap: Tap;
}

/** What the bus needs from its coordinator. */
export interface BusOwner {
  /** Calls `fn(argument)` as work that `event` has caused. */
  resume<A>(event: CoordinatorEvent, fn: (argument: A) => void, argument: A): void;
  /** A sink threw. Must not throw. */
  failed(error: unknown, event: CoordinatorEvent, sink: Named): void;
}

/** How many names without subscribers are remembered before all of them are forgotten. */
const remembered = 4096;

const none: readonly Tapping[] = [];

export class EventBus {
  readonly #owner: BusOwner;
  readonly #topics = new Map<string, Topic>();
  /** By name, since topics are forgotten. */
  readonly #schemas = new Map<string, Pinned>();
  readonly #patterns = new Map<Sink, Compiled>();
  /** Topics that nobody asked for by name. */
  #idle = 0;
  #taps: readonly Tapping[] = [];
  #inbox: CoordinatorEvent[] = [];
  #sinks: readonly Sink[] = [];
  #delivering = false;
  /** Calls everybody in `#sinks`. */
  readonly #fan = (event: CoordinatorEvent): void => {
    const sinks = this.#sinks;
    // Who subscribes meanwhile is behind this length, or in another array.
    const { length } = sinks;
    let i = 0;
    // One `try` for as many as go well.
    while (i < length) {
      try {
        for (; i < length; i++) {
          const sink = sinks[i] as Sink;
          if (!sink.closed && (sink.accepts === null || sink.accepts(event))) sink.deliver(event);
        }
      } catch (error) {
        this.#owner.failed(error, event, sinks[i++] as Sink);
      }
    }
  };

  constructor(owner: BusOwner) {
    this.#owner = owner;
  }

  /** @throws ConfigError when no event can have this name. */
  topic(name: string): Topic {
    return this.#topics.get(name) ?? this.#meet(name);
  }

  /** @throws ConfigError SpecConflictError */
  pin(name: string, schema: AnySchema): void {
    const topic = this.topic(name);
    if (topic.own) throw ownName(name);
    const next = pinned(name, schema);
    const before = topic.schema?.schema ?? schema;
    if (before !== schema) {
      throw new SpecConflictError(`The event '${name}' has another schema already.`, {
        hint: 'Define it once and share what define() returns.',
        details: { name, there: before, asked: schema },
      });
    }
    this.#schemas.set(name, next);
    topic.schema = next;
  }

  /** Whether an event must be built: somebody listens, or may listen by the time it is its turn. */
  builds(topic: Topic): boolean {
    return topic.live > 0 || topic.taps.length > 0 || this.#delivering;
  }

  /** Has it taken down, and delivers it. */
  post(topic: Topic, event: CoordinatorEvent): void {
    if (topic.taps.length > 0) this.#takeDown(topic, event);
    this.pass(topic, event);
  }

  /** Delivers now, or, from inside a delivery, when the current event and those before this one have reached everybody. */
  pass(topic: Topic, event: CoordinatorEvent): void {
    if (this.#delivering) {
      this.#inbox.push(event);
      return;
    }
    if (topic.live === 0) return;
    this.#delivering = true;
    try {
      this.#deliver(topic, event);
      while (this.#inbox.length > 0) {
        const batch = this.#inbox;
        this.#inbox = [];
        for (const next of batch) this.#deliver(this.topic(next.name), next);
      }
    } finally {
      this.#delivering = false;
    }
  }

  add(selector: Compiled, sink: Sink): void {
    if (selector.name !== null) {
      const topic = this.topic(selector.name);
      if (topic.named++ === 0) this.#idle--;
      enter(topic, sink);
      return;
    }
    this.#patterns.set(sink, selector);
    for (const [name, topic] of this.#topics) if (selector.matches(name)) enter(topic, sink);
  }

  remove(selector: Compiled, sink: Sink): void {
    if (sink.closed) return;
    sink.closed = true;
    if (selector.name !== null) {
      const topic = this.topic(selector.name);
      leave(topic);
      if (--topic.named === 0) this.#idle++;
      return;
    }
    this.#patterns.delete(sink);
    for (const [name, topic] of this.#topics) if (selector.matches(name)) leave(topic);
  }

  /** Returns what ends it; idempotent. */
  tap(selector: Compiled, tap: Tap): () => void {
    const tapping: Tapping = { selector, tap };
    this.#setTaps([...this.#taps, tapping]);
    return () => {
      this.#setTaps(this.#taps.filter((other) => other !== tapping));
    };
  }

  #setTaps(taps: readonly Tapping[]): void {
    this.#taps = taps;
    for (const [name, topic] of this.#topics) topic.taps = this.#tapsOf(name);
  }

  #tapsOf(name: string): readonly Tapping[] {
    return this.#taps.length === 0 ? none : this.#taps.filter(({ selector }) => selector.matches(name));
  }

  #takeDown(topic: Topic, event: CoordinatorEvent): void {
    for (const { selector, tap } of topic.taps) {
      try {
        if (selector.accepts !== null && !selector.accepts(event)) continue;
      } catch (error) {
        this.#owner.failed(error, event, tap);
        continue;
      }
      tap.take(event);
    }
  }

  /** The first sight of a name. */
  #meet(name: string): Topic {
    checkName(name);
    if (this.#idle >= remembered) this.#forget();
    const sinks: Sink[] = [];
    for (const [sink, selector] of this.#patterns) if (selector.matches(name)) sinks.push(sink);
    const schema = this.#schemas.get(name) ?? null;
    const taps = this.#tapsOf(name);
    const topic: Topic = { own: isOwn(name), schema, sinks, live: sinks.length, taps, named: 0 };
    this.#topics.set(name, topic);
    this.#idle++;
    return topic;
  }

  /** Names may be made up without end (`order_4711_paid`); those with subscribers stay. */
  #forget(): void {
    for (const [name, topic] of this.#topics) if (topic.named === 0) this.#topics.delete(name);
    this.#idle = 0;
  }

  #deliver(topic: Topic, event: CoordinatorEvent): void {
    if (topic.live === 0) return;
    this.#sinks = topic.sinks;
    this.#owner.resume(event, this.#fan, event);
  }
}

function enter(topic: Topic, sink: Sink): void {
  // Most names have one subscriber, and an array that is pushed to has room for sixteen more.
  if (topic.sinks.length === 0) topic.sinks = [sink];
  else topic.sinks.push(sink);
  topic.live++;
}

/** One sink of the topic has closed. They are cleared out when they are half of it, so that leaving costs little each. */
function leave(topic: Topic): void {
  topic.live--;
  if (topic.live * 2 <= topic.sinks.length) topic.sinks = topic.sinks.filter((sink) => !sink.closed);
}
