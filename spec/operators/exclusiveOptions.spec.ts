import { getEventListeners } from 'node:events';
import { EMPTY, NEVER, type Observable, of, Subject, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AbortedError, AcquireTimeoutError, BusyError, LimitImpossibleError, OverflowError } from '../../lib/errors.ts';
import { acquire, mutex, semaphore, type Grant } from '../../lib/index.ts';
import { exclusive, type ExclusiveOptions } from '../../operators/exclusive.ts';
import { withLock } from '../../operators/withLock.ts';
import { anError, diagram } from '../support/diagram.ts';
import { stateOf } from '../support/stateOf.ts';

describe('the options of exclusive', () => {
  it(
    'maxQueue and overflow error: one too many ends it',
    diagram(({ cold, expectObservable, expectSubscriptions }) => {
      const work = cold('                                ------x|');
      const source = cold('                              abcd--|');
      expectObservable(source.pipe(exclusive('db', () => work, { maxQueue: 2 }))).toBe(
        '---#',
        undefined,
        anError(OverflowError),
      );
      expectSubscriptions(source.subscriptions).toBe('   ^--!');
      expectSubscriptions(work.subscriptions).toBe('     ^--!');
    }),
  );

  it.each<[string, ExclusiveOptions, string]>([
    ['drop-oldest', { maxQueue: 2 }, '-----a----c----d|'],
    ['drop-newest', { maxQueue: 2 }, '-----a----b----c|'],
    ['drop-oldest', { maxQueue: 1 }, '-----a----d|'],
    ['drop-newest', { maxQueue: 1 }, '-----a----b|'],
    ['drop-oldest', { maxQueue: 0 }, '-----a|'],
    ['drop-newest', { maxQueue: 0 }, '-----a|'],
    ['drop-oldest', { maxQueue: 3 }, '-----a----b----c----d|'],
    ['drop-newest', { maxQueue: Infinity }, '-----a----b----c----d|'],
    ['error', { maxQueue: 3 }, '-----a----b----c----d|'],
    ['error', {}, '-----a----b----c----d|'],
  ])('overflow %s with %j', (overflow, options, expected) => {
    diagram(({ cold, expectObservable }) => {
      // Each value takes 5, the last frame of which it shares with the first of the next.
      const work = (value: string) => cold('-----(v|)', { v: value });
      const result = cold('abcd|').pipe(exclusive('db', work, { ...options, overflow: overflow as 'error' }));
      const last = expected.at(-2)!;
      expectObservable(result).toBe(expected.replace(`${last}|`, `(${last}|)`));
    })();
  });

  it(
    'maxQueue 0 takes what comes while nothing runs',
    diagram(({ cold, expectObservable }) => {
      const only = exclusive('db', (value: string) => cold('-v|', { v: value }), {
        maxQueue: 0,
        overflow: 'drop-newest',
      });
      expectObservable(cold('ab-cd-e|').pipe(only)).toBe('-a--c--e|');
    }),
  );

  it(
    'maxQueue is 10,000 unless it is said',
    diagram(() => {
      const source = new Subject<number>();
      const errors: unknown[] = [];
      source.pipe(exclusive('db', () => NEVER)).subscribe({ error: (error: unknown) => errors.push(error) });
      for (let i = 0; i < 10_001; i++) source.next(i);
      expect(errors).toEqual([]);
      source.next(0);
      expect(errors).toMatchObject([{ code: 'RXB_OVERFLOW', details: { maxQueue: 10_000 } }]);
    }),
  );

  it(
    'timeout: each value waits so long for the gate and no longer',
    diagram(({ cold, expectObservable }) => {
      timer(5).pipe(withLock('db')).subscribe();
      const source = cold('-a-----------------b|');
      const work = cold('       --------x|');
      expectObservable(source.pipe(exclusive('db', () => work, { timeout: 3 }))).toBe(
        '----#',
        undefined,
        anError(AcquireTimeoutError),
      );
      expectObservable(source.pipe(exclusive('db', () => work, { timeout: 6 }))).toBe('-------------x-------------x|');
      expectObservable(source.pipe(exclusive('db', () => work, { timeout: 0 }))).toBe(
        '-#',
        undefined,
        anError(BusyError),
      );
    }),
  );

  it(
    'signal: leaves the queue, and changes nothing for work that has begun',
    diagram(({ cold, expectObservable, flush }) => {
      const controller = new AbortController();
      const { signal } = controller;
      timer(3).subscribe(() => controller.abort(new Error('enough')));
      expectObservable(cold('ab|').pipe(exclusive('db', () => cold('-----x|'), { signal }))).toBe(
        '-----x#',
        undefined,
        anError(AbortedError),
      );
      expectObservable(cold('a|').pipe(exclusive('db', () => EMPTY, { signal }))).toBe(
        '---#',
        undefined,
        anError(AbortedError),
      );
      flush();
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    }),
  );

  it(
    'priority: the gate serves higher ones first',
    diagram(({ cold, expectObservable }) => {
      const work = cold('-x|');
      expectObservable(cold('(aa|)').pipe(exclusive('db', () => work))).toBe('-x-----x|');
      expectObservable(cold('b|').pipe(exclusive('db', () => work))).toBe('    -----x|');
      expectObservable(cold('c|').pipe(exclusive('db', () => work, { priority: 1 }))).toBe('---x|');
    }),
  );

  it(
    'label: how inspect calls it',
    diagram(() => {
      of(1)
        .pipe(exclusive('db', () => NEVER, { label: 'writer' }))
        .subscribe();
      expect(stateOf('db')).toMatchObject({ holders: [{ who: 'writer' }] });
    }),
  );

  it(
    'cost: permits of a semaphore, of which there may be too few',
    diagram(({ cold, expectObservable }) => {
      const gpu = semaphore('gpu', { permits: 3 });
      const work = cold('-x|');
      expectObservable(cold('a|').pipe(exclusive(gpu, () => work, { cost: 2 }))).toBe('-x|');
      expectObservable(cold('a|').pipe(exclusive(gpu, () => work, { cost: 2 }))).toBe('---x|');
      expectObservable(cold('-a|').pipe(exclusive(gpu, () => work, { cost: 4 }))).toBe(
        '-#',
        undefined,
        anError(LimitImpossibleError),
      );
    }),
  );

  it(
    'key: a queue for each',
    diagram(({ cold, expectObservable }) => {
      const work = cold('-x|');
      expectObservable(cold('a|').pipe(exclusive('db', () => work, { key: 'x' }))).toBe('-x|');
      expectObservable(cold('a|').pipe(exclusive('db', () => work, { key: 'y' }))).toBe('-x|');
      expectObservable(cold('a|').pipe(exclusive('db', () => work, { key: 'x' }))).toBe('---x|');
    }),
  );

  it(
    'owner: is let in where the owner is already',
    diagram(({ cold, expectObservable }) => {
      const twice = mutex('twice', { reentrant: true });
      let owner: Grant | undefined;
      acquire(twice).subscribe((grant) => (owner = grant));
      const work = cold('-x|');
      expectObservable(cold('a|').pipe(exclusive(twice, () => work, { owner: owner! }))).toBe('-x|');
      expectObservable(cold('a|').pipe(exclusive(twice, () => work))).toBe('-');
    }),
  );

  it(
    'are the same where a function picks the gate',
    diagram(({ cold, expectObservable }) => {
      timer(9).pipe(withLock('b')).subscribe();
      const options = { timeout: 4, maxQueue: 1, overflow: 'drop-newest' } as const;
      const picked = exclusive<string, Observable<string>>(
        (value) => value,
        (value) => cold('--v|', { v: value }),
        options,
      );
      expectObservable(cold('abc|').pipe(picked)).toBe('--a----#', undefined, anError(AcquireTimeoutError));
    }),
  );
});
