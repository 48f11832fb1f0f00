import { map, repeat } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ConfigError, OverflowError } from '../../lib/errors.ts';
import { inspect, rateLimiter, type GateState } from '../../lib/index.ts';
import { fixedWindow } from '../../operators/fixedWindow.ts';
import { leakyBucket } from '../../operators/leakyBucket.ts';
import { slidingWindow } from '../../operators/slidingWindow.ts';
import { tokenBucket } from '../../operators/tokenBucket.ts';
import { diagram } from '../support/diagram.ts';
import { documented } from '../support/documented.ts';

/** Each with the settings of its diagram. */
const strategies = [
  ['tokenBucket', 'token-bucket', { limit: 1, per: 4, burst: 3 }, tokenBucket],
  ['slidingWindow', 'sliding-window', { limit: 2, per: 5 }, slidingWindow],
  ['fixedWindow', 'fixed-window', { limit: 2, per: 5 }, fixedWindow],
  ['leakyBucket', 'leaky-bucket', { limit: 1, per: 3 }, leakyBucket],
] as const;

describe.each(strategies)('%s', (name, strategy, settings, operator) => {
  it(
    'lets values pass as its diagram says',
    diagram(({ hot, expectObservable, expectSubscriptions }) => {
      const row = documented(name);
      const source = hot(row('source'));
      expectObservable(source.pipe(operator(settings))).toBe(row('result'));
      expectSubscriptions(source.subscriptions).toBe(`^${'-'.repeat(row('source').length - 2)}!`);
    }),
  );

  it(
    'with a name is the gate of that name, whoever uses it',
    diagram(({ cold, expectObservable, flush }) => {
      const one = { limit: 1, per: 5, ...(strategy === 'token-bucket' ? { burst: 1 } : {}) };
      expectObservable(cold('a|').pipe(operator({ ...one, name: 'api' }))).toBe('a|');
      expectObservable(cold('a|').pipe(operator({ ...one, name: 'api' }))).toBe('-----(a|)');
      flush();
      expect((inspect('api') as GateState).spec).toEqual(rateLimiter('api', { ...one, strategy }));
    }),
  );

  it(
    'without a name belongs to the operator, for all subscriptions to it',
    diagram(({ cold, expectObservable }) => {
      const one = { limit: 1, per: 5, ...(strategy === 'token-bucket' ? { burst: 1 } : {}) };
      const paced = operator<string>(one);
      expectObservable(cold('a|').pipe(paced, repeat(2))).toBe('a----(a|)');
      expectObservable(cold('a|').pipe(operator(one))).toBe('a|');
    }),
  );

  it(
    'takes the options of rateLimit',
    diagram(({ cold, expectObservable }) => {
      const one = { limit: 1, per: 5, ...(strategy === 'token-bucket' ? { burst: 1 } : {}) };
      const byName = operator<string>(one, { key: (value) => value, maxQueue: 1, overflow: 'drop-newest' });
      expectObservable(cold('(abbbb|)').pipe(byName)).toBe('(ab)-b----(b|)');
      expectObservable(cold('(abc|)').pipe(operator(one, { maxQueue: 0 }))).toBe(
        '(a#)',
        undefined,
        expect.any(OverflowError),
      );
    }),
  );

  it('refuses settings that it does not have, at once', () => {
    const { limit, per } = settings;
    const others = { burst: 2, from: 'release', strategy: 'other', brust: 1, name: 5, limit: 0, per: 'soon' };
    for (const [option, value] of Object.entries(others)) {
      const own =
        (option === 'burst' && strategy === 'token-bucket') || (option === 'from' && strategy === 'sliding-window');
      const make = (): unknown => operator({ limit, per, [option]: value });
      if (own) expect(make, option).not.toThrow();
      else expect(make, option).toThrow(ConfigError);
    }
    for (const limiter of [undefined, null, 'api', 5]) expect(() => operator(limiter as never)).toThrow(ConfigError);
  });
});

it(
  'a sliding window can be held while the consumer has a value, and count from then on',
  diagram(({ cold, expectObservable, flush }) => {
    const held = (from: 'dispatch' | 'release') => {
      const paced = slidingWindow<string>({ limit: 1, per: 5, from, name: from });
      return cold('(ab|)').pipe(
        paced,
        map((value) => `${value}${(inspect(from) as GateState).holders.length}`),
      );
    };
    expectObservable(held('dispatch')).toBe('x----(y|)', { x: 'a0', y: 'b0' });
    expectObservable(held('release')).toBe(' x----(y|)', { x: 'a1', y: 'b1' });
    flush();
  }),
);
