import { describe, expect, it } from 'vitest';
import type { Operation } from '../../lib/testing/linear/sequential.ts';
import { sequentialBarrier, type BarrierOp, type BarrierResult } from '../../lib/testing/linear/sequentialBarrier.ts';
import { linearizable } from '../../lib/testing/linearizable.ts';
import { op } from '../support/histories.ts';

type History = Operation<BarrierOp, BarrierResult>[];

const arrive = (id: string, call: number, end: number | null, result?: BarrierResult) =>
  op<BarrierOp, BarrierResult>(id, { do: 'arrive', id }, call, end, result);
const passes = (id: string, call: number, end: number, index: number, generation?: number) =>
  arrive(id, call, end, { index, ...(generation === undefined ? {} : { generation }) });
const breaks = (id: string, call: number, end: number, broken = 'forced') => arrive(id, call, end, { broken });

const two = sequentialBarrier({ parties: 2, timeout: 10, drift: 0 });
const three = sequentialBarrier({ parties: 3 });

const accepted: [name: string, model: typeof two, history: History][] = [
  ['a generation', two, [passes('a', 0, 5, 0), passes('b', 4, 6, 1)]],
  [
    'two generations',
    two,
    [passes('a', 0, 5, 0, 0), passes('b', 4, 6, 1, 0), passes('c', 7, 9, 0, 1), passes('d', 8, 9, 1, 1)],
  ],
  [
    'numbers of generations with gaps',
    two,
    [passes('a', 0, 5, 0, 3), passes('b', 4, 6, 1, 3), passes('c', 7, 9, 0), passes('d', 8, 9, 1, 9)],
  ],
  [
    'generations that mix in time',
    two,
    [passes('a', 0, 9, 0), passes('b', 4, 6, 1), passes('c', 5, 9, 0), passes('d', 8, 9, 1)],
  ],
  ['any order of those who come at once', three, [passes('a', 0, 5, 2), passes('b', 0, 5, 0), passes('c', 0, 5, 1)]],
  ['one party only', sequentialBarrier({ parties: 1 }), [passes('a', 0, 1, 0), passes('a2', 2, 3, 0)]],
  ['a generation that is not complete yet', two, [passes('a', 0, 5, 0), passes('b', 4, 6, 1), arrive('c', 7, null)]],
  ['an arrival that counted, though nobody heard', two, [arrive('a', 0, null), passes('b', 4, 6, 1)]],
  ['an arrival that did not count', two, [arrive('a', 0, null), passes('b', 4, 6, 0), passes('c', 5, 6, 1)]],
  ['a timeout', two, [breaks('a', 0, 10, 'timeout')]],
  ['a timeout for all who wait', three, [breaks('a', 0, 10, 'forced'), breaks('b', 4, 10, 'forced')]],
  ['a generation after a broken one', two, [breaks('a', 0, 3), passes('b', 4, 6, 0), passes('c', 5, 6, 1)]],
  [
    'one that was turned away while others pass',
    two,
    [passes('a', 0, 5, 0), breaks('b', 1, 2, 'data-loss'), passes('c', 4, 6, 1)],
  ],
  ['one that left and broke it for the other', three, [arrive('a', 0, null), breaks('b', 1, 3, 'left')]],
  ['one that left and was forgotten', two, [arrive('a', 0, null), passes('b', 1, 5, 0), passes('c', 4, 5, 1)]],
  ['an answer nobody heard', two, [arrive('a', 0, 3), passes('b', 1, 5, 0), passes('c', 4, 5, 1)]],
  [
    'a timeout within the drift of clocks',
    sequentialBarrier({ parties: 2, timeout: 10, drift: 2 }),
    [breaks('a', 0, 8, 'timeout')],
  ],
];

const rejected: [name: string, model: typeof two, history: History][] = [
  ['one that passes alone', two, [passes('a', 0, 1, 0)]],
  ['one that passes before the last one came', two, [passes('a', 0, 3, 0), passes('b', 4, 6, 1)]],
  ['an index used twice', two, [passes('a', 0, 5, 0), passes('b', 4, 6, 0)]],
  ['an index that is too high', two, [passes('a', 0, 5, 1), passes('b', 4, 6, 2)]],
  ['an index against the order of arrival', three, [passes('a', 0, 3, 1), passes('b', 0, 3, 0), passes('c', 4, 9, 2)]],
  ['one of a generation that passes while another breaks', two, [passes('a', 0, 5, 0), breaks('b', 4, 6)]],
  ['a generation of two numbers', two, [passes('a', 0, 5, 0, 1), passes('b', 4, 6, 1, 2)]],
  [
    'a generation used twice',
    two,
    [passes('a', 0, 1, 0, 1), passes('b', 0, 1, 1, 1), passes('c', 7, 9, 0, 1), passes('d', 8, 9, 1, 1)],
  ],
  [
    'a generation that goes back',
    two,
    [passes('a', 0, 1, 0, 2), passes('b', 0, 1, 1), passes('c', 7, 9, 0, 1), passes('d', 8, 9, 1)],
  ],
  ['three who pass as two', two, [passes('a', 0, 5, 0), passes('b', 0, 5, 1), passes('c', 0, 5, 1)]],
  ['a timeout before its time', two, [breaks('a', 0, 9, 'timeout')]],
  [
    'a timeout that some of a generation did not hear of',
    two,
    [breaks('a', 0, 20, 'timeout'), passes('b', 4, 20, 1), arrive('c', 21, null)],
  ],
  ['a timeout where there is none', three, [breaks('a', 0, 9e6, 'timeout')]],
  ['a timeout after passing', two, [passes('a', 0, 5, 0), breaks('b', 4, 60, 'timeout')]],
  ['an unknown arrival that counts twice', two, [arrive('a', 0, null), passes('b', 4, 6, 1), passes('c', 4, 6, 1)]],
  ['an arrival that counts before its call', two, [passes('b', 0, 2, 1), arrive('a', 3, null)]],
  [
    'a timeout beyond the drift of clocks',
    sequentialBarrier({ parties: 2, timeout: 10 }),
    [breaks('a', 0, 8, 'timeout')],
  ],
];

describe('sequentialBarrier', () => {
  it.each(accepted)('accepts %s', (_, model, history) => {
    expect(() => linearizable(model, history)).not.toThrow();
  });

  it.each(rejected)('finds %s', (_, model, history) => {
    expect(() => linearizable(model, history)).toThrow('not linearizable');
  });

  it('refuses options that it does not know or cannot use', () => {
    expect(() => sequentialBarrier({ parties: 2, party: 1 } as never)).toThrow("no option 'party'");
    expect(() => sequentialBarrier({ parties: 0 })).toThrow('sequentialBarrier.parties');
    expect(() => sequentialBarrier({ parties: 2, timeout: 0 })).toThrow('sequentialBarrier.timeout');
    expect(() => sequentialBarrier({ parties: 2, drift: -1 })).toThrow('sequentialBarrier.drift');
  });
});
