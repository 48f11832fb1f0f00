import fc from 'fast-check';
import {
  EMPTY,
  finalize,
  map,
  mergeMap,
  type MonoTypeOperatorFunction,
  NEVER,
  Observable,
  of,
  range,
  repeat,
  retry,
  share,
  Subject,
  Subscriber,
  take,
  throwError,
  toArray,
  UnsubscriptionError,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../lib/errors.ts';
import { allOf } from '../../lib/gates/allOf.ts';
import { inspect } from '../../lib/gates/inspect.ts';
import type { GateState } from '../../lib/gates/state.ts';
import { cyclicBarrier } from '../../lib/gates/cyclicBarrier.ts';
import { rateLimiter } from '../../lib/gates/rateLimiter.ts';
import { barrier } from '../../operators/barrier.ts';
import { exclusive } from '../../operators/exclusive.ts';
import { fixedWindow } from '../../operators/fixedWindow.ts';
import { leakyBucket } from '../../operators/leakyBucket.ts';
import { rateLimit } from '../../operators/rateLimit.ts';
import { slidingWindow } from '../../operators/slidingWindow.ts';
import { tokenBucket } from '../../operators/tokenBucket.ts';
import { withLock } from '../../operators/withLock.ts';
import { diagram } from '../support/diagram.ts';
import { runs } from '../support/runs.ts';
import { unhandledErrors } from '../support/unhandled.ts';

const plenty = { limit: 1e6, per: 1 } as const;

/** Each operator over a gate that is free, where it passes everything on as it comes. */
const operators: readonly (readonly [
  name: string,
  gate: string,
  make: (options?: never) => MonoTypeOperatorFunction<string>,
])[] = [
  ['withLock', 'gate', (options) => withLock('gate', options)],
  ['withLock with a function', 'gate', (options) => withLock(() => 'gate', options)],
  ['exclusive', 'gate', (options) => exclusive('gate', (value) => of(value), options)],
  [
    'exclusive with a function',
    'gate',
    (options) =>
      exclusive(
        () => 'gate',
        (value) => of(value),
        options,
      ),
  ],
  ['rateLimit', 'gate', (options) => rateLimit(rateLimiter('gate', plenty), options)],
  ['rateLimit by a lease', 'gate', (options) => rateLimit('gate', options)],
  ['rateLimit with a function', 'gate', (options) => rateLimit(() => 'gate', options)],
  ['tokenBucket', 'gate', (options) => tokenBucket({ ...plenty, name: 'gate' }, options)],
  ['slidingWindow', 'gate', (options) => slidingWindow({ ...plenty, name: 'gate' }, options)],
  ['fixedWindow', 'gate', (options) => fixedWindow({ ...plenty, name: 'gate' }, options)],
  ['leakyBucket', 'gate', (options) => leakyBucket({ limit: 1e9, per: 1, name: 'gate' }, options)],
  ['barrier', 'gate', (options) => barrier(cyclicBarrier('gate', { parties: 1 }), options)],
];

const left = (gate: string): object => {
  const { holders, waiting } = inspect(gate) as GateState;
  return { holders, waiting };
};
const nobody = { holders: [], waiting: [] };

const unhandled = unhandledErrors();

describe.each(operators)('%s over a free gate', (name, gate, make) => {
  it.each([
    ['never', '      -          ', '^          '],
    ['empty', '      |          ', '(^!)       '],
    ['ends later', ' -----|     ', '^----!     '],
    ['one value', '  --a--|     ', '^----!     '],
    ['values', '     -a-bc--(de|)', '^------!   '],
    ['at once', '    (abc|)     ', '(^!)       '],
    ['no end', '     -a--b-     ', '^          '],
    ['error', '      #          ', '(^!)       '],
    ['late error', ' -a-#       ', '^--!       '],
  ])('passes on: %s', (which, marbles, subscriptions) => {
    diagram(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const source = cold(marbles);
      expectObservable(source.pipe(make())).toBe(marbles);
      expectSubscriptions(source.subscriptions).toBe(subscriptions.trim());
      flush();
      expect(left(gate)).toEqual({ holders: /never|no end/.test(which) ? expect.anything() : [], waiting: [] });
    })();
  });

  it(
    'joins a hot source where it is, and leaves it with take',
    diagram(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('a-^-b---c-|');
      expectObservable(source.pipe(make(), take(1))).toBe('--(b|)');
      expectSubscriptions(source.subscriptions).toBe('^-!');
    }),
  );

  it(
    'lets go when it is unsubscribed',
    diagram(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const source = cold('             -a-b-c-|');
      const unsubscribed = '            ----!   ';
      expectObservable(source.pipe(make()), unsubscribed).toBe('-a-b-   ');
      expectSubscriptions(source.subscriptions).toBe('          ^---!   ');
      flush();
      expect(left(gate)).toEqual(nobody);
    }),
  );

  it(
    'does not break the chain when the result is unsubscribed',
    diagram(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('             -a-b-c-|');
      const unsubscribed = '            ----!   ';
      const result = source.pipe(
        mergeMap((value) => of(value)),
        make(),
        mergeMap((value) => of(value)),
      );
      expectObservable(result, unsubscribed).toBe('-a-b-   ');
      expectSubscriptions(source.subscriptions).toBe('          ^---!   ');
    }),
  );

  it(
    'should stop listening to a synchronous observable when unsubscribed',
    diagram(() => {
      const sent: string[] = [];
      const firehose = new Observable<string>((subscriber) => {
        for (let i = 0; !subscriber.closed && i < 10; i++) {
          sent.push(`${i}`);
          subscriber.next(`${i}`);
        }
      });
      const seen: string[] = [];
      firehose.pipe(make(), take(3)).subscribe((value) => seen.push(value));
      expect([sent, seen]).toEqual([
        ['0', '1', '2'],
        ['0', '1', '2'],
      ]);
      expect(left(gate)).toEqual(nobody);
    }),
  );

  it(
    'stops where its consumer unsubscribes in the middle of a value',
    diagram(() => {
      const source = new Subject<string>();
      const seen: string[] = [];
      const subscription = source.pipe(make()).subscribe({
        next: (value) => {
          seen.push(value);
          subscription.unsubscribe();
          source.next('b');
        },
        complete: () => seen.push('complete'),
      });
      source.next('a');
      source.complete();
      expect(seen).toEqual(['a']);
      expect([source.observed, subscription.closed, left(gate)]).toEqual([false, true, nobody]);
    }),
  );

  it(
    'keeps the order of values that a consumer causes',
    diagram(() => {
      const source = new Subject<number>();
      const seen: unknown[] = [];
      source.pipe(map(String), make()).subscribe({
        next: (value) => {
          seen.push(value);
          if (Number(value) < 3) {
            source.next(Number(value) + 1);
            seen.push(`${value} left`);
          }
          if (value === '3') source.complete();
        },
        complete: () => seen.push('complete'),
      });
      source.next(1);
      // withLock hands every value on at once, as plain operators do; the others finish with one value first.
      const depth = ['1', '2', '3', 'complete', '2 left', '1 left'];
      const breadth = ['1', '1 left', '2', '2 left', '3', 'complete'];
      expect(seen).toEqual(name.startsWith('withLock') ? depth : breadth);
      expect(left(gate)).toEqual(nobody);
    }),
  );

  it(
    'takes a function, part of an observer, an observer, a Subject, or nothing',
    diagram(() => {
      const source = of('a', 'b').pipe(make());
      const seenBy = (subscribe: (next: (value: string) => void, complete: () => void) => void): string => {
        let seen = '';
        subscribe(
          (value) => (seen += value),
          () => (seen += '|'),
        );
        return seen;
      };
      expect(seenBy((next) => source.subscribe(next))).toBe('ab');
      expect(seenBy((next) => source.subscribe({ next }))).toBe('ab');
      expect(seenBy((_next, complete) => source.subscribe({ complete }))).toBe('|');
      expect(seenBy((next, complete) => source.subscribe({ next, complete, error: next }))).toBe('ab|');
      expect(seenBy(() => source.subscribe(null))).toBe('');
      expect(seenBy(() => source.subscribe())).toBe('');
      const subject = new Subject<string>();
      expect(
        seenBy((next, complete) => {
          subject.subscribe({ next, complete });
          source.subscribe(subject);
        }),
      ).toBe('ab|');
      class Counter {
        count = 0;
        next(): void {
          this.count++;
        }
      }
      const counter = new Counter();
      source.subscribe(counter);
      expect(counter.count).toBe(2);
    }),
  );

  it(
    'takes a full Subscriber, and does nothing for one that is closed',
    diagram(() => {
      const seen: string[] = [];
      let subscriptions = 0;
      const source = new Observable<string>((subscriber) => {
        subscriptions++;
        subscriber.next('a');
      }).pipe(make());
      const subscriber = new Subscriber<string>({ next: (value: string) => seen.push(value) } as never);
      expect(source.subscribe(subscriber)).toBe(subscriber);
      expect(seen).toEqual(['a']);
      subscriber.unsubscribe();
      expect(left(gate)).toEqual(nobody);

      expect(source.subscribe(subscriber).closed).toBe(true);
      expect([subscriptions, left(gate)]).toEqual([1, nobody]);
    }),
  );

  it(
    'reports what a consumer throws, and goes on',
    diagram(({ flush }) => {
      const errors = ['next', 'error', 'complete'].map((name) => new Error(name));
      const [inNext, inError, inComplete] = errors;
      const seen: string[] = [];
      const source = new Subject<string>();
      const result = source.pipe(make());
      const bad = result.subscribe({
        next: () => {
          throw inNext;
        },
        complete: () => {
          throw inComplete;
        },
      });
      expect(() => source.next('a')).not.toThrow();
      expect(() => source.complete()).not.toThrow();
      expect(bad.closed).toBe(true);
      throwError(() => 'x')
        .pipe(make())
        .subscribe({
          error: () => {
            throw inError;
          },
        });
      of('b')
        .pipe(make())
        .subscribe((value) => seen.push(value));
      flush();
      expect(unhandled).toEqual([inNext, inComplete, inError]);
      expect([seen, left(gate)]).toEqual([['b'], nobody]);
    }),
  );

  it(
    'reports an error that its consumer has no receiver for',
    diagram(({ flush }) => {
      const error = new Error('nobody listens');
      throwError(() => error)
        .pipe(make())
        .subscribe();
      throwError(() => error)
        .pipe(make())
        .subscribe(() => {});
      flush();
      expect(unhandled).toEqual([error, error]);
    }),
  );

  it(
    'reports a teardown of the source that throws, and gives the gate back',
    diagram(({ flush }) => {
      const error = new Error('teardown');
      const source = new Observable<string>((subscriber) => {
        subscriber.next('a');
        return () => {
          throw error;
        };
      });
      source.pipe(make()).subscribe().unsubscribe();
      const seen: string[] = [];
      source.pipe(make(), take(1)).subscribe({ next: (value) => seen.push(value), complete: () => seen.push('|') });
      flush();
      expect([seen, left(gate)]).toEqual([['a', '|'], nobody]);
      // Where it is torn down before it has said how, RxJS does not wrap what is thrown.
      expect(unhandled.map((problem) => (problem instanceof UnsubscriptionError ? [problem.errors] : problem))).toEqual(
        [[[error]], error],
      );
    }),
  );

  it(
    'is cold: a source is subscribed to once for each consumer, and torn down once',
    diagram(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const source = cold('-(a|)');
      let torn = 0;
      const result = source.pipe(
        finalize(() => torn++),
        make(),
      );
      expect(source.subscriptions).toEqual([]);
      expectObservable(result.pipe(repeat(2))).toBe('-a(a|)');
      expectSubscriptions(source.subscriptions).toBe(['^!', '-^!']);
      flush();
      expect(torn).toBe(2);
    }),
  );

  it(
    'works with retry, map and share',
    diagram(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const source = cold('-a-#');
      const result = source.pipe(
        make(),
        map((value) => value + value),
        retry(1),
        share(),
      );
      const values = { a: 'aa' };
      expectObservable(result).toBe('-a--a-#', values);
      expectObservable(result).toBe('-a--a-#', values);
      expectSubscriptions(source.subscriptions).toBe(['^--!', '---^--!']);
      flush();
      expect(left(gate)).toEqual(nobody);
    }),
  );

  it(
    'returns a subscription that is closed when all is over, and takes teardowns',
    diagram(() => {
      const log: string[] = [];
      const over = EMPTY.pipe(make()).subscribe();
      over.add(() => log.push('at once'));
      const open = NEVER.pipe(make()).subscribe();
      open.add(() => log.push('later'));
      expect([over.closed, open.closed, log]).toEqual([true, false, ['at once']]);
      open.unsubscribe();
      expect([open.closed, log]).toEqual([true, ['at once', 'later']]);
    }),
  );

  it(
    'needs no stack for 10,000 values at once',
    diagram(({ flush }) => {
      const seen: string[][] = [];
      range(0, 10_000)
        .pipe(map(String), make(), toArray())
        .subscribe((values) => seen.push(values));
      flush();
      expect(seen.map((values) => [values.length, values.at(-1)])).toEqual([[10_000, '9999']]);
    }),
  );

  it('refuses options that are unknown or out of range when it is made', () => {
    const bad: Record<string, unknown> = {
      tiemout: 1,
      timeout: 'soon',
      priority: 0.5,
      label: 5,
      key: 5,
      signal: {},
      cost: -1,
    };
    for (const [option, value] of Object.entries(bad)) {
      expect(() => make({ [option]: value } as never), option).toThrow(ConfigError);
      expect(() => make({ [option]: value } as never), option).toThrow(option);
      // It is the operator that was called that complains.
      expect(() => make({ [option]: value } as never), option).toThrow(name.split(' ')[0]);
    }
    expect(() => make({ owner: {} } as never)).toThrow(ConfigError);
  });
});

