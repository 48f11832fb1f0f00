import { describe, expect, it } from 'vitest';
import type { Operation, SequentialModel } from '../../lib/testing/linear/sequential.ts';
import { sequentialBucket, type LimiterOp } from '../../lib/testing/linear/sequentialBucket.ts';
import { sequentialFixedWindow } from '../../lib/testing/linear/sequentialFixedWindow.ts';
import {
  sequentialSlidingWindow,
  type SequentialWindowOptions,
} from '../../lib/testing/linear/sequentialSlidingWindow.ts';
import { linearizable } from '../../lib/testing/linearizable.ts';
import { op } from '../support/histories.ts';

type History = Operation<LimiterOp, boolean>[];
type Case = [name: string, model: SequentialModel<any, LimiterOp, boolean>, history: History];

const admit = (call: number, end: number | null, cost = 1) =>
  op<LimiterOp, boolean>('a', { do: 'admit', cost }, call, end, end === null ? undefined : true);
const refuse = (call: number, end: number, cost = 1) =>
  op<LimiterOp, boolean>('b', { do: 'admit', cost }, call, end, false);
const wipe = (call: number, end: number) => op<LimiterOp, boolean>('admin', { do: 'wipe' }, call, end);

/** Two at once, then one each 10 ms. */
const token = sequentialBucket({ limit: 1, per: 10, burst: 2, drift: 0 });
/** One each 10 ms. */
const leaky = sequentialBucket({ limit: 1, per: 10, strategy: 'leaky-bucket', drift: 0 });
/** Two in each 10 ms. */
const sliding = sequentialSlidingWindow({ limit: 2, per: 10, drift: 0 });
const fixed = sequentialFixedWindow({ limit: 2, per: 10, drift: 0 });

const accepted: Case[] = [
  ['a burst', token, [admit(0, 0), admit(0, 0)]],
  ['one after each interval', token, [admit(0, 0), admit(0, 0), admit(10, 10), admit(20, 20)]],
  ['a burst saved up', token, [admit(0, 0), admit(0, 0), admit(30, 30), admit(30, 30)]],
  ['an admission that may have come late', token, [admit(0, 0), admit(0, 0), admit(0, 10)]],
  ['those before it that may have come early', token, [admit(0, 9), admit(0, 9), admit(9, 10)]],
  ['a refusal', token, [admit(0, 0), admit(0, 0), refuse(9, 9)]],
  ['a refusal, if those before it may have come late', token, [admit(0, 5), admit(0, 5), refuse(14, 15)]],
  ['a cost', token, [admit(0, 0, 2), admit(10, 10), refuse(11, 12)]],
  ['a refusal of what it can never give', token, [refuse(0, 1, 3)]],
  ['an unknown admission that used something up', token, [admit(0, null), admit(0, 0), refuse(9, 9)]],
  ['one that did not', token, [admit(0, null), admit(0, 0), admit(1, 1)]],
  ['a new bucket after the place forgot the old one', token, [admit(0, 0, 2), wipe(1, 2), admit(3, 3, 2)]],
  ['an answer nobody heard', token, [op('a', { do: 'admit' }, 0, 0), admit(0, 0, 2), refuse(1, 1)]],
  ['one each interval', leaky, [admit(0, 0), admit(10, 10), refuse(19, 19), admit(20, 20)]],
  ['the pause after a heavy one', leaky, [admit(0, 0, 3), refuse(29, 29), admit(30, 30, 9)]],
  [
    'twice the limit around a multiple of the window',
    sliding,
    [admit(9, 9), admit(9, 9), admit(19, 19), admit(19, 19)],
  ],
  [
    'a window that slides',
    sliding,
    [admit(0, 0), admit(5, 5), refuse(9, 9), admit(10, 10), refuse(14, 14), admit(15, 15)],
  ],
  ['the cost of a window', sliding, [admit(0, 0, 2), refuse(9, 9, 0.5), admit(10, 10, 2), refuse(20, 21, 3)]],
  ['fractions of cost', sequentialSlidingWindow({ limit: 0.3, per: 10 }), [admit(0, 0, 0.1), admit(0, 0, 0.2)]],
  ['a window forgotten', sliding, [admit(0, 0, 2), wipe(1, 1), admit(2, 2, 2)]],
  ['a refusal by a window of late admissions', sliding, [admit(0, 5, 2), refuse(14, 14)]],
  ['an unknown admission in a window', sliding, [admit(0, null), admit(0, 0), refuse(99, 99, 2)]],
  ['twice the limit in two windows', fixed, [admit(0, 0), admit(9, 9), refuse(9, 9), admit(10, 10, 2)]],
  ['a window that opens with its first admission', fixed, [admit(0, 0), admit(15, 15), admit(24, 24), admit(25, 25)]],
  ['a window that may have opened late', fixed, [admit(0, 5, 2), refuse(14, 14)]],
  ['a window that may have opened early', fixed, [admit(0, 5, 2), admit(10, 10)]],
  [
    'an admission in the next window, so that it opens late',
    fixed,
    [admit(0, 0), admit(5, 12), admit(12, 12), refuse(19, 19)],
  ],
  ['fractions in a fixed window', sequentialFixedWindow({ limit: 0.3, per: 10 }), [admit(0, 0, 0.1), admit(0, 0, 0.2)]],
  ['a fixed window forgotten', fixed, [admit(0, 0, 2), wipe(1, 1), admit(2, 2, 2)]],
  ['a refusal of more than a window', fixed, [refuse(0, 1, 3)]],
];

