import { describe, expect, it } from 'vitest';
import type { Operation } from '../../lib/testing/linear/sequential.ts';
import { sequentialLease, type LeaseOp, type LeaseResult } from '../../lib/testing/linear/sequentialLease.ts';
import { linearizable } from '../../lib/testing/linearizable.ts';
import { op, waiting } from '../support/histories.ts';

type History = Operation<LeaseOp, LeaseResult>[];

const acquire = (id: string, call: number, end: number | null, fence?: number, cost = 1) =>
  op<LeaseOp, LeaseResult>(id, { do: 'acquire', id, cost }, call, end, fence === undefined ? undefined : { fence });
const attempt = (id: string, call: number, end: number, cost = 1) =>
  op<LeaseOp, LeaseResult>(id, { do: 'acquire', id, cost }, call, end, 'busy');
const about =
  (what: 'release' | 'renew' | 'check') => (fence: number, call: number, end: number | null, held?: boolean) =>
    op<LeaseOp, LeaseResult>(String(fence), { do: what, fence }, call, end, held);
const release = about('release');
const renew = about('renew');
const check = about('check');
const force = (fence: number | undefined, call: number, end: number) =>
  op<LeaseOp, LeaseResult>('admin', { do: 'force', ...(fence === undefined ? {} : { fence }) }, call, end);
const cancel = (id: string, call: number, end: number) => op<LeaseOp, LeaseResult>(id, { do: 'cancel', id }, call, end);
const wipe = (call: number, end: number) => op<LeaseOp, LeaseResult>('admin', { do: 'wipe' }, call, end);

/** A mutex whose leases can lapse after 10 ms. */
const mutex = sequentialLease({ ttl: 10, drift: 0 });
const fifo = sequentialLease({ ttl: 10, drift: 0, fifo: true });
const three = sequentialLease({ ttl: 10, drift: 0, permits: 3 });

