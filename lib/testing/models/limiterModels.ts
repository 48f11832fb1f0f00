/** The four ways of counting, each worked out from the whole history of its limiter. */
import type { LimiterSpec, Strategy } from '../../gates/spec.ts';
import { entriesOf, tolerance, type Entry, type History, type Model } from './model.ts';

type Limits = History<LimiterSpec>;

const interval = ({ per, limit }: LimiterSpec): number => per / limit;
const passed = (moment: number, now: number): boolean => moment <= now + tolerance;

/**
 * When an entry leaves the sliding window; `null`: it has left. The window is half open: an entry of `t` is out of it at
 * exactly `t + per`. What is out does not come back when `per` grows.
 */
function leaves(history: Limits, spec: LimiterSpec, entry: Entry, now: number): number | null {
  const counted = spec.from === 'dispatch' ? entry.at : entry.end;
  if (counted === null) return Infinity;
  let per = Infinity;
  for (const item of history) {
    if (item.what !== 'setting') continue;
    if (passed(counted + per, item.at)) return null;
    per = item.spec.per;
  }
  return passed(counted + per, now) ? null : counted + per;
}

const slidingWindow: Model<LimiterSpec> = {
  capacity: ({ limit }) => limit,
  admits(history, spec, cost, now) {
    const inside = entriesOf(history).filter((entry) => leaves(history, spec, entry, now) !== null);
    return inside.reduce((sum, entry) => sum + entry.cost, cost) <= spec.limit;
  },
  moments: (history, spec, _cost, now) =>
    entriesOf(history).map((entry) => leaves(history, spec, entry, now) ?? -Infinity),
};

/** What was taken and has not flowed back by `now`, in units of cost. A change of pace applies to what is left of it. */
function debt(history: Limits, now: number): number {
  let owed = 0;
  let at = 0;
  let every = Infinity;
  const flow = (until: number): void => {
    owed = Math.max(0, owed - (until - at) / every);
    at = until;
  };
  for (const item of history) {
    flow(item.at);
    if (item.what === 'entry') owed += item.cost;
    else every = interval(item.spec);
  }
  flow(now);
  return owed;
}

/** Full at the start: the debt and what is asked must fit into the burst. */
const tokenBucket: Model<LimiterSpec> = {
  capacity: ({ burst }) => burst,
  admits: (history, spec, cost, now) => debt(history, now) + cost <= spec.burst + tolerance,
  moments: (history, spec, cost, now) => [now + (debt(history, now) + cost - spec.burst) * interval(spec)],
};

/** One at once, then one each interval; an entry of cost `c` takes `c` intervals: nobody enters while anything is owed. */
const leakyBucket: Model<LimiterSpec> = {
  capacity: () => Infinity,
  admits: (history, _spec, _cost, now) => debt(history, now) <= tolerance,
  moments: (history, spec, _cost, now) => [now + debt(history, now) * interval(spec)],
};

/** The window that is open at `now`, which is the one of the last entry, or `null`. It lasts `per` from its first entry. */
function openWindow(history: Limits, now: number): { readonly start: number; readonly used: number } | null {
  let start = -Infinity;
  let used = 0;
  let per = 0;
  for (const item of history) {
    if (passed(start + per, item.at)) start = -Infinity;
    if (item.what === 'setting') per = item.spec.per;
    else {
      used = start === -Infinity ? item.cost : used + item.cost;
      start = start === -Infinity ? item.at : start;
    }
  }
  return passed(start + per, now) ? null : { start, used };
}

const fixedWindow: Model<LimiterSpec> = {
  capacity: ({ limit }) => limit,
  admits: (history, spec, cost, now) => (openWindow(history, now)?.used ?? 0) + cost <= spec.limit,
  moments: (history, spec, _cost, now) => [(openWindow(history, now)?.start ?? -Infinity) + spec.per],
};

export const limiterModels: Readonly<Record<Strategy, Model<LimiterSpec>>> = {
  'sliding-window': slidingWindow,
  'token-bucket': tokenBucket,
  'fixed-window': fixedWindow,
  'leaky-bucket': leakyBucket,
};
