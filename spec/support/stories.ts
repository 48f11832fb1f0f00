/** Random stories of gates, for the oracle and for the places that have to agree with it. */
import fc from 'fast-check';
import { cyclicBarrier } from '../../lib/gates/cyclicBarrier.ts';
import { mutex } from '../../lib/gates/mutex.ts';
import { quota } from '../../lib/gates/quota.ts';
import { rateLimiter } from '../../lib/gates/rateLimiter.ts';
import { semaphore } from '../../lib/gates/semaphore.ts';
import { readWriteLock } from '../../lib/gates/readWriteLock.ts';
import { type GateSpec, type SpecPatch, unitOf } from '../../lib/gates/spec.ts';
import type { OracleOutcome } from '../../lib/testing/index.ts';
import type { Ending, Leaving, StoryCommand } from './gateStory.ts';

/** What happens next, to somebody picked among those who have arrived. */
export type Step =
  | {
      readonly do: 'arrive';
      readonly cost: number;
      readonly priority: number;
      readonly attempt: boolean;
      readonly gate?: readonly string[];
    }
  | { readonly do: 'leave'; readonly who: number; readonly how: Leaving }
  | { readonly do: 'force'; readonly who: number }
  | { readonly do: 'release'; readonly who: number; readonly how: Ending }
  | { readonly do: 'extend'; readonly who: number; readonly ms: number }
  | { readonly do: 'charge'; readonly who: number; readonly actual: number }
  | { readonly do: 'change'; readonly patch: SpecPatch }
  | { readonly do: 'wait'; readonly ms: number };

/** A kind of gate: its settings, and what may happen to it. */
export interface Kind {
  readonly spec: fc.Arbitrary<GateSpec>;
  /** Costs go up to here; or those who ask, ask to read and to write. */
  readonly costs?: number | 'modes';
  readonly priorities?: boolean;
  readonly changes?: fc.Arbitrary<SpecPatch>;
  readonly extras?: readonly fc.Arbitrary<Step>[];
  /** All times are multiples of it, so that every moment is a whole millisecond. */
  readonly beat?: number;
}

const who = fc.nat(30);
export const pick = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

const reading = unitOf(readWriteLock('gate').read);

export function steps({ costs = 1, priorities = true, changes, extras = [], beat = 1 }: Kind): fc.Arbitrary<Step[]> {
  const priority = priorities
    ? fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: -1, max: 1 }))
    : fc.constant(0);
  const attempt = fc.nat(9).map((n) => n === 0);
  const arrive = fc.record({
    do: pick('arrive' as const),
    cost: costs === 'modes' ? pick(reading, reading, 1) : fc.integer({ min: 1, max: costs }),
    priority,
    attempt,
  });
  const wait = fc.nat(20).map((n) => ({ do: 'wait' as const, ms: n * beat }));
  const leave = fc.record({ do: pick('leave' as const), who, how: pick<Leaving>('unsubscribe', 'abort') });
  const release = fc.record({
    do: pick('release' as const),
    who,
    how: pick<Ending>('unsubscribe', 'complete', 'error'),
  });
  return fc.array(
    fc.oneof(
      { weight: 8, arbitrary: arrive },
      { weight: 5, arbitrary: release },
      { weight: 4, arbitrary: wait },
      { weight: 2, arbitrary: leave },
      ...(changes ? [{ weight: 1, arbitrary: changes.map((patch): Step => ({ do: 'change', patch })) }] : []),
      ...extras.map((arbitrary) => ({ weight: 2, arbitrary })),
    ),
    { maxLength: 40, size: 'max' },
  );
}

/** The commands of a story, and then an end to it: everybody leaves or gives back, and a long time passes before and after. */
export function storyOf(all: readonly Step[], rest = 5_000): StoryCommand[] {
  const ids: string[] = [];
  let now = 0;
  let changes = 0;
  const commands = all.flatMap((step): StoryCommand[] => {
    if (step.do === 'arrive') {
      ids.push(`r${ids.length + 1}`);
      return [{ ...step, id: `r${ids.length}` }];
    }
    if (step.do === 'wait') return [{ do: 'advance', to: (now += step.ms) }];
    // More than two changes of pace would leave fractions of milliseconds.
    if (step.do === 'change') return ++changes > 2 ? [] : [{ ...step, patch: from(now, step.patch) }];
    const id = ids[step.who % Math.max(1, ids.length)];
    return id === undefined ? [] : [{ ...step, id }];
  });
  const end = ids.flatMap((id): StoryCommand[] => [
    { do: 'leave', id },
    { do: 'release', id },
  ]);
  return [...commands, { do: 'advance', to: now + rest }, ...end, { do: 'advance', to: now + 2 * rest }];
}

/** Pauses are said as spans, and begin now. */
const from = (now: number, patch: SpecPatch): SpecPatch =>
  patch.pauseUntil === undefined ? patch : { ...patch, pauseUntil: now + Number(patch.pauseUntil) };

/** Which gates somebody asked for. */
const gatesOf = (story: readonly StoryCommand[], id: string): readonly string[] => {
  const found = story.find((command) => command.do === 'arrive' && command.id === id);
  return found?.do === 'arrive' ? [found.gate ?? 'gate'].flat() : [];
};

/** Who entered each gate when, in order, and what became of the others. Several gates have no order between them. */
export const told = (
  specs: readonly GateSpec[],
  story: readonly StoryCommand[],
  outcomes: readonly OracleOutcome[],
): { readonly granted: readonly (readonly OracleOutcome[])[]; readonly others: readonly OracleOutcome[] } => ({
  granted: specs.map(({ name }) =>
    outcomes.filter(({ outcome, id }) => outcome === 'granted' && gatesOf(story, id).includes(name)),
  ),
  others: outcomes.filter(({ outcome }) => outcome !== 'granted').sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)),
});