const accepted: [name: string, model: typeof mutex, history: History][] = [
  ['a hand-over', mutex, [acquire('a', 0, 1, 1), release(1, 2, 3, true), acquire('b', 1, 4, 2)]],
  [
    'a grant before the release is acknowledged',
    mutex,
    [acquire('a', 0, 1, 1), release(1, 2, 9), acquire('b', 1, 3, 2)],
  ],
  ['fences with gaps', mutex, [acquire('a', 0, 1, 7), release(7, 2, 3), acquire('b', 4, 5, 99)]],
  ['a lease that lapsed', mutex, [acquire('a', 0, 1, 1), acquire('b', 1, 10, 2)]],
  [
    'one that lapsed and then is not there',
    mutex,
    [acquire('a', 0, 1, 1), acquire('b', 1, 10, 2), release(1, 11, 12, false)],
  ],
  ['one that could lapse and did not', mutex, [acquire('a', 0, 1, 1), release(1, 90, 91, true)]],
  ['one that lapsed with nobody there', mutex, [acquire('a', 0, 1, 1), renew(1, 9, 10, false)]],
  ['one that was renewed in time', mutex, [acquire('a', 0, 1, 1), renew(1, 8, 9, true), acquire('b', 1, 18, 2)]],
  [
    'a renewal that lost the race with its end',
    mutex,
    [acquire('a', 0, 1, 1), renew(1, 8, 12, false), acquire('b', 1, 11, 2)],
  ],
  [
    'a holder that is more careful than it must be',
    mutex,
    [acquire('a', 0, 1, 1), check(1, 2, 3, false), check(1, 4, 5, true)],
  ],
  ['a try while it is held', mutex, [acquire('a', 0, 1, 1), attempt('b', 2, 3), release(1, 4, 5, true)]],
  ['an unknown acquire that never was', mutex, [acquire('a', 0, null), acquire('b', 1, 2, 1)]],
  ['one that took effect', mutex, [acquire('a', 0, null), attempt('b', 1, 2)]],
  [
    'one that took effect late',
    mutex,
    [acquire('a', 0, null), acquire('b', 1, 2, 1), release(1, 3, 4, true), attempt('c', 5, 6)],
  ],
  ['one that was given back unseen', mutex, [acquire('a', 0, null), attempt('b', 1, 2), acquire('c', 3, 4, 2)]],
  ['a lost reply to a release', mutex, [acquire('a', 0, 1, 1), release(1, 2, null), acquire('b', 3, 4, 2)]],
  ['a release that never arrived', mutex, [acquire('a', 0, 1, 1), release(1, 2, null), check(1, 3, 4, true)]],
  ['a lost reply to a renewal', mutex, [acquire('a', 0, 1, 1), renew(1, 8, null), acquire('b', 9, 10, 2)]],
  ['an answer nobody heard', mutex, [acquire('a', 0, 1, 1), release(1, 2, 3), release(1, 4, 5, false)]],
  [
    'an acquire that is over, and nobody heard how',
    mutex,
    [acquire('a', 0, 1, 1), acquire('b', 2, 3), check(1, 4, 5, true)],
  ],
  [
    'hand-overs that were sooner than a lapse',
    mutex,
    [acquire('a', 0, 1, 1), acquire('b', 0, 11, 2), release(1, 0, 12), release(2, 0, 13), acquire('c', 0, 5, 3)],
  ],
  ['a cancel that came first', mutex, [acquire('a', 0, null), cancel('a', 1, 2), acquire('b', 3, 4, 1)]],
  [
    'a lease taken by force',
    mutex,
    [acquire('a', 0, 1, 1), force(1, 2, 3), acquire('b', 4, 5, 2), release(1, 6, 7, false)],
  ],
  [
    'all taken by force',
    three,
    [acquire('a', 0, 1, 1), acquire('b', 0, 1, 2), force(undefined, 2, 3), acquire('c', 4, 5, 3, 3)],
  ],
  [
    'a place that forgot its holders',
    mutex,
    [acquire('a', 0, 1, 1), wipe(2, 3), acquire('b', 4, 5, 2), renew(1, 6, 7, false)],
  ],
  [
    'a lapse within the drift of clocks',
    sequentialLease({ ttl: 10, drift: 2 }),
    [acquire('a', 0, 0, 1), acquire('b', 1, 8, 2)],
  ],
  [
    'leases without an end',
    sequentialLease(),
    [acquire('a', 0, 1, 1), release(1, 900, 901, true), acquire('b', 2, 902, 2)],
  ],
  ['weights that fit', three, [acquire('a', 0, 1, 1, 2), acquire('b', 0, 1, 2, 1), attempt('c', 2, 3)]],
  ['weights that wait', three, [acquire('a', 0, 1, 1, 2), acquire('b', 0, 5, 2, 2), release(1, 2, 4, true)]],
  [
    'as many lapses as are needed',
    three,
    [
      acquire('a', 0, 1, 1),
      acquire('b', 0, 1, 2),
      acquire('c', 0, 1, 3),
      acquire('d', 2, 10, 4, 2),
      check(1, 11, 12, true),
    ],
  ],
  [
    'order of arrival',
    fifo,
    [
      acquire('a', 0, 1, 1),
      waiting(acquire('b', 2, 7, 2), 3),
      waiting(acquire('c', 4, 9, 3), 5),
      release(1, 6, 7),
      release(2, 8, 9),
    ],
  ],
  [
    'either order of those who came at once',
    fifo,
    [
      acquire('a', 0, 1, 1),
      waiting(acquire('b', 2, 9, 3), 4),
      waiting(acquire('c', 3, 7, 2), 5),
      release(1, 6, 7),
      release(2, 8, 9),
    ],
  ],
  [
    'a waiter that nobody knew to wait',
    fifo,
    [
      acquire('a', 0, 1, 1),
      acquire('b', 2, 9, 3),
      waiting(acquire('c', 4, 7, 2), 5),
      release(1, 6, 7),
      release(2, 8, 9),
    ],
  ],
  [
    'a dead waiter that is passed',
    fifo,
    [acquire('a', 0, 1, 1), waiting(acquire('b', 2, null), 3), acquire('c', 4, 7, 2), release(1, 6, 7)],
  ],
  [
    'a waiter that went away',
    fifo,
    [
      acquire('a', 0, 1, 1),
      waiting(acquire('b', 2, null), 3),
      cancel('b', 4, 5),
      acquire('c', 4, 7, 2),
      release(1, 6, 7),
    ],
  ],
  [
    'busy because of the queue',
    sequentialLease({ permits: 3, fifo: true }),
    [acquire('a', 0, 1, 1), acquire('b', 2, 9, 2, 3), attempt('c', 3, 4), release(1, 5, 6)],
  ],
  [
    'another order after the place forgot its queue',
    fifo,
    [acquire('a', 0, 1, 1), waiting(acquire('b', 2, 9, 3), 3), wipe(4, 5), acquire('c', 6, 7, 2), release(2, 8, 9)],
  ],
];

