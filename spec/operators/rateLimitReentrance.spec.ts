import { getEventListeners } from 'node:events';
import { of, Subject, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { acquire, rateLimiter } from '../../lib/index.ts';
import { rateLimit, type RateLimitOptions } from '../../operators/rateLimit.ts';
import { diagram } from '../support/diagram.ts';
import { nobody, stateOf } from '../support/stateOf.ts';

/** One value in 3 milliseconds. */
const one = { limit: 1, per: 3 } as const;
const plenty = { limit: 1e6, per: 1 } as const;

describe('rateLimit, where things happen inside one another', () => {
  it(
    'a value that the choice of limiter, key or cost causes comes after it',
    diagram(() => {
      const cases: ((cause: () => void) => [Parameters<typeof rateLimit<number>>[0], RateLimitOptions<number>])[] = [
        (cause) => [() => (cause(), 'db'), {}],
        (cause) => ['db', { key: () => (cause(), 'k') }],
        (cause) => [plenty, { cost: () => (cause(), 1) }],
      ];
      for (const make of cases) {
        const source = new Subject<number>();
        const seen: number[] = [];
        let last = 1;
        const [limiter, options] = make(() => {
          if (last < 3) source.next(++last);
        });
        source.pipe(rateLimit(limiter, options)).subscribe((n) => seen.push(n));
        source.next(1);
        expect(seen).toEqual([1, 2, 3]);
      }
    }),
  );

  it(
    'a choice that unsubscribes asks for nothing, also when it throws',
    diagram(({ coordinator }) => {
      const api = coordinator.open(rateLimiter('api', one));
      for (const cost of [
        () => 1,
        () => {
          throw new Error('late');
        },
      ]) {
        const source = new Subject<string>();
        const errors: unknown[] = [];
        const choose = (): number => {
          subscription.unsubscribe();
          return cost();
        };
        const subscription = source
          .pipe(rateLimit(api, { cost: choose }))
          .subscribe({ error: (error: unknown) => errors.push(error) });
        expect(() => source.next('a')).not.toThrow();
        expect([errors, source.observed, stateOf(api)]).toMatchObject([[], false, { ...nobody, available: 1 }]);
      }
    }),
  );

  it(
    'a value that the consumer causes is under the same timeout and signal as others, once',
    diagram(({ flush }) => {
      const controller = new AbortController();
      const source = new Subject<string>();
      const log: unknown[] = [];
      source.pipe(rateLimit(one, { timeout: 5, signal: controller.signal })).subscribe({
        next: (value) => {
          log.push(value);
          if (value === 'a') source.next('b');
        },
        error: (error: unknown) => log.push(error),
      });
      source.next('a');
      flush();
      expect(log).toEqual(['a', 'b']);
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    }),
  );

  it(
    'a source that completes inside its last value is over after it',
    diagram(({ flush }) => {
      for (const ahead of [0, 1]) {
        const source = new Subject<string>();
        const seen: string[] = [];
        source.pipe(rateLimit(one)).subscribe({
          next: (value) => {
            if (value === 'a') source.complete();
            seen.push(value);
          },
          complete: () => seen.push('|'),
        });
        if (ahead > 0) source.next('x');
        source.next('a');
        flush();
        expect(seen).toEqual(ahead > 0 ? ['x', 'a', '|'] : ['a', '|']);
      }
    }),
  );

  it(
    'a consumer can ask for the lease that it was given the value under',
    diagram(() => {
      const log: string[] = [];
      of('a')
        .pipe(rateLimit('db'))
        .subscribe({
          next: () => acquire('db').subscribe(() => log.push('granted')),
          error: () => log.push('error'),
          complete: () => log.push('|'),
        });
      expect(log.sort()).toEqual(['granted', '|']);
    }),
  );

  it(
    'take leaves the tokens of the values that it does not take',
    diagram(({ coordinator }) => {
      const api = coordinator.open(rateLimiter('api', { limit: 5, per: 10 }));
      const seen: number[] = [];
      of(1, 2, 3, 4)
        .pipe(rateLimit(api), take(2))
        .subscribe((n) => seen.push(n));
      expect([seen, stateOf(api)]).toMatchObject([[1, 2], { ...nobody, available: 3 }]);
    }),
  );

  it(
    'a backlog of 10,000 that is due at once needs no stack',
    diagram(({ coordinator }) => {
      const api = coordinator.open(rateLimiter('api', { limit: 1, per: 5 }));
      const source = new Subject<number>();
      let done = 0;
      source.pipe(rateLimit(api)).subscribe(() => done++);
      for (let i = 0; i < 10_000; i++) source.next(i);
      expect(done).toBe(1);
      void api.change({ limit: 20_000 });
      expect(done).toBe(10_000);
    }),
  );
});
