import { describe, expect, it, vi } from 'vitest';
import { linearize } from '../../lib/testing/linear/linearize.ts';
import type { Operation, SequentialModel } from '../../lib/testing/linear/sequential.ts';
import { sequentialBarrier } from '../../lib/testing/linear/sequentialBarrier.ts';
import { sequentialBucket, type LimiterOp } from '../../lib/testing/linear/sequentialBucket.ts';
import { sequentialFixedWindow } from '../../lib/testing/linear/sequentialFixedWindow.ts';
import { sequentialLease } from '../../lib/testing/linear/sequentialLease.ts';
import { sequentialSlidingWindow } from '../../lib/testing/linear/sequentialSlidingWindow.ts';
import { linearizable } from '../../lib/testing/linearizable.ts';
import { runs } from '../support/runs.ts';
import { leaseHistory, type LeaseMutant, type LeaseWorld } from '../support/simulatedLeases.ts';
import {
  barrierHistory,
  bucket,
  fixedWindow,
  limiterHistory,
  slidingWindow,
  type BarrierMutant,
  type Limiter,
} from '../support/simulatedLimits.ts';

// What is random is tried more often in the long run.
vi.setConfig({ testTimeout: 120_000 });

const seeds = (count: number): number[] => [...Array(count).keys()];

function rightAlways<State, Op, Result>(
  model: SequentialModel<State, Op, Result>,
  history: (seed: number) => Operation<Op, Result>[],
): void {
  for (const seed of seeds(runs(100))) expect(() => linearizable(model, history(seed)), `seed ${seed}`).not.toThrow();
}

/** In how many of 30 histories it is found out. */
function timesFound<State, Op, Result>(
  model: SequentialModel<State, Op, Result>,
  history: (seed: number) => Operation<Op, Result>[],
): number {
  return seeds(30).filter((seed) => !linearize(model, history(seed)).linearizable).length;
}

describe('a server for leases', () => {
  const mutex: LeaseWorld = { permits: 1, ttl: 6, processes: 8, rounds: 2, hears: true };
  const deaf: LeaseWorld = { ...mutex, hears: false };
  const pool: LeaseWorld = { ...mutex, permits: 3 };
  const modelOf = ({ permits, ttl }: LeaseWorld) => sequentialLease({ permits, ttl, fifo: true, drift: 0 });

  it.each([
    ['mutex', mutex],
    ['mutex whose releases are not heard of', deaf],
    ['semaphore', pool],
  ])('that is right is found right as a %s, whatever is delayed, stalled, killed or lost', (_, world) =>
    rightAlways(modelOf(world), (seed) => leaseHistory(seed, world)),
  );

  it('is put to the test: leases lapse, releases come late, waiters queue, and outcomes are unknown', () => {
    const all = seeds(100).flatMap((seed) => leaseHistory(seed, mutex));
    const count = (which: (operation: (typeof all)[number]) => boolean) => all.filter(which).length;
    expect(all.length).toBeGreaterThan(3_000);
    expect(count(({ op, result }) => op.do === 'release' && result === false)).toBeGreaterThan(50);
    expect(count(({ op, result }) => op.do === 'renew' && result === false)).toBeGreaterThan(20);
    expect(count(({ queued }) => queued !== undefined)).toBeGreaterThan(500);
    expect(count((one) => one.return === null)).toBeGreaterThan(200);
    expect(count(({ result }) => result === 'busy')).toBeGreaterThan(100);
  });

  it('is judged without looking at many orders', () => {
    let steps = 0;
    const model = modelOf(mutex);
    const counting: typeof model = { ...model, step: (...given) => (steps++, model.step(...given)) };
    for (const seed of seeds(200)) linearizable(counting, leaseHistory(seed, mutex));
    expect(steps / 200).toBeLessThan(500);
  });

  it.each<[mutant: LeaseMutant, name: string, world: LeaseWorld, least: number]>([
    ['owner', 'mutex', mutex, 15],
    ['owner', 'mutex whose releases are not heard of', deaf, 15],
    ['owner', 'semaphore', pool, 15],
    ['twice', 'mutex', mutex, 25],
    ['twice', 'semaphore', pool, 25],
    ['queue', 'mutex', mutex, 25],
    ['queue', 'semaphore', pool, 25],
    ['fence', 'mutex', mutex, 25],
    ['early', 'mutex', mutex, 20],
    ['weight', 'semaphore', pool, 25],
  ])('that is wrong (%s) is found out as a %s in most histories', (mutant, _, world, least) => {
    expect(timesFound(modelOf(world), (seed) => leaseHistory(seed, { ...world, mutant }))).toBeGreaterThanOrEqual(
      least,
    );
  });
});

describe('a server for limits', () => {
  type Model = SequentialModel<any, LimiterOp, boolean>;
  const drift = 0.001;
  const token = sequentialBucket({ limit: 1, per: 3, burst: 4, drift });
  const leaky = sequentialBucket({ limit: 1, per: 3, strategy: 'leaky-bucket', drift });
  const sliding = sequentialSlidingWindow({ limit: 4, per: 12, drift });
  const fixed = sequentialFixedWindow({ limit: 4, per: 12, drift });

  it.each<[string, Model, () => Limiter]>([
    ['token bucket', token, () => bucket(3, 4)],
    ['leaky bucket', leaky, () => bucket(3, 1, true)],
    ['sliding window', sliding, () => slidingWindow(4, 12)],
    ['fixed window', fixed, () => fixedWindow(4, 12)],
  ])('that is right is found right as a %s', (_, model, make) =>
    rightAlways(model, (seed) => limiterHistory(seed, make())),
  );

  it.each<[string, Model, () => Limiter, least: number]>([
    ['token bucket that is too fast', token, () => bucket(2, 4), 25],
    ['token bucket that is too large', token, () => bucket(3, 6), 25],
    ['token bucket that is too slow', token, () => bucket(40, 4), 1],
    ['token bucket that is too small', token, () => bucket(3, 2), 1],
    ['leaky bucket that is too fast', leaky, () => bucket(2, 1, true), 25],
    ['leaky bucket with a burst', leaky, () => bucket(3, 3), 25],
    ['sliding window that is fixed', sliding, () => fixedWindow(4, 12), 10],
    ['sliding window that is too short', sliding, () => slidingWindow(4, 8), 25],
    ['sliding window that is too long', sliding, () => slidingWindow(4, 60), 1],
    ['fixed window that is too large', fixed, () => fixedWindow(6, 12), 25],
    ['fixed window that is too short', fixed, () => fixedWindow(4, 8), 25],
    ['fixed window that is too long', fixed, () => fixedWindow(4, 60), 1],
  ])('that is wrong is found out as a %s', (_, model, make, least) => {
    expect(timesFound(model, (seed) => limiterHistory(seed, make()))).toBeGreaterThanOrEqual(least);
  });
});

describe('a server for barriers', () => {
  const model = sequentialBarrier({ parties: 3, timeout: 6, drift: 0 });

  it('that is right is found right', () => rightAlways(model, (seed) => barrierHistory(seed, 3, 6)));

  it.each<BarrierMutant>(['early', 'index', 'split', 'impatient'])('that is wrong (%s) is found out', (mutant) => {
    expect(timesFound(model, (seed) => barrierHistory(seed, 3, 6, mutant))).toBeGreaterThan(25);
  });
});
