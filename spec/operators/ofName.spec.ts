import { Observable, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ConfigError, type CoordinatorEvent } from 'rxbaton';
import { ofName } from 'rxbaton/operators';
import { marbles } from 'rxbaton/testing';
import { documented } from '../support/documented.ts';

const event = (name: string, data: unknown = 0): CoordinatorEvent => ({ id: name, seq: 1, name, data, timestamp: 0 });
const events = { a: event('a_failed', 1), b: event('b_complete', 2), r: event('rxbaton.handler_failed') };

describe('ofName', () => {
  it.each([
    ['a_failed', '      a-----a-|'],
    ['*_failed', '      a-----a-|'],
    ['rxbaton.*', '     ----r---|'],
    [/complete/, '      --b-----|'],
    [{ event: 'b_complete' }, ' --b-----|'],
    [({ data }: CoordinatorEvent) => data === 2, '--b-----|'],
  ])('%s', (selector, expected) => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('a-b-r-a-|', events);
      expectObservable(source.pipe(ofName(selector))).toBe(expected.trim(), events);
      expectSubscriptions(source.subscriptions).toBe('^-------!');
    })();
  });

  it(
    'passes on errors, and makes one of what a predicate throws',
    marbles(({ cold, expectObservable }) => {
      const mistake = new Error('mistake');
      expectObservable(cold('a#', events).pipe(ofName('b'))).toBe('-#');
      expectObservable(
        cold('-a-', events).pipe(
          ofName(() => {
            throw mistake;
          }),
        ),
      ).toBe('-#', undefined, mistake);
    }),
  );

  it(
    'unsubscribes the source',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot(' a-a-a', events);
      expectObservable(source.pipe(ofName('a_failed')), '---!').toBe('a-a', events);
      expectSubscriptions(source.subscriptions).toBe('^--!');
    }),
  );

  it(
    'passes nothing on of never, empty and other events',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      expectObservable(cold('-', events).pipe(ofName('a_failed'))).toBe('-');
      expectObservable(cold('|', events).pipe(ofName('a_failed'))).toBe('|');
      const source = hot('-b-r-|', events);
      expectObservable(source.pipe(ofName('a_failed'))).toBe('-----|');
      expectSubscriptions(source.subscriptions).toBe('^----!');
    }),
  );

  it('runs as its diagram says', () => {
    const row = documented('ofName');
    marbles(({ hot, expectObservable }) => {
      const named = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, event(name)]));
      expectObservable(hot(row('source'), named).pipe(ofName('a'))).toBe(row("ofName('a')"), named);
    })();
  });

  it(
    'stops a source that never pauses, and a predicate is asked only while somebody listens',
    marbles(() => {
      let asked = 0;
      const firehose = new Observable<CoordinatorEvent>((subscriber) => {
        for (let i = 0; !subscriber.closed && i < 10; i++) subscriber.next(events.a);
      });
      firehose
        .pipe(
          ofName(() => ++asked > 0),
          take(3),
        )
        .subscribe();
      expect(asked).toBe(3);
    }),
  );

  it('refuses what is no selector', () => {
    expect(() => ofName(5 as never)).toThrow(ConfigError);
  });
});
