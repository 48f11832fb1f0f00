import { describe, expect, it } from 'vitest';
import { deepEqual } from '../../lib/testing/deepEqual.ts';
import { show } from '../../lib/testing/show.ts';

const circle = (): object => {
  const it: Record<string, unknown> = { a: 1 };
  it['self'] = it;
  return it;
};

describe('deepEqual', () => {
  it.each<[unknown, unknown]>([
    [NaN, NaN],
    [{ a: 1, b: undefined }, { a: 1 }],
    [
      [1, [2]],
      [1, [2]],
    ],
    [new Date(5), new Date(5)],
    [new Map([['a', { n: 1 }]]), new Map([['a', { n: 1 }]])],
    [new Set([1, 2]), new Set([1, 2])],
    [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
    [new TypeError('x'), new TypeError('x')],
    [circle(), circle()],
  ])('finds %o equal to %o', (a, b) => {
    expect(deepEqual(a, b)).toBe(true);
  });

  it.each<[unknown, unknown]>([
    [0, -0],
    [null, undefined],
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [[1], [1, undefined]],
    [[1], { 0: 1 }],
    [new Date(5), new Date(6)],
    [new Map([['a', 1]]), new Map([['a', 2]])],
    [new Set([1]), new Set([2])],
    [new Uint8Array([1]), new Uint8Array([2])],
    [new TypeError('x'), new Error('x')],
    [new Error('x'), new Error('y')],
    [Object.assign(new Error('x'), { code: 1 }), Object.assign(new Error('x'), { code: 2 })],
  ])('tells %o from %o', (a, b) => {
    expect(deepEqual(a, b)).toBe(false);
  });
});

describe('show', () => {
  it.each<[unknown, string]>([
    ['a "b"', '"a \\"b\\""'],
    [
      { a: [1, null, undefined, 2n], b: new Date(0) },
      '{ a: [1, null, undefined, 2n], b: Date 1970-01-01T00:00:00.000Z }',
    ],
    [new Map([['a', new Set([1])]]), 'Map {"a" => Set {1}}'],
    [new TypeError('no'), 'TypeError: no'],
    [circle(), '{ a: 1, self: [circular] }'],
    [[[[[[1]]]]], '[[[[[...]]]]]'],
    [circle, '[function circle]'],
  ])('shows %o', (value, text) => {
    expect(show(value)).toBe(text);
  });

  it('cuts what is too long', () => {
    expect(show('x'.repeat(5_000))).toHaveLength(2_004);
  });
});
