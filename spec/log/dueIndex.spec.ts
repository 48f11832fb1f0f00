import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DueIndex } from '../../lib/log/DueIndex.ts';
import { runs } from '../support/runs.ts';

const member = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ member, due: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ member }) },
);

const byMoment = ([a, x]: [string, number], [b, y]: [string, number]): number => x - y || (a < b ? -1 : 1);

describe('DueIndex', () => {
  it('gives what is due in order, as sorting everything would', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.nat(10),
        fc.integer({ min: 1, max: 12 }),
        (steps, moment, limit) => {
          const index = new DueIndex();
          const plain = new Map<string, number>();
          for (const each of steps) {
            if ('due' in each) {
              index.schedule(each.member, each.due);
              plain.set(each.member, each.due);
            } else {
              index.unschedule(each.member);
              plain.delete(each.member);
            }
          }
          const due = [...plain].filter(([, at]) => at <= moment).sort(byMoment);
          expect(index.upTo(moment, limit).map((each) => [each.member, each.due])).toEqual(due.slice(0, limit));
          expect(index.size).toBe(plain.size);
          expect(new Map(index.entries())).toEqual(plain);
        },
      ),
      { numRuns: runs(300) },
    );
  });

  it('costs what it gives: with 100,000 members that are due the first ten are found with a look at few', () => {
    const index = new DueIndex();
    let looks = 0;
    // Members are compared where moments are the same: each look at a name is counted.
    const counted = (name: string): string =>
      new Proxy(new String(name), {
        get: (target, key) => {
          if (key === Symbol.toPrimitive) looks++;
          const value: unknown = Reflect.get(target, key);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      }) as unknown as string;
    for (let i = 0; i < 100_000; i++) index.schedule(counted(`m${String((i * 7919) % 100_000).padStart(5, '0')}`), 0);
    looks = 0;
    const first = index.upTo(0, 10).map(({ member: name }) => name);
    expect(first.join()).toBe(Array.from({ length: 10 }, (_, i) => `m0000${i}`).join());
    expect(looks).toBeGreaterThan(0);
    expect(looks).toBeLessThan(1_000);
  });
});
