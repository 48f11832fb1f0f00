import { Observable, Subscription } from 'rxjs';
import { ClosedError, ConfigError, SettledInsideError } from '../errors.ts';
import { withWall, type GateHost } from '../gates/host.ts';
import { runIn, type Frame } from '../internal/context.ts';
import { hostClock, hostRandom, type Clock } from '../internal/env.ts';
import { knownOptions, show } from '../internal/options.ts';
import { frameHere, runHere } from '../internal/scope.ts';
import { milliseconds } from '../time/duration.ts';
import { Closing } from './Closing.ts';
import type { CloseOptions, CloseReport, CoordinatorOptions } from './Coordinator.ts';
import { checkEmitOptions, Envelopes } from './envelopes.ts';
import { DeadLetterBox, type BoxHost } from './DeadLetterBox.ts';
import { errorData } from './errorData.ts';
import type { CoordinatorEvent, EventHandle } from './event.ts';
import { EventBus, type Named, type Sink, type Tap, type Topic } from './EventBus.ts';
import { EventFrame } from './EventFrame.ts';
import { gateWatch } from './gateWatch.ts';
import { terms, withHandler, type HandlerOptions } from './handlerOptions.ts';
import { disposable, endWith } from './handlerSubscription.ts';
import type { Handler, Work } from './kernel.ts';
import { Lane, type LaneHost } from './lane.ts';
import type { HandlerDropped, HandlerFailed } from './ownEvents.ts';
import { compile, isOwn, ownName, type Compiled, type Selector } from './patterns.ts';
import { reporter, type Reporter } from './reporter.ts';
import type { AnySchema } from './schema.ts';
import { StreamSink } from './StreamSink.ts';
import type { EmitOptions, HandlerSubscription } from './signatures.ts';
import { Works } from './Works.ts';

const handlerFailed = 'rxbaton.handler_failed';
const handlerDropped = 'rxbaton.handler_dropped';

/** A coordinator, with the inside that calls and handlers need. */
export class CoordinatorKernel implements LaneHost, BoxHost, AsyncDisposable {
  readonly gates: GateHost;
  readonly clock: Clock & { wall(): number };
  readonly random: () => number;
  readonly tracks: boolean;
  /** Whether somebody has given it a logger. */
  readonly logs: boolean;
  readonly home: Frame = this.frame(null, { root: true });
  readonly deadLetters: DeadLetterBox;
  readonly #reporter: Reporter;
  readonly #heard = new WeakSet<object>();
  readonly #envelopes: Envelopes;
  readonly #bus: EventBus;
  readonly #watchGates: (selector: Compiled, change: 1 | -1) => void;
  readonly #works = new Works();
  /** Everybody who listens, to be ended by `close`. */
  readonly lanes: Set<Lane> = new Set();
  readonly #streams = new Set<StreamSink>();
  readonly #taps = new Set<Subscription>();
  #closing: Closing | null = null;

