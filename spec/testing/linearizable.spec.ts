import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearize } from '../../lib/testing/linear/linearize.ts';
import type { Operation } from '../../lib/testing/linear/sequential.ts';
import { linearizable } from '../../lib/testing/linearizable.ts';
import { op, register, registers, tryAllOrders, type RegisterOp } from '../support/histories.ts';
import { runs } from '../support/runs.ts';

const write = (process: string, value: number, call: number, end: number | null) =>
  op<RegisterOp, number>(process, { write: value }, call, end);
const read = (process: string, value: number, call: number, end: number) =>
  op<RegisterOp, number>(process, 'read', call, end, value);
const flip = (process: string, call: number, end: number | null) => op<RegisterOp, number>(process, 'flip', call, end);

const legal: [name: string, history: Operation<RegisterOp, number>[]][] = [
  ['nothing', []],
  ['one after the other', [write('a', 1, 0, 1), read('b', 1, 2, 3)]],
  ['a read during a write that comes before it', [write('a', 1, 0, 4), read('b', 0, 1, 2)]],
  ['a read during a write that comes after it', [write('a', 1, 0, 4), read('b', 1, 1, 2)]],
  ['writes in either order', [write('a', 1, 0, 4), write('b', 2, 0, 4), read('c', 1, 5, 6)]],
  ['a return and a call at one moment, in either order', [write('a', 1, 0, 4), read('b', 0, 4, 5)]],
  ['a write of which nobody heard, and which never was', [write('a', 1, 0, null), read('b', 0, 9, 10)]],
  ['one that took effect late', [write('a', 1, 0, null), read('b', 0, 2, 3), read('b', 1, 9, 10)]],
  [
    'the right one of two unknown operations',
    [flip('a', 0, null), write('b', 1, 0, null), read('c', 1, 2, 3), read('c', 0, 4, 5)],
  ],
  ['chance', [flip('a', 0, 1), read('b', 1, 2, 3)]],
  ['chance, twice', [flip('a', 0, 1), read('b', 0, 2, 3), flip('a', 4, 5), read('b', 1, 6, 7)]],
];

const illegal: [name: string, history: Operation<RegisterOp, number>[]][] = [
  ['a stale read', [write('a', 1, 0, 1), read('b', 0, 2, 3)]],
  ['new, then old', [write('a', 1, 0, 9), read('b', 1, 1, 2), read('c', 0, 3, 4)]],
  ['a read of what was never written', [write('a', 1, 0, 1), read('b', 2, 0, 3)]],
  ['an unknown write undone', [write('a', 1, 0, null), read('b', 1, 2, 3), read('b', 0, 4, 5)]],
  ['an unknown write before its call', [read('b', 1, 0, 1), write('a', 1, 2, null)]],
  ['what chance cannot do', [flip('a', 0, 1), read('b', 2, 2, 3)]],
  ['writes in both orders', [write('a', 1, 0, 4), write('b', 2, 0, 4), read('c', 1, 5, 6), read('c', 2, 7, 8)]],
];

