/** Judges of what really happened. They read gate activity and know nothing of how gates work. */
import type { GateActivity } from '../gates/state.ts';
import { knownOptions, positiveNumber } from '../internal/options.ts';
import { milliseconds, type Duration } from '../time/duration.ts';
import { accuse, judge, nameOf, type ActivityStream, type Judge, type Verdict } from './judge.ts';

/** What all judges understand. */
export interface InvariantOptions {
  /** Judge this gate only. Default: every gate and key of the right kind, each by itself. */
  readonly gate?: string;
}

export interface HoldersOptions extends InvariantOptions {
  /** How much may be held at once. Default 1. */
  readonly permits?: number;
}

export interface RateOptions extends InvariantOptions {
  /** How many, or how much cost, in each `per`. */
  readonly limit: number;
  readonly per: Duration;
}

/** Moments are sums of fractions of milliseconds. */
const rounding = 1e-6;

/**
 * Finds two who held a mutex at once, or more cost held than a semaphore has `permits`.
 *
 * The history must begin before the first grant: who entered before it is not counted.
 *
 * @throws Error that names the events, for a history; an Observable errors with it.
 * @example After a test
 * ```ts
 * const seen: CoordinatorEvent[] = [];
 * coordinator.when('rxbaton.gate.*').subscribe((event) => seen.push(event));
 * // ...
 * neverTwoHolders(seen);
 * ```
 */
export function neverTwoHolders<Events extends ActivityStream>(
  events: Events,
  options: HoldersOptions = {},
): Verdict<Events> {
  knownOptions('neverTwoHolders', options, ['gate', 'permits']);
  const permits = positiveNumber(options.permits ?? 1, 'neverTwoHolders.permits');
  return judge(events, options.gate, () => {
    const held = new Map<string, GateActivity>();
    return {
      see(event) {
        if (event.kind !== 'mutex' && event.kind !== 'semaphore' && event.kind !== 'readWriteLock') return;
        // A backend that cannot vouch for a gate gives no fence: then the name has to do.
        const holder = String(event.fence ?? event.who);
        if (event.action === 'released' || event.action === 'lost') held.delete(holder);
        if (event.action !== 'granted') return;
        const inside = [...held.values()];
        const sum = inside.reduce((total, { cost = 1 }) => total + cost, event.cost ?? 1);
        if (sum > permits + rounding)
          accuse(`${nameOf(event)} was held ${sum} times at once, and has ${permits}:`, ...inside, event);
        held.set(holder, event);
      },
    };
  });
}

/**
 * Finds a window of `per`, at any position, in which a limiter let in more than `limit`. Windows are half open: of two calls
 * exactly `per` apart the second is outside the window of the first.
 *
 * @throws Error that names the events, for a history; an Observable errors with it.
 */
export function rateNeverExceeded<Events extends ActivityStream>(
  events: Events,
  options: RateOptions,
): Verdict<Events> {
  knownOptions('rateNeverExceeded', options, ['gate', 'limit', 'per']);
  const limit = positiveNumber(options.limit, 'rateNeverExceeded.limit');
  const per = milliseconds(options.per, 'rateNeverExceeded.per');
  return judge(events, options.gate, () => {
    let window: GateActivity[] = [];
    return {
      see(event) {
        if (event.kind !== 'limiter' || event.action !== 'granted') return;
        window = [...window.filter(({ at }) => at > event.at - per + rounding), event];
        const sum = window.reduce((total, { cost = 1 }) => total + cost, 0);
        if (sum > limit + rounding)
          accuse(`${nameOf(event)} let in ${sum} within ${per} ms, and the limit is ${limit}:`, ...window);
      },
    };
  });
}

/** Somebody who waits, and who entered in the meantime although they were behind. */
interface Place {
  readonly queued: GateActivity;
  readonly entered: GateActivity[];
}

/**
 * Finds somebody who entered a gate before others who had waited longer with the same or a higher priority.
 *
 * Requests are told apart by `who`: give them a `label`, since among those of one name the first is taken to be meant. Where
 * grants have fences the fences decide, because a place that is reserved may be told a moment after a newcomer entered.
 *
 * @throws Error that names the events, for a history; an Observable errors with it.
 */
export function fifo<Events extends ActivityStream>(events: Events, options: InvariantOptions = {}): Verdict<Events> {
  knownOptions('fifo', options, ['gate']);
  return judge(events, options.gate, queueJudge);
}

function queueJudge(): Judge {
  const line: Place[] = [];

  const find = ({ who, priority, cost }: GateActivity): number =>
    line.findIndex(({ queued }) => queued.who === who && queued.priority === priority && queued.cost === cost);

  function overtaken({ queued }: Place, by: readonly GateActivity[]): void {
    if (by.length > 0) accuse(`${queued.who ?? 'anonymous'} was overtaken at ${nameOf(queued)}:`, queued, ...by);
  }

  function enter(event: GateActivity): void {
    const { fence = null, priority = 0 } = event;
    const at = find(event);
    const place = line[at];
    line.forEach((other, i) => {
      const rank = other.queued.priority ?? 0;
      if (rank < priority || (rank === priority && at >= 0 && i >= at)) return;
      // Those who read in this turn go before those who write in the next.
      if (event.mode === 'read' && other.queued.mode === 'write') return;
      if (fence === null) overtaken(other, [event]);
      other.entered.push(event);
    });
    if (!place) return;
    line.splice(at, 1);
    overtaken(
      place,
      place.entered.filter((other) => (other.fence ?? -Infinity) < (fence ?? Infinity)),
    );
  }

  return {
    see(event) {
      if (event.action === 'queued') line.push({ queued: event, entered: [] });
      else if (event.action === 'granted') enter(event);
      else if ((event.action === 'left' || event.action === 'refused') && find(event) >= 0) line.splice(find(event), 1);
    },
    close() {
      for (const place of line) overtaken(place, place.entered);
    },
  };
}
