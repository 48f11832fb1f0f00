import { describe, expect, it } from 'vitest';
import { ConfigError, type CoordinatorEvent } from 'rxbaton';
import { ofName } from 'rxbaton/operators';
import { marbles } from 'rxbaton/testing';

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

  it('refuses what is no selector', () => {
    expect(() => ofName(5 as never)).toThrow(ConfigError);
  });
});