const rejected: Case[] = [
  ['more than the burst', token, [admit(0, 0), admit(0, 0), admit(9, 9)]],
  ['a burst that was not saved up', token, [admit(0, 0), admit(0, 0), admit(19, 19), admit(19, 19)]],
  ['a bucket that overflows', token, [admit(90, 90), admit(90, 90), admit(91, 91)]],
  ['more than the burst, whenever it was', token, [admit(0, 3), admit(1, 4), admit(2, 9)]],
  ['more cost than the burst', token, [admit(0, 0, 3)]],
  ['a refusal by a full bucket', token, [refuse(0, 1)]],
  ['a refusal after enough time', token, [admit(0, 5), admit(0, 5), refuse(15, 16)]],
  ['an unknown admission that comes back', token, [admit(0, null), admit(0, 0), refuse(1, 1), admit(2, 2)]],
  ['a bucket forgotten that still refuses', token, [admit(0, 0, 2), wipe(1, 2), refuse(3, 3)]],
  ['a burst of a leaky bucket', leaky, [admit(0, 0), admit(9, 9)]],
  ['too little pause after a heavy one', leaky, [admit(0, 0, 3), admit(29, 29)]],
  ['an idle leaky bucket that refuses', leaky, [admit(0, 0), refuse(10, 10)]],
  ['three in a window', sliding, [admit(0, 0), admit(5, 5), admit(9, 9)]],
  ['three in a window, over the edge', sliding, [admit(5, 5), admit(9, 9), admit(14, 14)]],
  ['a window that refuses with room', sliding, [admit(0, 0), refuse(1, 1)]],
  ['a window that refuses too long', sliding, [admit(0, 0, 2), refuse(10, 10)]],
  ['more cost than a window', sliding, [admit(0, 0, 3)]],
  ['three in a fixed window', fixed, [admit(0, 0), admit(5, 5), admit(9, 9)]],
  ['more in two fixed windows than both hold', fixed, [admit(0, 0, 2), admit(10, 10, 2), admit(19, 19)]],
  ['a fixed window that refuses with room', fixed, [admit(0, 0), refuse(1, 1)]],
  ['a fixed window that refuses too long', fixed, [admit(0, 0, 2), refuse(10, 10)]],
  ['more cost than a fixed window', fixed, [admit(0, 0, 3)]],
];

const makers: Record<string, (options: SequentialWindowOptions) => SequentialModel<any, LimiterOp, boolean>> = {
  sequentialBucket,
  sequentialSlidingWindow,
  sequentialFixedWindow,
};

describe('models of limiters', () => {
  it.each(accepted)('accept %s', (_, model, history) => {
    expect(() => linearizable(model, history)).not.toThrow();
  });

  it.each(rejected)('find %s', (_, model, history) => {
    expect(() => linearizable(model, history)).toThrow('not linearizable');
  });

  it.each(Object.entries(makers))('%s allows the drift of clocks, a millisecond by default', (_, make) => {
    const history = (end: number): History => [admit(0, 0), admit(0, end)];
    for (const [model, drift] of [
      [make({ limit: 1, per: 10 }), 1],
      [make({ limit: 1, per: 10, drift: 3 }), 3],
    ] as const) {
      expect(() => linearizable(model, history(10 - drift))).not.toThrow();
      expect(() => linearizable(model, history(9.9 - drift))).toThrow('not linearizable');
      expect(() => linearizable(model, [admit(0, 0), refuse(9.9 + drift, 9.9 + drift)])).not.toThrow();
      expect(() => linearizable(model, [admit(0, 0), refuse(10 + drift, 11 + drift)])).toThrow('not linearizable');
    }
  });

  it.each(Object.entries(makers))('%s refuses options that it does not know or cannot use', (name, make) => {
    expect(() => make({ limit: 1, per: 1, rate: 1 } as never)).toThrow("no option 'rate'");
    expect(() => make({ limit: 0, per: 1 })).toThrow(`${name}.limit`);
    expect(() => make({ limit: 1, per: 0 })).toThrow(`${name}.per`);
    expect(() => make({ limit: 1, per: 1, drift: -1 })).toThrow(`${name}.drift`);
  });

  it('refuses a bucket that is none, and has a burst of the limit if nothing else is said', () => {
    expect(() => sequentialBucket({ limit: 1, per: 1, strategy: 'sliding-window' as never })).toThrow('.strategy');
    expect(() => sequentialBucket({ limit: 1, per: 1, burst: 0 })).toThrow('sequentialBucket.burst');
    const model = sequentialBucket({ limit: 3, per: '1s' });
    expect(() => linearizable(model, [admit(0, 0, 3)])).not.toThrow();
    expect(() => linearizable(model, [admit(0, 0, 3), admit(1, 1)])).toThrow('not linearizable');
  });
});
