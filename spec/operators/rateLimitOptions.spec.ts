import { getEventListeners } from 'node:events';
import { of, Subject, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AbortedError, AcquireTimeoutError, BusyError, LimitImpossibleError, OverflowError } from '../../lib/errors.ts';
import { acquire, mutex, rateLimiter, type Grant } from '../../lib/index.ts';
import { rateLimit, type RateLimitOptions } from '../../operators/rateLimit.ts';
import { withLock } from '../../operators/withLock.ts';
import { anError, diagram } from '../support/diagram.ts';
import { nobody, stateOf } from '../support/stateOf.ts';

/** One value in 3 milliseconds. */
const one = { limit: 1, per: 3 } as const;
/** One in 5: what passes together has its place in a diagram. */
const slow = { limit: 1, per: 5 } as const;

describe('the options of rateLimit', () => {
  it(
    'cost: a number, or a function of the value',
    diagram(({ cold, expectObservable }) => {
      const five = { limit: 5, per: 5 } as const;
      const values = { a: 'a', b: 'bbb', c: 'cc' };
      expectObservable(cold('(aaa|)').pipe(rateLimit(five, { cost: 2.5 }))).toBe('(aa)-(a|)');
      const byLength = rateLimit<string>(five, { cost: ({ length }) => length });
      expectObservable(cold('(abc|)', values).pipe(byLength)).toBe('(ab)-(c|)', values);
      expectObservable(cold('-a|').pipe(rateLimit(five, { cost: 6 }))).toBe(
        '-#',
        undefined,
        anError(LimitImpossibleError),
      );
      expectObservable(cold('-a|').pipe(rateLimit(five, { cost: () => 6 }))).toBe(
        '-#',
        undefined,
        anError(LimitImpossibleError),
      );
    }),
  );

  it(
    'key: a string, or a function of the value',
    diagram(({ cold, expectObservable }) => {
      const paced = (key: RateLimitOptions<string>['key']) => rateLimit(rateLimiter('api', slow), { key: key! });
      expectObservable(cold('(ab|)').pipe(paced('x'))).toBe('a----(b|)');
      expectObservable(cold('(ab|)').pipe(paced('y'))).toBe('a----(b|)');
      expectObservable(cold('(aba|)').pipe(paced((value) => value))).toBe('(ab)-(a|)');
    }),
  );

  it.each<[string, number, string]>([
    // a passes at once, b asks and is not in the buffer; then there are c, d and e.
    ['drop-oldest', 2, 'abde'],
    ['drop-newest', 2, 'abcd'],
    ['drop-oldest', 1, 'abe'],
    ['drop-newest', 1, 'abc'],
    ['drop-oldest', 0, 'ab'],
    ['drop-newest', 0, 'ab'],
    ['error', 3, 'abcde'],
    ['drop-newest', Infinity, 'abcde'],
  ])('overflow %s with maxQueue %d', (overflow, maxQueue, expected) => {
    diagram(({ cold, expectObservable }) => {
      const result = cold('(abcde|)').pipe(rateLimit(slow, { maxQueue, overflow: overflow as 'error' }));
      const marbles = expected
        .split('')
        .map((value, i) => (i === expected.length - 1 ? `(${value}|)` : `${value}----`))
        .join('');
      expectObservable(result).toBe(marbles);
    })();
  });

  it(
    'overflow error, which is the default: one too many ends it',
    diagram(({ cold, coordinator, expectObservable, expectSubscriptions, flush }) => {
      const api = coordinator.open(rateLimiter('api', slow));
      const source = cold('                                          abcd--|');
      expectObservable(source.pipe(rateLimit(api, { maxQueue: 1 }))).toBe('a--#', undefined, anError(OverflowError));
      expectSubscriptions(source.subscriptions).toBe('               ^--!');
      flush();
      expect(stateOf(api)).toMatchObject(nobody);
    }),
  );

  it(
    'maxQueue is 10,000 unless it is said',
    diagram(() => {
      const source = new Subject<number>();
      const errors: unknown[] = [];
      source.pipe(rateLimit(one)).subscribe({ error: (error: unknown) => errors.push(error) });
      for (let i = 0; i < 10_002; i++) source.next(i);
      expect(errors).toEqual([]);
      source.next(0);
      expect(errors).toMatchObject([{ code: 'RXB_OVERFLOW', details: { maxQueue: 10_000 } }]);
    }),
  );

  it(
    'timeout: each value waits so long at the head and no longer',
    diagram(({ cold, expectObservable, flush, coordinator }) => {
      const api = coordinator.open(rateLimiter('api', slow));
      const paced = (timeout: number) => rateLimit<string>(api, { timeout });
      expectObservable(cold('(abc|)').pipe(paced(6))).toBe('a----b----(c|)');
      expectObservable(cold('20ms (ab|)').pipe(paced(3))).toBe('20ms a--#', undefined, anError(AcquireTimeoutError));
      expectObservable(cold('40ms (ab|)').pipe(paced(0))).toBe('40ms (a#)', undefined, anError(BusyError));
      flush();
      expect(stateOf(api)).toMatchObject(nobody);
    }),
  );

  it(
    'signal: ends it when a value waits, and before the next one asks',
    diagram(({ cold, expectObservable, flush }) => {
      const controller = new AbortController();
      const { signal } = controller;
      timer(3).subscribe(() => controller.abort(new Error('enough')));
      expectObservable(cold('(ab|)').pipe(rateLimit(slow, { signal }))).toBe('a--#', undefined, anError(AbortedError));
      expectObservable(cold('a----b|').pipe(rateLimit(slow, { signal }))).toBe(
        'a----#',
        undefined,
        anError(AbortedError),
      );
      expectObservable(cold('a-----|').pipe(rateLimit(slow, { signal }))).toBe('a-----|');
      flush();
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    }),
  );

  it(
    'priority: the limiter serves higher ones first',
    diagram(({ cold, expectObservable }) => {
      const api = rateLimiter('api', one);
      expectObservable(cold('(ab|)').pipe(rateLimit(api))).toBe('                a-----(b|)');
      expectObservable(cold('-c|').pipe(rateLimit(api, { priority: 1 }))).toBe('  ---(c|)');
    }),
  );

  it(
    'label: how inspect calls it',
    diagram(({ coordinator }) => {
      const api = coordinator.open(rateLimiter('api', one));
      of(1, 2)
        .pipe(rateLimit(api, { label: 'me' }))
        .subscribe();
      expect(stateOf(api).waiting).toMatchObject([{ who: 'me' }]);
    }),
  );

  it(
    'owner: is let in where the owner is already',
    diagram(({ cold, expectObservable }) => {
      const twice = mutex('twice', { reentrant: true });
      let owner: Grant | undefined;
      acquire(twice).subscribe((grant) => (owner = grant));
      expectObservable(cold('-a|').pipe(rateLimit(twice, { owner: owner! }))).toBe('-a|');
      expectObservable(cold('-a|').pipe(rateLimit(twice))).toBe('-');
    }),
  );

  it(
    'are the same where a function picks the gate',
    diagram(({ cold, expectObservable }) => {
      timer(9).pipe(withLock('b')).subscribe();
      const options = { timeout: 4, maxQueue: 1, overflow: 'drop-newest' } as const;
      const picked = rateLimit<string>((value) => value, options);
      expectObservable(cold('abc|').pipe(picked)).toBe('a----#', undefined, anError(AcquireTimeoutError));
    }),
  );
});