describe('linearizable', () => {
  it.each(legal)('accepts %s', (_, history) => {
    expect(() => linearizable(register, history)).not.toThrow();
  });

  it.each(illegal)('finds %s', (_, history) => {
    expect(() => linearizable(register, history)).toThrow('not linearizable');
  });

  it('says how far the history can be explained, how, and what does not fit', () => {
    const history = [write('a', 1, 5, 6), write('b', 2, 5, 9), read('c', 1, 7, 8), read('d', 3, 10, 11)];
    let message = '';
    try {
      linearizable(register, history);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toBe(
      [
        'The history is not linearizable: after 3 answers that fit comes one that does not:',
        '  d: "read" -> 3, from 5.000 ms, until 6.000 ms',
        'What was before can be explained by:',
        '  a: { write: 1 }, from 0.000 ms, until 1.000 ms',
        '  c: "read" -> 1, from 2.000 ms, until 3.000 ms',
        '  b: { write: 2 }, from 0.000 ms, until 4.000 ms',
        'which leaves: 2',
        'another order: 1',
      ].join('\n'),
    );
  });

  it('shows each state in which the answer does not fit, up to five, and calls without an answer', () => {
    const history = [write('a', 5, 0, null), flip('b', 0, 1), read('c', 5, 2, 3), flip('d', 4, 5), read('e', 7, 6, 7)];
    expect(() => linearizable(register, history)).toThrow(
      /after 3 answers.*\n {2}e: "read" -> 7.*can be explained by:\n.*\n {2}a: .*, never heard of\n.*\nwhich leaves: 0\nanother order: 1$/s,
    );
    const many = [...Array(9).keys()].map((value) => write('a', value, 0, null));
    const found = linearize(register, [...many, read('b', 99, 1, 2)]);
    expect(found).toMatchObject({ linearizable: false, fits: 0, misfit: { process: 'b' } });
    if (!found.linearizable) expect(new Set(found.deadEnds.map(({ state }) => state)).size).toBe(5);
    expect(() => linearizable(register, [read('b', 99, 1, 2)])).toThrow('not even the first answer fits:');
  });

  it('judges each gate by itself, and names it', () => {
    const on = (gate: string, operation: Operation<RegisterOp, number>) => ({ ...operation, gate });
    const history = [on('x', write('a', 1, 0, 1)), on('y', read('b', 0, 2, 3))];
    expect(() => linearizable(register, history)).not.toThrow();
    expect(() => linearizable(register, [...history, on('y', read('b', 1, 4, 5))])).toThrow("'y' is not linearizable");
  });

  it('takes times of a clock that has counted for years, to the nanosecond', () => {
    const at = (ns: bigint): bigint => 9_007_199_254_740_993_000n + ns;
    const history = (late: bigint): Operation<RegisterOp, number>[] => [
      { process: 'a', op: { write: 1 }, call: at(0n), return: at(1n) },
      { process: 'b', op: 'read', call: at(late), return: at(9n), result: 0 },
    ];
    expect(() => linearizable(register, history(1n))).not.toThrow();
    expect(() => linearizable(register, history(2n))).toThrow('from 0.000 ms');
  });

  it('refuses times that are no history', () => {
    expect(() => linearizable(register, [write('a', 1, 2, 1)])).toThrow('before its call');
    expect(() => linearizable(register, [write('a', 1, Number.NaN, 1)])).toThrow('before its call');
    const mixed: Operation<RegisterOp, number>[] = [
      write('a', 1, 0, 1),
      { process: 'b', op: 'read', call: 1n, return: 2n },
    ];
    expect(() => linearizable(register, mixed)).toThrow('all be numbers, or all bigints');
  });
});

describe('linearize', () => {
  it('gives an order that the model allows and that keeps to the times', () => {
    fc.assert(
      fc.property(registers(8), (history) => {
        const found = linearize(register, history);
        if (!found.linearizable) return;
        const { order } = found;
        expect(history.filter((operation) => operation.return !== null && !order.includes(operation))).toEqual([]);
        for (const [i, later] of order.entries())
          for (const before of order.slice(0, i)) expect(later.return ?? Infinity).toBeGreaterThanOrEqual(before.call);
        const states = order.reduce<readonly number[]>(
          (now, { op: what, result }) =>
            now.flatMap((value) => register.step(value, { op: what, result, from: 0, to: 0 })),
          [0],
        );
        expect(states).not.toEqual([]);
      }),
      { numRuns: runs(300) },
    );
  });

  it('finds the first answer that does not fit', () => {
    fc.assert(
      fc.property(registers(6), (history) => {
        const found = linearize(register, history);
        if (found.linearizable) return;
        const end = found.misfit.return!;
        // Those that return later are under way: what they will say binds them already.
        const before = (operation: Operation<RegisterOp, number>, open: boolean) =>
          operation.return !== null && (open ? operation.return >= end : operation.return > end)
            ? { ...operation, return: null }
            : operation;
        const others = history.filter((operation) => operation !== found.misfit);
        expect(
          tryAllOrders(register, [...others.map((one) => before(one, true)), { ...found.misfit, return: null }]),
        ).toBe(true);
        expect(tryAllOrders(register, [...others.map((one) => before(one, false)), found.misfit])).toBe(false);
      }),
      { numRuns: runs(500) },
    );
  });
});
