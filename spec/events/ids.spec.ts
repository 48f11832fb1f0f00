import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { createCoordinator } from 'rxbaton';
import { ulids, ulidSeed } from '../../lib/events/ids.ts';

const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const seq = fc.integer({ min: 1, max: 2 ** 40 - 1 });

describe('ids', () => {
  test.prop([time, seq, fc.nat()])('are ULIDs, and a function of time, seed and seq alone', (at, number, other) => {
    const make = ulids('ABCD1234');
    const id = make(at, number);
    expect(id).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
    expect(id.slice(10, 18)).toBe('ABCD1234');
    make(other, other + 1);
    expect(make(at, number)).toBe(id);
    expect(ulids('ABCD1234')(at, number)).toBe(id);
  });

  test.prop([time, seq, time, seq])('sort by time, then by seq', (at1, seq1, at2, seq2) => {
    const make = ulids('00000000');
    const byParts = Math.sign(at1 - at2) || Math.sign(seq1 - seq2);
    const [one, two] = [make(at1, seq1), make(at2, seq2)];
    expect(one < two ? -1 : one > two ? 1 : 0).toBe(byParts);
  });

  it('are those of the ULID specification, as far as time goes', () => {
    expect(ulids('00000000')(1469918176385, 1).slice(0, 10)).toBe('01ARYZ6S41');
  });

  it('differ between coordinators of the same moment', () => {
    let i = 0;
    expect(ulidSeed(() => 0)).toBe('00000000');
    expect(ulidSeed(() => (i++ === 0 ? 0.5 : 0.25))).toBe('G0008000');
  });

  it('keep rising when the calendar of the host goes back', () => {
    let wall = 1_000;
    const clock = {
      now: () => 0,
      wall: () => wall,
      schedule: () => {
        throw new Error('no timers here');
      },
    };
    const coordinator = createCoordinator({ clock });
    const times: number[] = [];
    coordinator.when('tick', (_, { timestamp }) => times.push(timestamp));
    const ids = [1_000, 500, 2_000].map((at) => {
      wall = at;
      return coordinator.emit('tick');
    });
    expect(times).toEqual([1_000, 1_000, 2_000]);
    expect([...ids].sort()).toEqual(ids);
  });

  it('come from `random`: the same numbers make the same ids', () => {
    const clock = {
      now: () => 0,
      wall: () => 5,
      schedule: () => {
        throw new Error('no timers here');
      },
    };
    const id = (random: () => number): string => createCoordinator({ clock, random }).emit('x');
    expect(id(() => 0.3)).toBe(id(() => 0.3));
    expect(id(() => 0.3)).not.toBe(id(() => 0.4));
  });
});
