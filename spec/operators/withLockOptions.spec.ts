import { getEventListeners } from 'node:events';
import { NEVER, tap, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AbortedError, AcquireTimeoutError, BusyError, LimitImpossibleError } from '../../lib/errors.ts';
import { acquire, mutex, semaphore, type Grant } from '../../lib/index.ts';
import { withLock } from '../../operators/withLock.ts';
import { anError, diagram } from '../support/diagram.ts';
import { stateOf } from '../support/stateOf.ts';

/** Holds a gate from now until `ms` from now. */
const holdFor = (gate: Parameters<typeof withLock>[0], ms: number, options = {}): void => {
  timer(ms).pipe(withLock(gate, options)).subscribe();
};

describe('the options of withLock', () => {
  it(
    'timeout: waits so long and no longer, and once granted has no end',
    diagram(({ cold, expectObservable, flush }) => {
      holdFor('db', 5);
      const source = cold('--------a|');
      const tooLong = { timeout: 3 };
      const justEnough = { timeout: 6 };
      expectObservable(source.pipe(withLock('db', tooLong))).toBe('---#', undefined, anError(AcquireTimeoutError));
      expectObservable(source.pipe(withLock('db', justEnough))).toBe('-------------a|');
      flush();
      expect(source.subscriptions.length).toBe(1);
    }),
  );

  it(
    'timeout 0: tries once',
    diagram(({ cold, expectObservable }) => {
      const source = cold('-a|');
      const attempt = source.pipe(withLock('db', { timeout: 0 }));
      expectObservable(attempt).toBe('-a|');
      expectObservable(attempt).toBe('#', undefined, anError(BusyError));
    }),
  );

  it(
    'signal: leaves the queue, and changes nothing once granted',
    diagram(({ cold, expectObservable, flush }) => {
      const controller = new AbortController();
      const reason = new Error('enough');
      timer(3).subscribe(() => controller.abort(reason));
      const source = cold('-----a|');
      const asked = source.pipe(withLock('db', { signal: controller.signal }));
      expectObservable(asked).toBe('-----a|');
      const errors: unknown[] = [];
      expectObservable(asked.pipe(tap({ error: (error: unknown) => errors.push(error) }))).toBe(
        '---#',
        undefined,
        anError(AbortedError),
      );
      // Aborted before.
      timer(10).subscribe(() => asked.subscribe({ error: (error: unknown) => errors.push(error) }));
      flush();
      expect(errors).toMatchObject([{ cause: reason }, { cause: reason }]);
      expect(source.subscriptions.length).toBe(1);
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    }),
  );

  it(
    'priority: higher first',
    diagram(({ cold, expectObservable }) => {
      const source = cold('-a|');
      expectObservable(source.pipe(withLock('db'))).toBe('                   -a|');
      expectObservable(source.pipe(withLock('db'))).toBe('                   -----a|');
      expectObservable(source.pipe(withLock('db', { priority: 1 }))).toBe('  ---a|');
    }),
  );

  it(
    'label: how inspect and errors call it',
    diagram(() => {
      NEVER.pipe(withLock('db', { label: 'first' })).subscribe();
      NEVER.pipe(withLock('db', { label: 'second' })).subscribe();
      expect(stateOf('db')).toMatchObject({ holders: [{ who: 'first' }], waiting: [{ who: 'second' }] });
    }),
  );

  it(
    'cost: permits of a semaphore, of which there may be too few',
    diagram(({ cold, expectObservable }) => {
      const gpu = semaphore('gpu', { permits: 3 });
      const source = cold('-a|');
      expectObservable(source.pipe(withLock(gpu, { cost: 2 }))).toBe('-a|');
      expectObservable(source.pipe(withLock(gpu, { cost: 2 }))).toBe('---a|');
      expectObservable(source.pipe(withLock(gpu, { cost: 4 }))).toBe('#', undefined, anError(LimitImpossibleError));
    }),
  );

  it(
    'key: a queue for each',
    diagram(({ cold, expectObservable }) => {
      const source = cold('-a|');
      expectObservable(source.pipe(withLock('db', { key: 'x' }))).toBe('-a|');
      expectObservable(source.pipe(withLock('db', { key: 'y' }))).toBe('-a|');
      expectObservable(source.pipe(withLock('db', { key: 'x' }))).toBe('---a|');
    }),
  );

  it(
    'owner: is let in where the owner is already',
    diagram(({ cold, expectObservable }) => {
      const twice = mutex('twice', { reentrant: true });
      let owner: Grant | undefined;
      acquire(twice).subscribe((grant) => (owner = grant));
      expectObservable(cold('-a|').pipe(withLock(twice, { owner: owner! }))).toBe('-a|');
      expectObservable(cold('-a|').pipe(withLock(twice))).toBe('-');
    }),
  );

  it(
    'are the same where a function gives the gate',
    diagram(({ cold, expectObservable, flush }) => {
      holdFor('db', 5, { key: 'k' });
      const asked = withLock<string>(() => 'db', { timeout: 3, label: 'me', key: 'k' });
      expectObservable(cold('a|').pipe(asked)).toBe('---#', undefined, anError(AcquireTimeoutError));
      const seen: unknown[] = [];
      timer(1).subscribe(() => seen.push(stateOf('db', 'k').waiting[0]?.who));
      flush();
      expect(seen).toEqual(['me']);
    }),
  );
});
