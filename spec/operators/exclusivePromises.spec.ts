import { defer, merge, NEVER, of, retry, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { isolated } from '../../lib/testing/isolated.ts';
import { drainJobs } from '../../lib/testing/drainJobs.ts';
import { exclusive } from '../../operators/exclusive.ts';
import { withLock } from '../../operators/withLock.ts';
import { deferred } from '../support/deferred.ts';
import { nobody, stateOf } from '../support/stateOf.ts';

describe('exclusive work that is a promise', () => {
  it('is run one after the other, and its values come in order', () =>
    isolated(async () => {
      const calls = [deferred<string>(), deferred<string>()];
      const log: string[] = [];
      of(0, 1)
        .pipe(
          exclusive('db', (n) => {
            log.push(`${n} starts`);
            return calls[n]!.promise;
          }),
        )
        .subscribe({ next: (value) => log.push(value), complete: () => log.push('|') });
      calls[1]!.resolve('second');
      await drainJobs();
      calls[0]!.resolve('first');
      await drainJobs();
      expect(log).toEqual(['0 starts', 'first', '1 starts', 'second', '|']);
      expect(stateOf('db')).toMatchObject(nobody);
    }));

  it('errors when it rejects', () =>
    isolated(async () => {
      const seen: unknown[] = [];
      const error = new Error('rejected');
      of(0, 1)
        .pipe(exclusive('db', () => Promise.reject(error)))
        .subscribe({ error: (reason: unknown) => seen.push(reason) });
      await drainJobs();
      expect([seen, stateOf('db')]).toMatchObject([[error], nobody]);
    }));

  it('keeps the gate after it was unsubscribed, until it has settled; its signal aborts at once', () =>
    isolated(async () => {
      for (const settle of ['resolve', 'reject'] as const) {
        const call = deferred<string>();
        const seen: unknown[] = [];
        let signal: AbortSignal | undefined;
        const next = (): void => void seen.push('next');
        const subscription = of(0, 1)
          .pipe(
            exclusive('db', (_n, grant) => {
              ({ signal } = grant);
              return call.promise;
            }),
          )
          .subscribe({ next: (value) => seen.push(value), error: (error: unknown) => seen.push(error) });
        of(0).pipe(withLock('db')).subscribe(next);

        subscription.unsubscribe();
        expect([signal?.aborted, stateOf('db').holders.length, seen]).toEqual([true, 1, []]);
        call[settle](settle);
        await drainJobs();
        expect([seen, stateOf('db')]).toMatchObject([['next'], nobody]);
      }
    }));

  it('keeps the gate also when the source fails, before a retry of it has its turn', () =>
    isolated(async () => {
      const call = deferred<string>();
      let attempts = 0;
      const log: string[] = [];
      const failure = new Subject<never>();
      defer(() => merge(of('a'), attempts === 0 ? failure : NEVER))
        .pipe(
          exclusive('db', () => {
            log.push(`attempt ${++attempts}`);
            return attempts === 1 ? call.promise : of('done');
          }),
          retry(1),
        )
        .subscribe({ next: (value) => log.push(value), error: (error: unknown) => log.push(String(error)) });
      failure.error('no');
      expect([log, stateOf('db')]).toMatchObject([['attempt 1'], { holders: [{}], waiting: [{}] }]);
      call.resolve('first');
      await drainJobs();
      expect(log).toEqual(['attempt 1', 'attempt 2', 'done']);
    }));
});
