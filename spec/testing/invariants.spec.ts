import { from, NEVER, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { GateActivity } from '../../lib/gates/state.ts';
import { fifo, neverTwoHolders, rateNeverExceeded } from '../../lib/testing/invariants.ts';
import type { ActivityEvent } from '../../lib/testing/judge.ts';

const event = (action: GateActivity['action'], at: number, part: Partial<GateActivity> = {}): ActivityEvent => ({
  name: `rxbaton.gate.${action}`,
  data: {
    action,
    gate: 'db',
    kind: 'mutex',
    at,
    who: 'a',
    cost: 1,
    priority: 0,
    fence: null,
    ...part,
  } satisfies GateActivity,
});
const call = (at: number, part: Partial<GateActivity> = {}) =>
  event('granted', at, { gate: 'api', kind: 'limiter', ...part });

describe('neverTwoHolders', () => {
  const two = [event('granted', 1, { who: 'a', fence: 1 }), event('granted', 2, { who: 'b', fence: 2 })];

  it('finds two holders of a mutex and names the events', () => {
    expect(() => neverTwoHolders(two)).toThrow("'db' was held 2 times at once, and has 1:");
    expect(() => neverTwoHolders(two)).toThrow(/who: "a".*\n.*who: "b"/);
  });

  it.each(['released', 'lost'] as const)('lets the next one in after the first was %s', (action) => {
    const [first, second] = two as [ActivityEvent, ActivityEvent];
    expect(() => neverTwoHolders([first, event(action, 1, { fence: 1 }), second])).not.toThrow();
    expect(() => neverTwoHolders([first, event(action, 1, { fence: 7 }), second])).toThrow('held 2 times');
  });

  it('adds up costs against the permits', () => {
    const heavy = [
      event('granted', 1, { kind: 'semaphore', fence: 1, cost: 2 }),
      event('granted', 2, { kind: 'semaphore', fence: 2, cost: 2 }),
    ];
    expect(() => neverTwoHolders(heavy, { permits: 4 })).not.toThrow();
    expect(() => neverTwoHolders(heavy, { permits: 3 })).toThrow('held 4 times at once, and has 3');
  });

  it('keeps gates and keys apart, passes by other events, and judges one gate if asked', () => {
    const apart = [
      event('granted', 1, { fence: 1 }),
      event('granted', 1, { fence: 2, key: 'k' }),
      event('granted', 1, { fence: 3, gate: 'other' }),
    ];
    expect(() => neverTwoHolders([...apart, { name: 'customer_saved', data: null }])).not.toThrow();
    expect(() => neverTwoHolders(two, { gate: 'other' })).not.toThrow();
    expect(() => neverTwoHolders(two, { gate: 'db' })).toThrow('held 2 times');
  });

  it('tells holders without a fence apart by name', () => {
    expect(() => neverTwoHolders([event('granted', 1), event('released', 2), event('granted', 3)])).not.toThrow();
    expect(() => neverTwoHolders([event('granted', 1), event('granted', 3, { who: 'b' })])).toThrow('held 2 times');
  });
});

describe('rateNeverExceeded', () => {
  const limits = { limit: 2, per: 100 };

  it('finds a window of any position with too many', () => {
    expect(() => rateNeverExceeded([call(0), call(50), call(99)], limits)).toThrow(
      "'api' let in 3 within 100 ms, and the limit is 2:",
    );
    expect(() => rateNeverExceeded([call(0), call(90), call(110), call(150)], limits)).toThrow('let in 3');
  });

  it('takes a call exactly one window later to be outside', () => {
    expect(() => rateNeverExceeded([call(0), call(50), call(100), call(150)], limits)).not.toThrow();
  });

  it('counts cost, and each gate by itself', () => {
    expect(() => rateNeverExceeded([call(0, { cost: 2 }), call(99)], limits)).toThrow('let in 3');
    expect(() =>
      rateNeverExceeded([call(0, { cost: 2 }), call(99, { gate: 'b' }), call(99, { key: 'k' })], limits),
    ).not.toThrow();
    expect(() => rateNeverExceeded([call(0, { cost: 3 })], { ...limits, gate: 'b' })).not.toThrow();
    expect(() => rateNeverExceeded([call(0), call(1), call(2)], { limit: 2, per: '1s' })).toThrow('within 1000 ms');
  });
});

describe('fifo', () => {
  const queued = (who: string, part: Partial<GateActivity> = {}) => event('queued', 0, { who, ...part });
  const granted = (who: string, part: Partial<GateActivity> = {}) => event('granted', 1, { who, ...part });

  it('finds a waiter that was overtaken by one behind it, or by a newcomer', () => {
    expect(() => fifo([queued('a'), queued('b'), granted('b')])).toThrow("a was overtaken at 'db':");
    expect(() => fifo([queued('a'), granted('new')])).toThrow('a was overtaken');
  });

  it('accepts order of arrival, and those who leave or are refused', () => {
    expect(() => fifo([queued('a'), queued('b'), granted('a'), granted('b'), granted('c')])).not.toThrow();
    expect(() => fifo([queued('a'), queued('b'), event('left', 1, { who: 'a' }), granted('b')])).not.toThrow();
    expect(() => fifo([queued('a'), queued('b'), event('refused', 1, { who: 'a' }), granted('b')])).not.toThrow();
  });

  it('lets a higher priority go first, and nobody else', () => {
    expect(() =>
      fifo([queued('a'), queued('b', { priority: 1 }), granted('b', { priority: 1 }), granted('a')]),
    ).not.toThrow();
    expect(() => fifo([queued('a'), queued('b', { priority: 1 }), granted('a')])).toThrow('b was overtaken');
    expect(() => fifo([queued('a'), queued('b', { priority: -1 }), granted('b', { priority: -1 })])).toThrow(
      'a was overtaken',
    );
  });

  it('lets the fences decide where there are any', () => {
    expect(() => fifo([queued('a'), granted('new', { fence: 8 }), granted('a', { fence: 7 })])).not.toThrow();
    expect(() => fifo([queued('a'), granted('new', { fence: 6 }), granted('a', { fence: 7 })])).toThrow(
      'a was overtaken',
    );
    expect(() => fifo([queued('a'), granted('new', { fence: 6 })])).toThrow('a was overtaken');
  });

  it('keeps gates apart, and judges one if asked', () => {
    expect(() => fifo([queued('a'), granted('b', { gate: 'other' }), granted('a')])).not.toThrow();
    expect(() => fifo([queued('a'), granted('b')], { gate: 'other' })).not.toThrow();
  });
});

describe('judging a stream', () => {
  it('errors at the event that breaks the rule, while the stream goes on', () => {
    const events = new Subject<ActivityEvent>();
    const errors: unknown[] = [];
    neverTwoHolders(events).subscribe({ error: (error: unknown) => errors.push(error) });
    events.next(event('granted', 1, { fence: 1 }));
    expect(errors).toEqual([]);
    events.next(event('granted', 2, { fence: 2 }));
    expect(errors).toHaveLength(1);
    expect(events.observed).toBe(false);
  });

  it('completes with the stream, judging what was left open', () => {
    const seen: string[] = [];
    const note = { error: () => seen.push('wrong'), complete: () => seen.push('right') };
    fifo(from([event('queued', 0)])).subscribe(note);
    fifo(from([event('queued', 0), event('granted', 1, { who: 'b', fence: 1 })])).subscribe(note);
    fifo(NEVER).subscribe(note);
    expect(seen).toEqual(['right', 'wrong']);
  });

  it('begins anew with each subscription', () => {
    const once = neverTwoHolders(from([event('granted', 1, { fence: 1 })]));
    const seen: string[] = [];
    for (let i = 0; i < 2; i++) once.subscribe({ error: () => seen.push('wrong'), complete: () => seen.push('right') });
    expect(seen).toEqual(['right', 'right']);
  });

  it('refuses options that it does not know or cannot use', () => {
    expect(() => neverTwoHolders([], { permit: 2 } as never)).toThrow("no option 'permit'");
    expect(() => neverTwoHolders([], { permits: 0 })).toThrow('positive number');
    expect(() => rateNeverExceeded([], { limit: 0, per: 1 })).toThrow('positive number');
    expect(() => rateNeverExceeded([], { limit: 1, per: 0 })).toThrow('positive duration');
    expect(() => fifo([], { gates: 'db' } as never)).toThrow("no option 'gates'");
  });
});
