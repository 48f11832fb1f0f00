import { delay, map, merge, of, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { acquire, ConfigError, emit } from '../../lib/index.ts';
import { marbles } from '../../lib/testing/marbles.ts';
import { withLock } from '../../operators/withLock.ts';

describe('marbles', () => {
  it(
    'runs a body in virtual time',
    marbles(({ hot, expectObservable, expectSubscriptions, clock }) => {
      const source = hot('  -a-b--|');
      const subs = '        ^-----!';
      const expected = '    ---a-b|';

      expectObservable(source.pipe(delay(2))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(subs);
      expectObservable(timer(60_000).pipe(map(() => clock.now()))).toBe('60s (a|)', { a: 60_000 });
      expectObservable(timer(3, clock)).toBe('---(a|)', { a: 0 });
    }),
  );

  it(
    'means a coordinator of its own by bare names and functions, on the clock of the diagram',
    marbles(({ cold, expectObservable, coordinator, clock, flush }) => {
      const work = cold('--x|');
      expectObservable(merge(work.pipe(withLock('db')), work.pipe(withLock('db')))).toBe('--x--x|');
      const seen: unknown[] = [];
      coordinator.when('tick').subscribe(({ timestamp }) => seen.push(timestamp));
      timer(5, clock).subscribe(() => emit('tick', null));
      flush();
      expect(seen).toEqual([5]);
    }),
  );

  it('shares no gate with another body', () => {
    const takes = marbles(({ expectObservable }) => {
      acquire('db').subscribe();
      expectObservable(acquire('db').pipe(map(() => 'held'))).toBe('-');
    });
    takes();
    takes();
  });

  it('says what came and what should have come', () => {
    const failing = marbles(({ cold, expectObservable }) => {
      expectObservable(cold('a-b|', { a: { n: 1 }, b: { n: 2 } })).toBe('a-b-|', { a: { n: 1 }, b: { n: 3 } });
    });
    expect(failing).toThrow(
      [
        'The marbles differ (- expected, + came):',
        '    0 ms  next { n: 1 }',
        '  - 2 ms  next { n: 3 }',
        '  + 2 ms  next { n: 2 }',
        '  - 4 ms  complete',
        '  + 3 ms  complete',
      ].join('\n'),
    );
  });

  it('tells errors apart by name and message, and counts subscriptions', () => {
    const other = marbles(({ expectObservable }) => {
      expectObservable(throwError(() => new Error('a'))).toBe('#', undefined, new Error('b'));
    });
    expect(other).toThrow('  - 0 ms  error Error: b\n  + 0 ms  error Error: a');
    const subscriptions = marbles(({ cold, expectSubscriptions }) => {
      const source = cold('-');
      source.subscribe();
      expectSubscriptions(source.subscriptions).toBe(['^-!', '^']);
    });
    expect(subscriptions).toThrow(
      '  - subscribed from 0 ms to 2 ms\n  + subscribed from 0 ms to the end\n  - subscribed from 0 ms to the end',
    );
  });

  it('leaves the comparison to the assertion that it is given', () => {
    const compared: unknown[] = [];
    marbles(
      ({ expectObservable }) => {
        expectObservable(of(1)).toBe('-');
      },
      { assertDeepEqual: (...pair) => compared.push(pair) },
    )();
    expect(compared).toHaveLength(1);
  });

  it('refuses a body that is asynchronous, and options that it does not know', () => {
    const late = marbles(() => Promise.resolve() as never);
    expect(late).toThrow('use isolated()');
    expect(() => marbles(() => {}, { deepEqual: () => {} } as never)).toThrow(ConfigError);
  });
});