  constructor(gates: GateHost, options: CoordinatorOptions) {
    this.gates = gates;
    this.clock = withWall(options.clock ?? hostClock);
    this.random = options.random ?? hostRandom;
    this.tracks = options.context !== 'off';
    this.logs = options.logger !== undefined;
    this.#reporter = reporter(options);
    this.#envelopes = new Envelopes(this.clock, this.random, options.freeze ?? false);
    this.#bus = new EventBus(this);
    this.deadLetters = new DeadLetterBox(this, options.deadLetters ?? 1_000);
    this.#watchGates = gateWatch(gates, (name, activity) => {
      if (this.wanted(name)) this.publish(name, activity);
    });
  }

  // What users see. Bound, so that `const { when, emit } = coordinator` works.

  readonly emit = (event: string | EventHandle, data?: unknown, options?: EmitOptions): string =>
    this.emitIn(frameHere(), event, data, options);

  readonly when = (selector: Selector, handler?: Handler, options?: HandlerOptions): unknown =>
    withHandler(handler, options) ? this.handle(selector, handler, options) : this.events(selector);

  readonly settled = async (...given: readonly unknown[]): Promise<void> => {
    if (given.some((each) => each !== undefined))
      throw new ConfigError('settled() takes no options.', { hint: 'Behind then: .then(() => settled()).' });
    this.#refuseInside('settled()');
    do {
      await this.#works.idle();
      await this.gates.backend.settled();
    } while (this.#works.size > 0);
  };

  readonly close = async (options: CloseOptions = {}): Promise<CloseReport> => {
    knownOptions('close()', options, ['deadline']);
    const deadline = milliseconds(options.deadline ?? Infinity, 'close().deadline', { zero: true, infinite: true });
    this.#refuseInside('close()');
    this.#closing ??= this.#close();
    this.#closing.hurry(deadline);
    return this.#closing.done;
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // What calls and handlers see.

  /** `emit`, for who knows the frame of the running code already: to look for it is a good part of what an event costs. */
  emitIn(frame: Frame | null, event: string | EventHandle, data?: unknown, options?: EmitOptions): string {
    const name = typeof event === 'string' ? event : ((event as EventHandle | null)?.event ?? (event as never));
    if (this.#closing !== null) this.admit(`emit('${name}')`);
    if (options !== undefined) checkEmitOptions(`emit('${name}')`, options);
    const topic = this.#bus.topic(name);
    if (topic.own) throw ownName(name);
    return this.#send(frame, topic, name, data, options);
  }

  get closed(): boolean {
    return this.#closing !== null;
  }

  admit(what: string): void {
    if (this.#closing === null || (!this.#closing.late && this.#inside(true))) return;
    throw new ClosedError(`${what} came after close(): the coordinator takes no new work.`, { details: { what } });
  }

  publish(name: string, data: unknown, options?: EmitOptions, spared?: readonly unknown[]): string {
    return this.#send(frameHere(), this.#bus.topic(name), name, data, options, spared);
  }

  inject(event: CoordinatorEvent): void {
    this.admit('replay()');
    this.#envelopes.adopt(event);
    this.#bus.pass(this.#bus.topic(event.name), event);
  }

  wanted(name: string): boolean {
    const { live, taps } = this.#bus.topic(name);
    return live > 0 || taps.length > 0;
  }

  id(): string {
    return this.#envelopes.callId();
  }

  pin(name: string, schema: AnySchema): void {
    this.#bus.pin(name, schema);
  }

  begin(work: Work): void {
    this.#works.begin(work);
  }

  end(work: Work): void {
    this.#works.end(work);
  }

  report(error: unknown, what: string, received = false): void {
    this.#reporter.report(error, what, received);
  }

  here(): Frame | null {
    return frameHere();
  }

  frame(
    parent: Frame | null,
    { coordinator = this, cause = null, call = null, root = false, ticket = null }: Partial<Frame>,
  ): Frame {
    return { parent, coordinator, cause, call, root, ticket, over: false };
  }

  run<A, R>(frame: Frame | null, fn: (argument: A) => R, argument: A): R {
    return this.tracks ? runIn(frame, fn, argument) : runHere(frame, fn, argument);
  }

  resume<A>(event: CoordinatorEvent, fn: (argument: A) => void, argument: A): void {
    const frame = new EventFrame(this, event);
    try {
      this.run(frame, fn, argument);
    } finally {
      frame.leave();
    }
  }

  heard(error: unknown): void {
    if (typeof error === 'object' && error !== null) this.#heard.add(error);
  }

  failed(error: unknown, event: CoordinatorEvent, sink: Named): void {
    const { name: handler } = sink;
    if (sink instanceof Lane && !isOwn(event.name)) this.deadLetters.add(error, event, sink);
    const what = `The handler ${handler} failed on '${event.name}'.`;
    // A failure while handling one of the library's own events makes no other: it would feed itself.
    const tells = !isOwn(event.name) && this.wanted(handlerFailed);
    // A log that keeps it is nobody who hears it.
    const received = tells && this.#bus.topic(handlerFailed).live > 0;
    this.#reporter.report(error, what, received || this.#heard.has(error as object));
    if (tells) {
      const data: HandlerFailed = { name: event.name, handler, error: errorData(error), event };
      this.publish(handlerFailed, data, { cause: event });
    }
  }

  dropped(event: CoordinatorEvent, lane: Lane): void {
    const {
      name: handler,
      lost: dropped,
      terms: { overflow: policy },
    } = lane;
    if (dropped === 1)
      this.#reporter.log('warn', { handler, policy, event }, `The handler ${handler} is too slow and loses events.`);
    if (isOwn(event.name) || !this.wanted(handlerDropped)) return;
    const data: HandlerDropped = { name: event.name, handler, policy, dropped, event };
    this.publish(handlerDropped, data, { cause: event });
  }

  overflowed(limit: number): void {
    this.#reporter.log('warn', { limit }, `More than ${limit} dead letters: the oldest are let go.`);
  }

  /** The events of a selector. */
  events(selector: Selector): Observable<CoordinatorEvent> {
    const compiled = compile(selector);
    return new Observable((subscriber) => {
      this.admit(`when(${compiled.label})`);
      const sink = new StreamSink(compiled, subscriber);
      this.#join(compiled, sink);
      this.#streams.add(sink);
      return () => {
        this.#streams.delete(sink);
        this.#leave(compiled, sink);
      };
    });
  }

  handle(selector: Selector, handler: Handler, options?: HandlerOptions): HandlerSubscription {
    const compiled = compile(selector);
    const owner = `when(${compiled.label})`;
    if (typeof handler !== 'function')
      throw new ConfigError(`The handler of ${owner} must be a function, not ${show(handler)}.`);
    const checked = terms(options, owner);
    this.admit(owner);
    const lane = new Lane(this, compiled, handler, checked);
    const subscription = disposable(() => {
      this.lanes.delete(lane);
      this.#leave(compiled, lane);
      lane.stop();
    });
    lane.subscription = subscription;
    this.lanes.add(lane);
    this.#join(compiled, lane);
    if (checked.signal !== null) endWith(subscription, checked.signal);
    return subscription;
  }

  tap(selector: Compiled, tap: Tap): Subscription {
    const end = this.#bus.tap(selector, tap);
    this.#watchGates(selector, 1);
    const tapping = new Subscription(() => {
      end();
      this.#taps.delete(tapping);
      this.#watchGates(selector, -1);
    });
    this.#taps.add(tapping);
    return tapping;
  }

  #send(
    frame: Frame | null,
    topic: Topic,
    name: string,
    data: unknown,
    options: EmitOptions | undefined,
    spared?: readonly unknown[],
  ): string {
    const fit = topic.schema === null ? data : topic.schema.check(data);
    const id = this.#envelopes.next();
    if (this.#bus.builds(topic)) this.#bus.post(topic, this.#envelopes.wrap(frame, id, name, fit, options, spared));
    return id;
  }

  #join(selector: Compiled, sink: Sink): void {
    this.#bus.add(selector, sink);
    this.#watchGates(selector, 1);
  }

  /** Idempotent. */
  #leave(selector: Compiled, sink: Sink): void {
    if (sink.closed) return;
    this.#bus.remove(selector, sink);
    this.#watchGates(selector, -1);
  }

  /** Whether the running code is a handler or a call of this coordinator, as far as that is known; or was `left` behind by one. */
  #inside(left: boolean): boolean {
    for (let frame = frameHere(); frame !== null; frame = frame.parent) {
      if (frame.coordinator === this && (left || !frame.over) && (frame.call !== null || frame.cause !== null))
        return true;
      if (frame.root) return false;
    }
    return false;
  }

  #refuseInside(what: string): void {
    if (!this.#inside(false)) return;
    throw new SettledInsideError(`${what} was called by a handler or a call, which it would wait for.`, {
      hint: 'Call it outside, or start it in detached(...) and do not wait for it.',
    });
  }

  #close(): Closing {
    return new Closing({
      clock: this.clock,
      backend: this.gates.backend,
      idle: () => this.#works.idle(),
      abort: (reason) => {
        let dropped = 0;
        // Before the runs end, lest they make place for what waits behind them.
        for (const lane of this.lanes) dropped += lane.drop();
        return { aborted: this.#works.abort(reason), dropped };
      },
      end: () => {
        for (const lane of [...this.lanes]) lane.subscription.unsubscribe();
        for (const sink of [...this.#streams]) sink.complete();
        for (const tapping of [...this.#taps]) tapping.unsubscribe();
      },
      reporter: this.#reporter,
    });
  }
}