const rejected: [name: string, model: typeof mutex, history: History][] = [
  ['granted twice', mutex, [acquire('a', 0, 1, 1), acquire('b', 2, 3, 2)]],
  ['granted twice, at once', mutex, [acquire('a', 0, 1, 1), acquire('b', 0, 1, 2)]],
  ['granted again too early', mutex, [acquire('a', 0, 1, 1), acquire('b', 1, 9, 2)]],
  [
    'granted again before a renewed lease ended',
    mutex,
    [acquire('a', 0, 1, 1), renew(1, 8, 9, true), acquire('b', 1, 17, 2)],
  ],
  [
    'a stale release accepted',
    mutex,
    [acquire('a', 0, 1, 1), acquire('b', 1, 11, 2), release(1, 12, 13, true), check(2, 14, 15, true)],
  ],
  [
    'a stale release that freed another one',
    mutex,
    [acquire('a', 0, 1, 1), acquire('b', 1, 11, 2), release(1, 12, 13), acquire('c', 12, 14, 3)],
  ],
  ['a stale renewal accepted', mutex, [acquire('a', 0, 1, 1), acquire('b', 1, 11, 2), renew(1, 12, 13, true)]],
  [
    'a stale holder that believes in its lease',
    mutex,
    [acquire('a', 0, 1, 1), acquire('b', 1, 11, 2), check(1, 12, 13, true)],
  ],
  ['a release accepted twice', mutex, [acquire('a', 0, 1, 1), release(1, 2, 3, true), release(1, 4, 5, true)]],
  ['a release of what was never granted', mutex, [release(1, 4, 5, true)]],
  ['a release refused to its holder', mutex, [acquire('a', 0, 1, 1), release(1, 2, 3, false)]],
  ['a renewal refused to its holder', mutex, [acquire('a', 0, 1, 1), renew(1, 2, 3, false), release(1, 4, 5, true)]],
  ['a fence that does not rise', mutex, [acquire('a', 0, 1, 2), release(2, 2, 3), acquire('b', 4, 5, 1)]],
  ['a fence used twice', mutex, [acquire('a', 0, 1, 1), release(1, 2, 3), acquire('b', 4, 5, 1)]],
  ['a fence used twice by two who overlap', mutex, [acquire('a', 0, 1, 1), acquire('b', 1, 11, 1)]],
  ['a fence that fell when the place forgot', mutex, [acquire('a', 0, 1, 2), wipe(2, 3), acquire('b', 4, 5, 1)]],
  ['busy while free', mutex, [acquire('a', 0, 1, 1), release(1, 2, 3), attempt('b', 4, 5)]],
  ['busy before an unknown acquire was called', mutex, [attempt('b', 1, 2), acquire('a', 3, null)]],
  ['a ghost: granted after its cancel', mutex, [acquire('a', 0, null), cancel('a', 1, 2), attempt('b', 3, 4)]],
  [
    'a cancelled request that hears of a grant',
    mutex,
    [acquire('a', 0, 5, 1), cancel('a', 1, 2), acquire('b', 3, 4, 2), check(1, 6, 7, true)],
  ],
  [
    'an unknown release undone',
    mutex,
    [acquire('a', 0, 1, 1), release(1, 2, null), acquire('b', 3, 4, 2), check(1, 5, 6, true)],
  ],
  ['a lease that survived force', mutex, [acquire('a', 0, 1, 1), force(1, 2, 3), check(1, 4, 5, true)]],
  ['force against the wrong one', mutex, [acquire('a', 0, 1, 1), force(9, 2, 3), acquire('b', 4, 5, 2)]],
  ['a lease that survived a wipe', mutex, [acquire('a', 0, 1, 1), wipe(2, 3), release(1, 4, 5, true)]],
  [
    'a lapse beyond the drift of clocks',
    sequentialLease({ ttl: 10, drift: 1 }),
    [acquire('a', 0, 0, 1), acquire('b', 1, 8, 2)],
  ],
  ['a lapse of a lease without an end', sequentialLease(), [acquire('a', 0, 1, 1), acquire('b', 2, 9e9, 2)]],
  ['too much weight', three, [acquire('a', 0, 1, 1, 2), acquire('b', 2, 3, 2, 2)]],
  ['more than there is', three, [acquire('a', 0, 1, 1, 4)]],
  ['busy with room for it', three, [acquire('a', 0, 1, 1, 2), attempt('b', 2, 3)]],
  ['more lapses than time allows', three, [acquire('a', 0, 1, 1, 2), acquire('b', 5, 6, 2), acquire('c', 7, 14, 3, 3)]],
  [
    'two who believe in what had to lapse for another',
    three,
    [
      acquire('a', 0, 1, 1),
      acquire('b', 0, 1, 2),
      acquire('c', 0, 1, 3),
      acquire('d', 2, 10, 4, 2),
      check(1, 11, 12, true),
      check(2, 11, 12, true),
    ],
  ],
  [
    'a queue jumped',
    fifo,
    [
      acquire('a', 0, 1, 1),
      waiting(acquire('b', 2, 9, 3), 3),
      waiting(acquire('c', 4, 7, 2), 5),
      release(1, 6, 7),
      release(2, 8, 9),
    ],
  ],
  [
    'a queue jumped by one that never waited',
    fifo,
    [
      acquire('a', 0, 1, 1),
      waiting(acquire('b', 2, 9, 3), 3),
      release(1, 6, 7),
      acquire('c', 4, 7, 2),
      release(2, 8, 9),
    ],
  ],
  ['busy in front of an empty queue', fifo, [attempt('c', 0, 1), acquire('b', 2, 3, 2)]],
  [
    'a heavy waiter starved',
    sequentialLease({ permits: 3, fifo: true }),
    [
      acquire('a', 0, 1, 1),
      waiting(acquire('b', 2, 9, 3, 3), 3),
      acquire('c', 4, 5, 2),
      release(1, 6, 7),
      release(2, 6, 7),
    ],
  ],
];

