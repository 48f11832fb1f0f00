import { describe, expect, it } from 'vitest';
import { ConfigError, OverflowError } from '../../lib/errors.ts';
import { Backlog, backlogOptions, type BacklogOptions } from '../../lib/internal/backlog.ts';

/** What is left of values that are pushed one after the other, and what that threw. */
function kept(options: BacklogOptions, ...values: unknown[]): unknown[] {
  const backlog = new Backlog<unknown>(backlogOptions(options, 'it()'), 'it()');
  for (const value of values) backlog.push(value);
  return Array.from({ length: backlog.length }, () => backlog.shift());
}

describe('a backlog', () => {
  it('keeps as many as fit, in order', () => {
    expect(kept({ maxQueue: 3 }, 1, 2, 3)).toEqual([1, 2, 3]);
    expect(kept({ maxQueue: Infinity }, 1, undefined, null)).toEqual([1, undefined, null]);
    expect(kept({ maxQueue: 0 })).toEqual([]);
  });

  it('meets one too many as its policy says', () => {
    expect(kept({ maxQueue: 2, overflow: 'drop-oldest' }, 1, 2, 3, 4)).toEqual([3, 4]);
    expect(kept({ maxQueue: 2, overflow: 'drop-newest' }, 1, 2, 3, 4)).toEqual([1, 2]);
    expect(kept({ maxQueue: 0, overflow: 'drop-oldest' }, 1)).toEqual([]);
    expect(kept({ maxQueue: 0, overflow: 'drop-newest' }, 1)).toEqual([]);
    expect(() => kept({ maxQueue: 2 }, 1, 2, 3)).toThrow(OverflowError);
    expect(() => kept({ maxQueue: 0, overflow: 'error' }, 1)).toThrow('it() has 0 values waiting, and one more came.');
  });

  it('takes 10,000 unless it is told otherwise', () => {
    const values = Array.from({ length: 10_000 }, (_, i) => i);
    expect(kept({}, ...values).length).toBe(10_000);
    expect(() => kept({}, ...values, 0)).toThrow(OverflowError);
  });

  it('has room again for what left', () => {
    const backlog = new Backlog<number>({ maxQueue: 1, overflow: 'error' }, 'it()');
    for (let i = 0; i < 100; i++) {
      backlog.push(i);
      expect(backlog.shift()).toBe(i);
    }
    backlog.push(1);
    backlog.clear();
    backlog.push(2);
    expect(backlog.shift()).toBe(2);
  });

  it('refuses other bounds and policies', () => {
    for (const maxQueue of [-1, 1.5, NaN, '5', null]) {
      expect(() => backlogOptions({ maxQueue: maxQueue as never }, 'it()')).toThrow(ConfigError);
    }
    expect(() => backlogOptions({ overflow: 'drop' as never }, 'it()')).toThrow(
      "it().overflow must be one of 'drop-oldest'",
    );
  });
});