describe.each(operators.filter(([name]) => !name.startsWith('withLock')))('%s', (name, _gate, make) => {
  it('refuses a bad bound of its buffer', () => {
    for (const maxQueue of [-1, 0.5, NaN, '5', null]) {
      expect(() => make({ maxQueue } as never), String(maxQueue)).toThrow(ConfigError);
    }
    for (const maxQueue of [0, 1, Infinity]) expect(() => make({ maxQueue } as never)).not.toThrow();
    expect(() => make({ overflow: 'drop' } as never)).toThrow(/overflow/);
    expect(() => make({ overflow: 'drop' } as never)).toThrow(name.split(' ')[0]);
  });
});

describe('an option that would be ignored is refused:', () => {
  const all = allOf('a', 'b');

  it('maxQueue by withLock, which has no buffer', () => {
    expect(() => withLock('a', { maxQueue: 5 } as never)).toThrow("withLock() has no option 'maxQueue'");
  });

  it.each([
    ['withLock', (options: object) => withLock(all, options)],
    ['exclusive', (options: object) => exclusive(all, () => EMPTY, options)],
    ['rateLimit', (options: object) => rateLimit(all, options)],
  ])('cost and key by %s of an allOf, whose members have them', (_operator, make) => {
    expect(() => make({ cost: 2 })).toThrow(/cost must be left out/);
    expect(() => make({ key: 'k' })).toThrow(/key must be left out/);
  });

  it('a cost for each value by rateLimit of an allOf', () => {
    expect(() => rateLimit<string>(all, { cost: ({ length }) => length })).toThrow(/cost must be left out/);
  });
});