describe('sequentialLease', () => {
  it.each(accepted)('accepts %s', (_, model, history) => {
    expect(() => linearizable(model, history)).not.toThrow();
  });

  it.each(rejected)('finds %s', (_, model, history) => {
    expect(() => linearizable(model, history)).toThrow('not linearizable');
  });

  it('shows who holds where an answer does not fit', () => {
    expect(() => linearizable(mutex, [acquire('a', 0, 1, 1), acquire('b', 2, 3, 2)])).toThrow(
      [
        'The history is not linearizable: after 1 answers that fit comes one that does not:',
        '  b: { do: "acquire", id: "b", cost: 1 } -> { fence: 2 }, from 2.000 ms, until 3.000 ms',
        'What was before can be explained by:',
        '  a: { do: "acquire", id: "a", cost: 1 } -> { fence: 1 }, from 0.000 ms, until 1.000 ms',
        'which leaves: { now: 0, fence: 1, held: [{ id: "a", fence: 1, cost: 1, until: 10000000 }], cancelled: [] }',
      ].join('\n'),
    );
  });

  it('looks at the queue only if it is told to', () => {
    const jumped: History = [
      acquire('a', 0, 1, 1),
      waiting(acquire('b', 2, 9, 3), 3),
      acquire('c', 4, 7, 2),
      release(1, 6, 7),
      release(2, 8, 9),
    ];
    expect(() => linearizable(mutex, jumped)).not.toThrow();
    expect(() => linearizable(fifo, jumped)).toThrow('do: "acquire", id: "c"');
  });

  it('allows a drift of a millisecond, if nothing else is said', () => {
    const after = (end: number): History => [acquire('a', 0, 0, 1), acquire('b', 1, end, 2)];
    const model = sequentialLease({ ttl: 10 });
    expect(() => linearizable(model, after(9))).not.toThrow();
    expect(() => linearizable(model, after(8.999))).toThrow('not linearizable');
  });

  it('refuses options that it does not know or cannot use', () => {
    expect(() => sequentialLease({ lease: 1 } as never)).toThrow("no option 'lease'");
    expect(() => sequentialLease({ ttl: -1 })).toThrow('sequentialLease.ttl');
    expect(() => sequentialLease({ drift: Infinity })).toThrow('sequentialLease.drift');
    expect(() => sequentialLease({ permits: 0 })).toThrow('sequentialLease.permits');
    expect(() => sequentialLease({ fifo: 1 as never })).toThrow('sequentialLease.fifo');
  });
});
