import { defer, EMPTY, from, map, mergeMap, type Observable, tap } from 'rxjs';
import { ConfigError } from '../errors.ts';
import type { Coordinator } from '../events/Coordinator.ts';
import type { CoordinatorEvent } from '../events/event.ts';
import type { Kernel } from '../events/kernel.ts';
import { hostClock, type Clock } from '../internal/env.ts';
import { expected, knownOptions, show } from '../internal/options.ts';
import { list, name } from './checks.ts';
import type { EventLog, Position, Stored } from './EventLog.ts';
import { paced } from './paced.ts';
import { firstWanted } from './position.ts';
import { firstWhere } from './timeOf.ts';

/** A place in a recording: a `seq`, a position, or a moment. */
export type Mark = Position | number | Date | { readonly time: Date | number };

export interface ReplayOptions {
  /** Default `'events'`, which is where `persist` keeps them. */
  readonly stream?: string;
  /** A `seq` is inclusive, a position exclusive; a moment means the first event of then or later. Default: from the beginning. */
  readonly from?: Mark;
  /** The last event: a `seq`, a position, or a moment, which is inclusive too. Default: to what is the end now. */
  readonly to?: Mark;
  /** Only events of these names. */
  readonly names?: readonly string[];
  /** 1 is the pace at which they happened, 10 ten times that. Default `'instant'`, like `Infinity`: as fast as they are read. */
  readonly speed?: number | 'instant';
  /** Where waiting happens. Default: the clock of `into`, else that of the host. */
  readonly clock?: Clock;
  /** Delivers each event to the handlers and streams of this coordinator before it is emitted. */
  readonly into?: Pick<Coordinator, 'settled' | 'close'>;
}

/** A mark that was checked. */
type Place = Position | number | { readonly time: number };

/** What was asked for, checked. */
interface Request {
  readonly stream: string;
  readonly from: Place | undefined;
  readonly to: Place | undefined;
  readonly names: readonly string[] | undefined;
  readonly speed: number;
  readonly clock: Clock;
  readonly into: Kernel | null;
}

/**
 * The events that a log has recorded, as they were: with their ids, numbers, times and causes.
 *
 * Cold: each subscription reads anew. Completes at what was the end of the stream when it was subscribed to. At a given
 * `speed` the first event comes at once and each later one when it is due, counted from the first, so that nothing adds up; a
 * wait may be of any length, and no more than a page of the log is in memory. At once nothing waits and nothing is buffered.
 * Unsubscribing ends the reading and frees the timer. Positions are those of the log; moments are looked up by the
 * `timestamp` of the events.
 *
 * `into` hands them to a coordinator, in order, in its one mailbox: its handlers run, and what they emit is new. The recorded
 * events themselves are not persisted again, and schemas are not asked again. The coordinator should be a fresh one; its next numbers
 * and timestamps come after those of the recorded event.
 *
 * @throws ConfigError for an option that is unknown or makes no sense. LogTrimmedError (as an error of the Observable) when
 * `from` is no longer there; ClosedError when `into` is closed, ConfigError when it is handed what is no event of a coordinator.
 * @example An hour of yesterday, in a minute
 * ```ts
 * replay(log, { from: new Date('2026-11-19T09:00Z'), to: new Date('2026-11-19T10:00Z'), speed: 60 })
 *   .subscribe(({ name, data }) => console.log(name, data));
 * ```
 * @example Into the handlers of today, at once
 * ```ts
 * const coordinator = createCoordinator();
 * coordinator.when('order_placed', charge);
 * await lastValueFrom(replay(log, { names: ['order_placed'], into: coordinator }));
 * await coordinator.settled();
 * ```
 */
export function replay<E extends CoordinatorEvent = CoordinatorEvent>(
  log: EventLog | PromiseLike<EventLog>,
  options: ReplayOptions = {},
): Observable<E> {
  const methods = log as unknown as Partial<Record<'read' | 'then', unknown>> | null | undefined;
  if (typeof methods?.read !== 'function' && typeof methods?.then !== 'function')
    throw new ConfigError(`replay() needs a log, or the promise of one, not ${show(log)}.`);
  const request = checked(options);
  const { into } = request;
  const events = defer(() => from(Promise.resolve(log))).pipe(
    mergeMap((opened) => stored(opened, request)),
    map(({ event }) => event as E),
  );
  return into === null
    ? events
    : events.pipe(
        tap((event) => {
          into.inject(event);
        }),
      );
}

/** @throws ConfigError */
function checked(options: ReplayOptions): Request {
  const owner = 'replay()';
  knownOptions(owner, options, ['stream', 'from', 'to', 'names', 'speed', 'clock', 'into']);
  const { stream = 'events', names, speed = 'instant', clock, into } = options;
  const kernel = (into ?? null) as unknown as Kernel | null;
  if (into !== undefined && typeof kernel?.inject !== 'function')
    expected(`${owner}.into`, 'a coordinator, as createCoordinator() makes it', into);
  if (clock !== undefined && typeof (clock as Partial<Clock> | null)?.schedule !== 'function')
    expected(`${owner}.clock`, 'a scheduler', clock);
  if (speed !== 'instant' && !(typeof speed === 'number' && speed > 0))
    expected(`${owner}.speed`, "a positive number or 'instant'", speed);
  return {
    stream: name(stream, `${owner}.stream`),
    from: mark(options.from, `${owner}.from`),
    to: mark(options.to, `${owner}.to`),
    names: names === undefined ? undefined : list(names, `${owner}.names`, name),
    speed: speed === 'instant' ? Infinity : speed,
    clock: clock ?? kernel?.clock ?? hostClock,
    into: kernel,
  };
}

/** @throws ConfigError */
function mark(value: Mark | undefined, option: string): Place | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return name(value, option) as Position;
  if (typeof value === 'number') return firstWanted(value, option);
  const moment = value instanceof Date ? value : (value as { readonly time?: Date | number } | null)?.time;
  const time = moment instanceof Date ? moment.getTime() : moment;
  return typeof time === 'number' && !Number.isNaN(time)
    ? { time }
    : expected(option, 'a seq from 1 up, a position, a Date or { time }', value);
}

function stored(log: EventLog, request: Request): Observable<Stored> {
  const { stream, speed, clock, names } = request;
  const read = (from: Position | number | undefined, to: Position | number | undefined): Observable<Stored> => {
    const range = {
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(names === undefined ? {} : { names }),
    };
    return speed === Infinity ? log.read(stream, range) : paced(log, stream, range, speed, clock);
  };
  const { from: begin, to: end } = request;
  // Most want all there is, at once: nothing has to be looked up for that.
  if (speed === Infinity && typeof begin !== 'object' && typeof end !== 'object') return read(begin, end);
  return defer(() => from(lookedUp(log, request))).pipe(
    mergeMap((range) => (range === null ? EMPTY : read(range.first, range.last))),
  );
}

/** Where the marks are in the stream as it is now; `null` where nothing is between them. */
async function lookedUp(
  log: EventLog,
  { stream, from: begin, to: end }: Request,
): Promise<{ readonly first: Position | number | undefined; readonly last: Position | number } | null> {
  const head = await log.head(stream);
  if (head === null) return null;
  const first = typeof begin === 'object' ? await firstWhere(log, stream, head, (time) => time >= begin.time) : begin;
  const last =
    typeof end === 'object'
      ? (await firstWhere(log, stream, head, (time) => time > end.time)) - 1
      : // The end of now, since each page would see an end of its own.
        (end ?? head.lastSeq);
  return (typeof first === 'number' ? first : head.firstSeq) > (typeof last === 'number' ? last : Infinity)
    ? null
    : { first, last };
}