describe('what is no gate is refused when the operator is made:', () => {
  it.each([undefined, null, 5, true, {}, []])('%j', (gate) => {
    expect(() => withLock(gate as never)).toThrow(ConfigError);
    expect(() => exclusive(gate as never, () => EMPTY)).toThrow(ConfigError);
    expect(() => rateLimit(gate as never)).toThrow(ConfigError);
    expect(() => barrier((gate === 5 ? 0.5 : gate) as never)).toThrow(ConfigError);
  });

  it(
    'or, where a function picks it, an error of the result',
    diagram(({ cold, expectObservable }) => {
      const source = cold('-a|');
      const nothing = (): never => undefined as never;
      const error = expect.any(ConfigError) as unknown;
      expectObservable(source.pipe(withLock(nothing))).toBe('#', undefined, error);
      expectObservable(source.pipe(exclusive(nothing, () => EMPTY))).toBe('-#', undefined, error);
      expectObservable(source.pipe(rateLimit(nothing))).toBe('-#', undefined, error);
    }),
  );
});

it('whatever the marbles, a free gate changes nothing', () => {
  const marble = fc.array(fc.constantFrom('a', 'b', '-', '--', '(ab)'), { maxLength: 8 });
  const end = fc.constantFrom('|', '#', '-');
  const which = fc.constantFrom(...operators);
  fc.assert(
    fc.property(marble, end, which, (body, last, [, , make]) => {
      diagram(({ cold, expectObservable }) => {
        const marbles = body.join('') + last;
        expectObservable(cold(marbles).pipe(make())).toBe(marbles);
      })();
    }),
    { numRuns: runs(100) },
  );
});
