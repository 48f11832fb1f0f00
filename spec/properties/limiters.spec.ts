import fc from 'fast-check';
import { concatMap, tap, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createCoordinator, hold, rateLimiter, type LimiterOptions, type SpecPatch } from '../../lib/index.ts';
import { open } from '../../lib/gates/open.ts';
import { rateNeverExceeded, virtualTime, type ActivityEvent } from '../../lib/testing/index.ts';
import { runs } from '../support/runs.ts';

const strategies = ['sliding-window', 'token-bucket', 'fixed-window', 'leaky-bucket'] as const;

/** When each of many requests that come at once is admitted, after `idle`. */
async function admissions(options: LimiterOptions, costs: readonly number[], idle = 0): Promise<number[]> {
  const clock = virtualTime();
  const { gates } = createCoordinator({ clock });
  const gate = open(rateLimiter('api', options), gates);
  await clock.advance(idle);
  const times: number[] = costs.map(() => NaN);
  costs.forEach((cost, i) => gate.acquire({ cost }).subscribe(() => (times[i] = clock.now() - idle)));
  await clock.flush();
  return times;
}

const ones = (count: number): number[] => Array.from({ length: count }, () => 1);
/** `each(5, 0, 1000)`: five at 0, five at 1000. */
const each = (count: number, ...times: number[]): number[] =>
  times.flatMap((time) => Array.from({ length: count }, () => time));
const every = (ms: number, count: number, first = 0): number[] =>
  Array.from({ length: count }, (_, i) => first + i * ms);

describe('a burst of 20 calls at 10 a second, after any idle time,', () => {
  const pace = { limit: 10, per: '1s' } as const;
  for (const idle of [0, 137, 1_000, 86_400_000]) {
    it(`is admitted on time after ${idle} ms`, async () => {
      expect(await admissions(pace, ones(20), idle)).toEqual(each(10, 0, 1_000));
      expect(await admissions({ ...pace, strategy: 'token-bucket', burst: 5 }, ones(20), idle)).toEqual([
        ...each(5, 0),
        ...every(100, 15, 100),
      ]);
      expect(await admissions({ ...pace, strategy: 'token-bucket' }, ones(20), idle)).toEqual([
        ...each(10, 0),
        ...every(100, 10, 100),
      ]);
      expect(await admissions({ ...pace, strategy: 'fixed-window' }, ones(20), idle)).toEqual(each(10, 0, 1_000));
      expect(await admissions({ ...pace, strategy: 'leaky-bucket' }, ones(20), idle)).toEqual(every(100, 20));
    });
  }
});

describe('a rate that does not divide its window', () => {
  it('is never faster than its limit, and less than a millisecond late for each call', async () => {
    for (const strategy of ['token-bucket', 'leaky-bucket'] as const) {
      const burst = strategy === 'token-bucket' ? { burst: 1 } : {};
      const times = await admissions({ limit: 3, per: 1_000, strategy, ...burst }, ones(31));
      times.forEach((time, i) => {
        expect(time).toBeGreaterThanOrEqual((i * 1_000) / 3 - 1e-6);
        expect(time).toBeLessThan((i * 1_000) / 3 + 1);
      });
    }
  });
});

describe('costs', () => {
  const pace = { limit: 10, per: 1_000 } as const;
  const costs = [4, 4, 4, 8, 1, 10];

  it.each([
    ['sliding-window', [0, 0, 1_000, 2_000, 2_000, 3_000]],
    ['fixed-window', [0, 0, 1_000, 2_000, 2_000, 3_000]],
    ['token-bucket', [0, 0, 200, 1_000, 1_100, 2_100]],
    ['leaky-bucket', [0, 400, 800, 1_200, 2_000, 2_100]],
  ] as const)('%s', async (strategy, expected) => {
    expect(await admissions({ ...pace, strategy }, costs)).toEqual(expected);
  });
});