export const full = (spec: GateSpec): number => {
  if (spec.kind === 'barrier') return 0;
  if (spec.kind === 'mutex' || spec.kind === 'readWriteLock') return 1;
  if (spec.kind === 'semaphore') return spec.permits;
  if (spec.kind === 'quota') return spec.limit;
  return spec.strategy === 'leaky-bucket' ? 1 : spec.burst;
};

const pause = (beat: number) => fc.integer({ min: 1, max: 30 }).map((n): SpecPatch => ({ pauseUntil: n * beat }));
const ttl = fc.integer({ min: 1, max: 60 });
const force = fc.record({ do: pick('force' as const), who });
const extend = fc.record({ do: pick('extend' as const), who, ms: fc.integer({ min: 1, max: 60 }) });
const charge = fc.record({ do: pick('charge' as const), who, actual: fc.nat(8) });
export const permits: fc.Arbitrary<number> = fc.integer({ min: 1, max: 4 });
const limits = fc.record({ limit: pick(1, 2, 4), per: pick(128, 256) });
const newLimits = fc.oneof(
  pick(1, 2, 4).map((limit): SpecPatch => ({ limit })),
  pick(128, 256, 512).map((per): SpecPatch => ({ per })),
  pause(32),
);

const limiter = (strategy: 'sliding-window' | 'fixed-window' | 'leaky-bucket'): Kind => ({
  spec: limits.map((some) => rateLimiter('gate', { ...some, strategy })),
  costs: 3,
  changes: newLimits,
  beat: 32,
});

export const kinds: Readonly<Record<string, Kind>> = {
  'a mutex': { spec: fc.constant(mutex('gate')), changes: pause(1), extras: [force] },
  'a lease that lapses': {
    spec: ttl.map((ms) => mutex('gate', { ttl: ms, renew: false })),
    extras: [extend, force],
    changes: pause(1),
  },
  'a lease that renews': {
    spec: fc.integer({ min: 10, max: 60 }).map((ms) => mutex('gate', { ttl: ms })),
    extras: [extend, force],
  },
  'a semaphore': {
    spec: permits.map((n) => semaphore('gate', { permits: n })),
    costs: 4,
    changes: fc.oneof(
      permits.map((n): SpecPatch => ({ permits: n })),
      pause(1),
    ),
    extras: [force],
  },
  'permits that lapse': {
    spec: fc.tuple(permits, ttl).map(([n, ms]) => semaphore('gate', { permits: n, ttl: ms, renew: false })),
    costs: 4,
    extras: [extend, force],
  },
  'a quota': {
    spec: fc.tuple(permits, ttl, fc.nat(70)).map(([limit, per, anchor]) => quota('gate', { limit, per, anchor })),
    costs: 4,
    changes: fc.oneof(
      permits.map((limit): SpecPatch => ({ limit })),
      ttl.map((per): SpecPatch => ({ per })),
      pause(1),
    ),
    extras: [charge, force],
  },
  'a read/write lock': {
    spec: fc.constant(readWriteLock('gate').write),
    costs: 'modes',
    changes: pause(1),
    extras: [force],
  },
  'a read/write lock that lapses': {
    spec: ttl.map((ms) => readWriteLock('gate', { ttl: ms, renew: false }).write),
    costs: 'modes',
    extras: [extend, force],
  },
  'a barrier': {
    spec: fc
      .record({
        parties: permits,
        timeout: fc.option(ttl, { nil: undefined }),
        onLeave: pick('break' as const, 'forget' as const),
      })
      .map(({ parties, timeout, onLeave }) =>
        cyclicBarrier('gate', { parties, onLeave, ...(timeout === undefined ? {} : { timeout }) }),
      ),
    priorities: false,
    changes: fc.oneof(
      permits.map((parties): SpecPatch => ({ parties })),
      pause(1),
    ),
  },
  'a sliding window': limiter('sliding-window'),
  'a sliding window from the release': {
    ...limiter('sliding-window'),
    spec: limits.map((some) => rateLimiter('gate', { ...some, from: 'release' })),
    extras: [force],
  },
  'a fixed window': limiter('fixed-window'),
  'a leaky bucket': limiter('leaky-bucket'),
  'a token bucket': {
    ...limiter('leaky-bucket'),
    spec: fc
      .tuple(limits, fc.option(pick(1, 3, 5), { nil: undefined }))
      .map(([some, burst]) =>
        rateLimiter('gate', { ...some, strategy: 'token-bucket', ...(burst === undefined ? {} : { burst }) }),
      ),
    changes: fc.oneof(
      newLimits,
      pick(1, 2, 6).map((burst): SpecPatch => ({ burst })),
    ),
  },
};

const gateNames = fc.subarray(['lock', 'pool', 'api'], { minLength: 1 });

/** Stories of several gates, each of whose requests is for some of them. */
export const several: { readonly specs: fc.Arbitrary<GateSpec[]>; readonly steps: fc.Arbitrary<Step[]> } = {
  specs: fc
    .record({
      permits,
      limit: pick(1, 2),
      per: pick(64, 128),
      strategy: pick('sliding-window' as const, 'token-bucket' as const, 'fixed-window' as const),
    })
    .map((some) => [
      mutex('lock'),
      semaphore('pool', { permits: some.permits }),
      rateLimiter('api', { limit: some.limit, per: some.per, strategy: some.strategy }),
    ]),
  steps: steps({ spec: fc.constant(mutex('lock')), beat: 8 }).chain((all) =>
    fc
      .array(gateNames, { minLength: all.length, maxLength: all.length })
      .map((names) =>
        all.map((step, i): Step => (step.do === 'arrive' ? { ...step, gate: names[i] ?? ['lock'] } : step)),
      ),
  ),
};
