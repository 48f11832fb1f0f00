import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest } from '../../lib/log/digest.ts';
import { runs } from '../support/runs.ts';

const parts = fc.array(fc.string({ unit: 'binary', maxLength: 5 }), { maxLength: 5 });

describe('digest', () => {
  it('is the same for the same parts and another one for others', () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(digest([...a])).toBe(digest(a));
        expect(digest(a) === digest(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: runs(1_000) },
    );
  });

  it('tells apart what only the borders of the parts tell apart', () => {
    const all = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', ''], ['', 'abc'], [], [''], ['', '']];
    expect(new Set(all.map(digest)).size).toBe(all.length);
  });

  it('finds no two of 300,000 alike, though 32 bits would', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 300_000; i++) seen.add(digest([`{"name":"tick","n":${i}}`, '[[],[],null,false]']));
    expect(seen.size).toBe(300_000);
  });

  it('has 53 bits: each of them is set in some', () => {
    let set = 0n;
    for (let i = 0; i < 200; i++) set |= BigInt(Number.parseInt(digest([`${i}`]), 36));
    expect(set).toBe(2n ** 53n - 1n);
  });
});