describe('a change while 20 calls wait', () => {
  /** 20 calls at 0, and other settings at `at`. */
  async function changed(options: LimiterOptions, at: number, patch: SpecPatch): Promise<number[]> {
    const clock = virtualTime();
    const gate = open(rateLimiter('api', options), createCoordinator({ clock }).gates);
    const times: number[] = [];
    for (let i = 0; i < 20; i++) gate.acquire().subscribe(() => times.push(clock.now()));
    await clock.advance(at);
    await gate.change(patch);
    await clock.flush();
    return times;
  }
  const pace = { limit: 10, per: 1_000 } as const;

  it('sliding window: a higher limit, a lower one, a shorter window', async () => {
    expect(await changed(pace, 500, { limit: 15 })).toEqual([...each(10, 0), ...each(5, 500, 1_000)]);
    expect(await changed(pace, 500, { limit: 5 })).toEqual([...each(10, 0), ...each(5, 1_000, 2_000)]);
    expect(await changed(pace, 500, { per: 600 })).toEqual([...each(10, 0), ...each(10, 600)]);
    expect(await changed(pace, 700, { per: 600 })).toEqual([...each(10, 0), ...each(10, 700)]);
  });

  it('fixed window: a higher limit, a lower one, a shorter window', async () => {
    const fixed = { ...pace, strategy: 'fixed-window' } as const;
    expect(await changed(fixed, 500, { limit: 15 })).toEqual([...each(10, 0), ...each(5, 500, 1_000)]);
    expect(await changed(fixed, 500, { limit: 5 })).toEqual([...each(10, 0), ...each(5, 1_000, 2_000)]);
    expect(await changed(fixed, 500, { per: 600 })).toEqual([...each(10, 0), ...each(10, 600)]);
  });

  it('token bucket: another pace, another burst', async () => {
    const bucket = { ...pace, strategy: 'token-bucket', burst: 5 } as const;
    expect(await changed(bucket, 250, { limit: 20 })).toEqual([...each(5, 0), 100, 200, ...every(50, 13, 275)]);
    expect(await changed(bucket, 250, { burst: 8 })).toEqual([
      ...each(5, 0),
      100,
      200,
      ...each(3, 250),
      ...every(100, 10, 300),
    ]);
  });

  it('leaky bucket: another pace', async () => {
    const bucket = { ...pace, strategy: 'leaky-bucket' } as const;
    expect(await changed(bucket, 250, { limit: 20 })).toEqual([0, 100, 200, ...every(50, 17, 275)]);
  });

  it('every strategy: a pause, after which the pace is kept', async () => {
    for (const strategy of strategies) {
      const times = await changed({ limit: 10, per: 1_000, strategy }, 50, { pauseUntil: 3_000 });
      const before = strategy === 'leaky-bucket' ? 1 : 10;
      expect(times.filter((time) => time < 50)).toHaveLength(before);
      expect(times.filter((time) => time >= 50 && time < 3_000)).toEqual([]);
      expect(times.filter((time) => time === 3_000)).toHaveLength(before);
    }
  });
});

const arrivals = fc.array(
  fc.record({ gap: fc.oneof(fc.constant(0), fc.nat(400)), cost: fc.integer({ min: 1, max: 3 }) }),
  { maxLength: 60, size: 'max' },
);
/** Windows that no limit divides, so that moments are fractions. */
const limits = fc.record({ limit: fc.integer({ min: 3, max: 7 }), per: fc.integer({ min: 100, max: 1_000 }) });

