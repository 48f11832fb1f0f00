import { concat, map, merge, NEVER, Observable, of, repeat, retry, share, Subject, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ConfigError, LeaseLostError, SpecConflictError } from '../../lib/errors.ts';
import { allOf, mutex, quota, rateLimiter, semaphore } from '../../lib/index.ts';
import { rateLimit } from '../../operators/rateLimit.ts';
import { withLock } from '../../operators/withLock.ts';
import { anError, diagram } from '../support/diagram.ts';
import { documented } from '../support/documented.ts';
import { nobody, stateOf } from '../support/stateOf.ts';

/** One value in 3 milliseconds. */
const one = { limit: 1, per: 3 } as const;
/** One in 5: what passes together has its place in a diagram. */
const slow = { limit: 1, per: 5 } as const;

describe('rateLimit', () => {
  it(
    'lets values pass at the pace of the limiter, as its diagram says',
    diagram(({ hot, expectObservable, expectSubscriptions }) => {
      const row = documented('rateLimit');
      const source = hot(row('source'));
      expectObservable(source.pipe(rateLimit({ limit: 2, per: 5 }))).toBe(row('result'));
      expectSubscriptions(source.subscriptions).toBe('^--------------!');
    }),
  );

  it(
    'completes when the source has completed and the last value has passed',
    diagram(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('                            (abc|)');
      expectObservable(source.pipe(rateLimit(one))).toBe('a--b--(c|)');
      // The source is torn down with the result.
      expectSubscriptions(source.subscriptions).toBe(' ^-----!');
    }),
  );

  it(
    'errors with the source at once and drops what waits',
    diagram(({ cold, coordinator, expectObservable, flush }) => {
      const api = coordinator.open(rateLimiter('api', one));
      expectObservable(cold('abc-#').pipe(rateLimit(api))).toBe('a--b#');
      flush();
      expect(stateOf(api)).toMatchObject(nobody);
    }),
  );

  it(
    'drops what waits and takes its request back when it is unsubscribed',
    diagram(({ cold, coordinator, expectObservable, expectSubscriptions, flush }) => {
      const api = coordinator.open(rateLimiter('api', one));
      const source = cold('abc---|');
      expectObservable(source.pipe(rateLimit(api)), '----!').toBe('a--b-');
      expectSubscriptions(source.subscriptions).toBe('      ^---!');
      // The request that was taken back has cost nothing.
      expectObservable(cold('-----(de|)').pipe(rateLimit(api))).toBe('------d--(e|)');
      flush();
      expect(stateOf(api)).toMatchObject(nobody);
    }),
  );

  it(
    'lets subscriptions that share a limiter take turns',
    diagram(({ cold, expectObservable }) => {
      const paced = rateLimit<string>(one);
      expectObservable(cold('(abc|)').pipe(paced)).toBe('a--b-----(c|)');
      expectObservable(cold('(xy|) ').pipe(paced)).toBe(' ------x-----(y|)');
    }),
  );

  it(
    'shares a limiter of its own between its subscriptions, so that retry and repeat do not refill it',
    diagram(({ cold, expectObservable }) => {
      expectObservable(cold('a---#').pipe(rateLimit(slow), retry(2))).toBe('a----a----a-#');
      expectObservable(cold('a|').pipe(rateLimit(one), repeat(3))).toBe('   a--a--(a|)');
      // A limiter of another operator is another one, with the same settings.
      expectObservable(cold('a|').pipe(rateLimit(one), rateLimit(one))).toBe('a|');
      const shared = cold('ab|').pipe(rateLimit(one), share());
      expectObservable(shared).toBe('a--(b|)');
      expectObservable(shared).toBe('a--(b|)');
    }),
  );

  it(
    'lets nothing overtake, whatever the keys',
    diagram(({ cold, expectObservable }) => {
      const values = { a: 'x1', b: 'x2', c: 'y1', d: 'y2' };
      const byName = rateLimit<string>(slow, { key: (value) => value[0]! });
      expectObservable(cold('(abcd|)', values).pipe(byName)).toBe('a----(bc)-(d|)', values);
    }),
  );

  it(
    'takes a name, a description, a live gate, settings, an allOf, or a function of the value',
    diagram(({ cold, coordinator, expectObservable }) => {
      const source = cold('(ab|)');
      coordinator.define(rateLimiter('defined', one));
      const gates = [
        'defined',
        rateLimiter('spec', one),
        coordinator.open(rateLimiter('live', one)),
        one,
        { ...one, strategy: 'leaky-bucket' } as const,
        allOf(rateLimiter('left', one), rateLimiter('right', { limit: 5, per: 1 })),
        () => rateLimiter('function', one),
      ];
      for (const gate of gates) expectObservable(source.pipe(rateLimit(gate))).toBe('a--(b|)');
      const own = rateLimit<string>((value) => rateLimiter(value, slow));
      expectObservable(cold('(abb|)').pipe(own)).toBe('(ab)-(b|)');
    }),
  );

  it(
    'takes the strategy and the burst from its settings',
    diagram(({ cold, expectObservable }) => {
      const burst = { limit: 1, per: 5, burst: 2, strategy: 'token-bucket' } as const;
      expectObservable(cold('(abc|)').pipe(rateLimit(burst))).toBe('(ab)-(c|)');
    }),
  );

  it(
    'errors where a function of the value throws or answers nonsense, or the gate is in use with other settings',
    diagram(({ cold, coordinator, expectObservable, flush }) => {
      const mistake = new Error('mistake');
      const throws = (): never => {
        throw mistake;
      };
      const source = cold('-ab|');
      const api = coordinator.open(rateLimiter('api', one));
      expectObservable(source.pipe(rateLimit(throws))).toBe('-#', undefined, mistake);
      expectObservable(source.pipe(rateLimit(api, { cost: throws }))).toBe('-#', undefined, mistake);
      expectObservable(source.pipe(rateLimit(api, { key: throws }))).toBe('-#', undefined, mistake);
      for (const cost of [0, -1, NaN, Infinity, '2']) {
        expectObservable(source.pipe(rateLimit(api, { cost: () => cost as never }))).toBe(
          '-#',
          undefined,
          anError(ConfigError),
        );
      }
      expectObservable(source.pipe(rateLimit(api, { key: () => 5 as never }))).toBe(
        '-#',
        undefined,
        anError(ConfigError),
      );
      NEVER.pipe(withLock(mutex('db', { ttl: '1s' }))).subscribe();
      expectObservable(source.pipe(rateLimit(mutex('db')))).toBe('-#', undefined, anError(SpecConflictError));
      flush();
      expect(stateOf(api)).toMatchObject(nobody);
    }),
  );

  it(
    'follows a limiter that is changed or paused while values wait',
    diagram(({ cold, coordinator, expectObservable }) => {
      const api = coordinator.open(rateLimiter('api', { limit: 1, per: 10 }));
      expectObservable(cold('(abcd|)').pipe(rateLimit(api))).toBe('a---b--c---(d|)');
      timer(4).subscribe(() => void api.change({ per: 3 }));
      timer(8).subscribe(() => void api.pauseUntil(11));
    }),
  );

  describe('leases', () => {
    it(
      'go back when the consumer has taken the value',
      diagram(({ flush }) => {
        const log: unknown[] = [];
        of('a', 'b')
          .pipe(rateLimit('db'))
          .subscribe((value) => log.push(value, stateOf('db').holders.length));
        log.push(stateOf('db').holders.length);
        flush();
        expect(log).toEqual(['a', 1, 'b', 1, 0]);
      }),
    );

    it(
      'count from there with from: release, and cost a window each',
      diagram(({ cold, expectObservable }) => {
        expectObservable(cold('(ab|)').pipe(rateLimit({ ...one, from: 'release' }))).toBe('a--(b|)');
      }),
    );

    it(
      'of a quota are reserved for good',
      diagram(({ cold, expectObservable }) => {
        const hours = quota('hours', { limit: 2, per: 5 });
        expectObservable(cold('(abc|)').pipe(rateLimit(hours))).toBe('(ab)-(c|)');
      }),
    );

    it(
      'keep others out while the consumer works, and let them in after it, in turns',
      diagram(() => {
        const log: string[] = [];
        let other = false;
        of('a', 'b')
          .pipe(rateLimit('db'))
          .subscribe((value) => {
            log.push(`${value} in`);
            if (!other) {
              other = true;
              of('other')
                .pipe(withLock('db'))
                .subscribe((held) => log.push(held));
            }
            log.push(`${value} out`);
          });
        expect(log).toEqual(['a in', 'a out', 'other', 'b in', 'b out']);
      }),
    );

    it(
      'can be lost while the consumer works',
      diagram(({ coordinator }) => {
        const log: unknown[] = [];
        const source = new Subject<string>();
        source.pipe(rateLimit('db')).subscribe({
          next: () => void coordinator.open('db').force('all', 'stuck'),
          error: (error: unknown) => log.push(error),
        });
        source.next('a');
        expect(log).toEqual([anError(LeaseLostError)]);
        expect([source.observed, stateOf('db')]).toMatchObject([false, nobody]);
      }),
    );
  });

  it(
    'tells its consumer of an error when its request is taken back',
    diagram(({ coordinator }) => {
      const api = coordinator.open(rateLimiter('api', one));
      const waiting: number[] = [];
      const source = new Subject<number>();
      source.pipe(rateLimit(api)).subscribe({ error: () => waiting.push(stateOf(api).waiting.length) });
      source.next(1);
      source.next(2);
      expect(stateOf(api).waiting.length).toBe(1);
      source.error('no');
      expect(waiting).toEqual([0]);
    }),
  );

  it(
    'overtakes nobody, though there were room for it before a heavier request',
    diagram(({ cold, coordinator, expectObservable }) => {
      const api = coordinator.open(rateLimiter('api', { limit: 2, per: 5 }));
      expectObservable(cold('x|').pipe(withLock(api))).toBe('       x|');
      expectObservable(cold('-x|').pipe(rateLimit(api, { cost: 2 }))).toBe('-----(x|)');
      expectObservable(cold('--x|').pipe(rateLimit(api))).toBe('----------(x|)');
    }),
  );

  it(
    'is heard of by those who listen to its limiter, also where nothing had to wait',
    diagram(({ cold, coordinator, expectObservable, flush }) => {
      const granted: unknown[] = [];
      coordinator.when('rxbaton.gate.granted').subscribe(({ data }) => granted.push(data));
      expectObservable(cold('ab|').pipe(rateLimit(rateLimiter('api', { limit: 2, per: 5 })))).toBe('ab|');
      flush();
      expect(granted).toEqual([expect.objectContaining({ gate: 'api' }), expect.objectContaining({ gate: 'api' })]);
    }),
  );

  it(
    'goes with other operators: two paces, and a merge that shares one',
    diagram(({ cold, expectObservable }) => {
      const twice = cold('(abcd|)').pipe(rateLimit({ limit: 2, per: 5 }), rateLimit({ limit: 1, per: 2 }));
      expectObservable(twice).toBe('a-b--c-(d|)');
      const paced = rateLimit<string>(slow);
      const merged = merge(cold('a-|'), cold('-b|')).pipe(
        map((value) => value + value),
        paced,
      );
      expectObservable(concat(merged, cold('(c|)').pipe(paced))).toBe('x----y----(z|)', { x: 'aa', y: 'bb', z: 'c' });
    }),
  );

  it(
    'waits for a gate that never opens as long as its consumer does',
    diagram(({ cold, expectObservable, flush }) => {
      const gpu = semaphore('gpu', { permits: 1 });
      new Observable(() => undefined).pipe(withLock(gpu)).subscribe();
      expectObservable(cold('a|').pipe(rateLimit(gpu)), '------!').toBe('-');
      flush();
      expect(stateOf(gpu).waiting).toEqual([]);
    }),
  );
});
