import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { ConfigError } from 'rxbaton';
import { backoff } from '../../lib/time/backoff.ts';

const half = (): number => 0.5;
const waits = (retry: Parameters<typeof backoff>[0], random = half): (number | null)[] => {
  const next = backoff(retry, 'retry');
  return [1, 2, 3, 4].map((attempt) => next(new Error('failed'), attempt, random));
};

describe('backoff', () => {
  it('doubles from a second up to 30, as often as there are attempts', () => {
    expect(waits(4)).toEqual([1_000, 2_000, 4_000, null]);
    expect(waits({ attempts: 9, delay: '20s' })).toEqual([20_000, 30_000, 30_000, 30_000]);
    expect(waits(1)).toEqual([null, null, null, null]);
  });

  it('heeds delay, factor and maxDelay', () => {
    expect(waits({ attempts: 9, delay: 10, factor: 3, maxDelay: 80 })).toEqual([10, 30, 80, 80]);
    expect(waits({ attempts: 9, delay: '1m' })).toEqual([60_000, 60_000, 60_000, 60_000]);
    expect(waits({ attempts: 9, delay: 0 })).toEqual([0, 0, 0, 0]);
  });

  it('asks `when`, with the attempt, and does as it says', () => {
    const retry = {
      attempts: 9,
      delay: 10,
      when: (_: unknown, attempt: number) => [true, false, '3s', 7][attempt - 1] as boolean,
    };
    expect(waits(retry)).toEqual([10, null, 3_000, 7]);
    expect(() => waits({ attempts: 2, when: () => 'soon' as never })).toThrow('the answer of retry.when');
  });

  test.prop([fc.double({ min: 0, max: 0.999, noNaN: true })])('jitters within its bounds', (random) => {
    const [full] = waits({ attempts: 9, delay: 100, jitter: 'full' }, () => random);
    const [equal] = waits({ attempts: 9, delay: 100, jitter: 'equal' }, () => random);
    expect([full, equal]).toEqual([100 * random, 50 + 50 * random]);
  });

  it.each([
    [0, 'retry.attempts must be a positive integer'],
    [1.5, 'retry.attempts'],
    [{}, 'retry.attempts'],
    [{ attempts: 2, delay: -1 }, 'retry.delay'],
    [{ attempts: 2, maxDelay: Infinity }, 'retry.maxDelay'],
    [{ attempts: 2, factor: 0.5 }, 'retry.factor must be a number from 1 up'],
    [{ attempts: 2, jitter: 'some' }, 'retry.jitter'],
    [{ attempts: 2, when: true }, 'retry.when must be a function'],
    [{ attempts: 2, times: 3 }, "retry has no option 'times'"],
  ])('refuses %o', (retry, message) => {
    expect(() => backoff(retry as never, 'retry')).toThrow(message);
    expect(() => backoff(retry as never, 'retry')).toThrow(ConfigError);
  });
});