describe('whatever the schedule', () => {
  it('no sliding window of any position holds more than the limit, and none is left half empty', async () => {
    await fc.assert(
      fc.asyncProperty(limits, arrivals, async (pace, schedule) => {
        const clock = virtualTime();
        const coordinator = createCoordinator({ clock });
        const events: ActivityEvent[] = [];
        coordinator.when('rxbaton.gate.*').subscribe((event) => events.push(event));
        const gate = open(rateLimiter('api', pace), coordinator.gates);
        const entered: { at: number; cost: number }[] = [];
        for (const { gap, cost } of schedule) {
          await clock.advance(gap);
          gate.acquire({ cost }).subscribe(() => entered.push({ at: clock.now(), cost }));
        }
        await clock.flush();
        expect(entered.map(({ cost }) => cost)).toEqual(schedule.map(({ cost }) => cost));
        rateNeverExceeded(events, pace);
        expect(bestTimes(schedule, pace)).toEqual(entered.map(({ at }) => at));
      }),
      { numRuns: runs(150) },
    );
  }, 120_000);

  it('counted from the release, a server with a window of its own never sees more than the limit, however late calls arrive', async () => {
    const calls = fc.array(
      fc.record({ gap: fc.nat(60), takes: fc.nat(300), arrives: fc.double({ min: 0, max: 1, noNaN: true }) }),
      { maxLength: 40, size: 'max' },
    );
    await fc.assert(
      fc.asyncProperty(limits, calls, async ({ limit, per }, schedule) => {
        const clock = virtualTime();
        const gate = open(rateLimiter('api', { limit, per, from: 'release' }), createCoordinator({ clock }).gates);
        const seen: number[] = [];
        for (const { gap, takes, arrives } of schedule) {
          await clock.advance(gap);
          const call = timer(takes * arrives, clock).pipe(
            tap(() => seen.push(clock.now())),
            concatMap(() => timer(takes * (1 - arrives), clock)),
          );
          hold(gate.acquire(), () => call).subscribe();
        }
        await clock.flush();
        expect(seen).toHaveLength(schedule.length);
        seen.sort((a, b) => a - b);
        seen.forEach((time, i) => expect(time - (seen[i - limit] ?? -Infinity)).toBeGreaterThanOrEqual(per - 1e-6));
      }),
      { numRuns: runs(150) },
    );
  }, 120_000);

  it('each key has an account of its own', async () => {
    const keyed = fc.array(fc.record({ gap: fc.nat(100), key: fc.constantFrom('a', 'b', 'c') }), {
      maxLength: 40,
      size: 'max',
    });
    await fc.assert(
      fc.asyncProperty(limits, fc.constantFrom(...strategies), keyed, async (pace, strategy, schedule) => {
        const timesOf = async (only?: string): Promise<Record<string, number[]>> => {
          const clock = virtualTime();
          const gate = open(rateLimiter('api', { ...pace, strategy }), createCoordinator({ clock }).gates);
          const times: Record<string, number[]> = {};
          for (const { gap, key } of schedule) {
            await clock.advance(gap);
            if (only === undefined || key === only)
              gate.acquire({ key }).subscribe(() => (times[key] ??= []).push(clock.now()));
          }
          await clock.flush();
          return times;
        };
        const together = await timesOf();
        for (const key of Object.keys(together)) expect((await timesOf(key))[key]).toEqual(together[key]);
      }),
      { numRuns: runs(50) },
    );
  }, 120_000);
});

/** The earliest times at which a sliding window may admit a schedule in order: what an optimal limiter does. */
function bestTimes(
  schedule: readonly { gap: number; cost: number }[],
  { limit, per }: { limit: number; per: number },
): number[] {
  const entered: { at: number; cost: number }[] = [];
  let arrival = 0;
  for (const { gap, cost } of schedule) {
    arrival += gap;
    const candidates = [arrival, ...entered.map(({ at }) => at + per)].filter(
      (at) => at >= arrival && at >= (entered.at(-1)?.at ?? 0),
    );
    const fits = (at: number): boolean =>
      entered.filter((one) => one.at + per > at).reduce((sum, one) => sum + one.cost, cost) <= limit;
    const earliest = Math.max(arrival, entered.at(-1)?.at ?? 0);
    entered.push({ at: fits(earliest) ? earliest : Math.min(...candidates.filter(fits)), cost });
  }
  return entered.map(({ at }) => at);
}
