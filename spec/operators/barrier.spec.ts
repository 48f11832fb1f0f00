import { bufferCount, concat, EMPTY, map, merge, NEVER, of, Subject, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  AcquireTimeoutError,
  AbortedError,
  BarrierBrokenError,
  LimitImpossibleError,
  OverflowError,
} from '../../lib/errors.ts';
import { cyclicBarrier, inspect } from '../../lib/index.ts';
import { barrier } from '../../operators/barrier.ts';
import { anError, diagram } from '../support/diagram.ts';
import { documented } from '../support/documented.ts';
import { stateOf } from '../support/stateOf.ts';

describe('barrier', () => {
  it(
    'lets a generation pass when all parties have come, as its diagram says',
    diagram(({ hot, expectObservable, expectSubscriptions }) => {
      const row = documented('barrier');
      const round = barrier<string>(2);
      for (const party of ['a', 'b']) {
        const source = hot(row(`source ${party}`));
        expectObservable(source.pipe(round)).toBe(row(`result ${party}`));
        expectSubscriptions(source.subscriptions).toBe(`^${'-'.repeat(row(`source ${party}`).length - 2)}!`);
      }
    }),
  );

  it(
    'keeps the values of one party in order, each for a generation of its own',
    diagram(({ cold, expectObservable }) => {
      const round = barrier<string>(3);
      expectObservable(cold('(abc|)       ').pipe(round)).toBe('---a--b--(c|)');
      expectObservable(cold('-(def|)      ').pipe(round)).toBe('---d--e--(f|)');
      expectObservable(cold('---g--h--(i|)').pipe(round)).toBe('---g--h--(i|)');
    }),
  );

  it(
    'opens in the order of arrival, all in one moment',
    diagram(({ flush }) => {
      const round = barrier<string>(3);
      const seen: string[][] = [];
      const agents = [of('a1', 'a2'), of('b1', 'b2'), of('c1', 'c2')];
      merge(...agents.map((agent) => agent.pipe(round)))
        .pipe(bufferCount(3))
        .subscribe((generation) => seen.push(generation));
      flush();
      expect(seen.map((generation) => generation.sort())).toEqual([
        ['a1', 'b1', 'c1'],
        ['a2', 'b2', 'c2'],
      ]);
    }),
  );

  it(
    'begins the next generation for a value that comes while one passes',
    diagram(() => {
      const round = barrier<number>(2);
      const [left, right] = [new Subject<number>(), new Subject<number>()];
      const log: string[] = [];
      left.pipe(round).subscribe((n) => {
        log.push(`left ${n}`);
        if (n < 3) left.next(n + 1);
      });
      right.pipe(round).subscribe((n) => log.push(`right ${n}`));
      left.next(1);
      for (const n of [1, 2, 3]) right.next(n);
      expect(log).toEqual(['left 1', 'right 1', 'left 2', 'right 2', 'left 3', 'right 3']);
    }),
  );

  it(
    'completes when the source has completed and its last value has passed',
    diagram(({ cold, expectObservable }) => {
      const round = barrier<string>(2);
      expectObservable(EMPTY.pipe(round)).toBe('|');
      expectObservable(cold('a|').pipe(round)).toBe('----(a|)');
      expectObservable(cold('----b-|').pipe(round)).toBe('----b-|');
      // Who has nothing more to bring leaves the others waiting.
      expectObservable(cold('------c|').pipe(round)).toBe('-');
    }),
  );

  it(
    'breaks for the others when a party leaves, and begins anew',
    diagram(({ cold, expectObservable, flush }) => {
      const round = barrier<string>(cyclicBarrier('round', { parties: 3 }));
      expectObservable(cold('a-').pipe(round), '---!').toBe('----');
      expectObservable(cold('-b-').pipe(round)).toBe('---#', undefined, anError(BarrierBrokenError));
      for (const value of ['c', 'd', 'e'])
        expectObservable(cold(`----(${value}|)`).pipe(round)).toBe(`----(${value}|)`);
      flush();
      expect(stateOf('round')).toMatchObject({ waiting: [], generation: 1 });
    }),
  );

  it(
    'breaks for the others when the source of a party that waits fails, but not when one fails that does not',
    diagram(({ cold, expectObservable }) => {
      const round = barrier<string>(3);
      expectObservable(cold('---#').pipe(round)).toBe('---#');
      expectObservable(cold('a----#').pipe(round)).toBe('-----#');
      expectObservable(cold('-b-').pipe(round)).toBe('-----#', undefined, anError(BarrierBrokenError));
    }),
  );

  it(
    "with onLeave 'forget' lets the others wait for another party",
    diagram(({ cold, expectObservable }) => {
      const round = barrier<string>(cyclicBarrier('round', { parties: 2, onLeave: 'forget' }));
      expectObservable(cold('a-').pipe(round), '--!').toBe('---');
      expectObservable(cold('---b|').pipe(round)).toBe('-----(b|)');
      expectObservable(cold('-----c|').pipe(round)).toBe('-----c|');
    }),
  );

  it(
    'breaks when its own timeout is over',
    diagram(({ cold, expectObservable }) => {
      const round = barrier<string>(cyclicBarrier('round', { parties: 2, timeout: 4 }));
      expectObservable(cold('-a--').pipe(round)).toBe('-----#', undefined, anError(BarrierBrokenError));
      expectObservable(cold('------b|').pipe(round)).toBe('---------(b|)');
      expectObservable(cold('---------c|').pipe(round)).toBe('---------c|');
    }),
  );

  it(
    'breaks when one of its values waits longer than the timeout of its option, or is called off',
    diagram(({ cold, expectObservable }) => {
      const early = cyclicBarrier('early', { parties: 3 });
      expectObservable(cold('-a-').pipe(barrier(early, { timeout: 3 }))).toBe(
        '----#',
        undefined,
        anError(AcquireTimeoutError),
      );
      expectObservable(cold('--b').pipe(barrier(early))).toBe('----#', undefined, anError(BarrierBrokenError));
      const controller = new AbortController();
      timer(5).subscribe(() => controller.abort());
      const called = cyclicBarrier('called', { parties: 3 });
      expectObservable(cold('-a-').pipe(barrier(called, { signal: controller.signal }))).toBe(
        '-----#',
        undefined,
        anError(AbortedError),
      );
      expectObservable(cold('--b').pipe(barrier(called))).toBe('-----#', undefined, anError(BarrierBrokenError));
    }),
  );

  it(
    'takes a number, a description, a live gate or a name; numbers make a barrier of their own',
    diagram(({ cold, coordinator, expectObservable }) => {
      coordinator.define(cyclicBarrier('defined', { parties: 2 }));
      const gates = [
        2,
        cyclicBarrier('spec', { parties: 2 }),
        coordinator.open(cyclicBarrier('live', { parties: 2 })),
        'defined',
      ];
      for (const gate of gates) {
        const round = barrier<string>(gate);
        expectObservable(cold('a|').pipe(round)).toBe('--(a|)');
        expectObservable(cold('--b|').pipe(round)).toBe('--b|');
      }
      expectObservable(cold('a|').pipe(barrier(2))).toBe('-');
      expectObservable(cold('b|').pipe(barrier(2))).toBe('-');
      expectObservable(cold('ab|').pipe(barrier(1))).toBe('ab|');
    }),
  );

  it(
    'keeps to the bound of its buffer',
    diagram(({ cold, expectObservable }) => {
      const round = cyclicBarrier('round', { parties: 2 });
      expectObservable(cold('abc').pipe(barrier(round, { maxQueue: 1 }))).toBe(
        '--#',
        undefined,
        anError(OverflowError),
      );
      expectObservable(cold('--(xyz|)').pipe(barrier(round, { maxQueue: 1, overflow: 'drop-oldest' }))).toBe(
        '-----x----(z|)',
      );
      expectObservable(cold('-----p----q|').pipe(barrier(round))).toBe('-----p----q|');
    }),
  );

  it(
    'has the label and the key of its options',
    diagram(() => {
      const round = cyclicBarrier('round', { parties: 2 });
      of('a')
        .pipe(barrier(round, { label: 'agent', key: 'k' }))
        .subscribe();
      of('b').pipe(barrier(round)).subscribe();
      expect(inspect(round, 'k')).toMatchObject({ waiting: [{ who: 'agent' }] });
    }),
  );

  it(
    'refuses a cost: a party is one',
    diagram(({ cold, expectObservable }) => {
      expectObservable(cold('-a|').pipe(barrier(2, { cost: 2 }))).toBe('-#', undefined, anError(LimitImpossibleError));
    }),
  );

  it(
    'goes with other operators, and can be used again after an error',
    diagram(({ cold, expectObservable }) => {
      const round = barrier<string>(2);
      const twice = (value: string) => concat(of(value), timer(2).pipe(map(() => value)));
      expectObservable(twice('a').pipe(round)).toBe('a-(a|)');
      expectObservable(twice('b').pipe(round)).toBe('b-(b|)');
      expectObservable(merge(NEVER, cold('----#')).pipe(round)).toBe('----#');
    }),
  );

  it('refuses what is no number of parties, at once', () => {
    for (const parties of [0, -1, 1.5, NaN, Infinity])
      expect(() => barrier(parties)).toThrow(/parties must be a positive integer/);
    expect(() => barrier(2, { paties: 1 } as never)).toThrow("barrier() has no option 'paties'");
    expect(() => barrier(2, { maxQueue: -1 })).toThrow('barrier().maxQueue');
  });
});
