import { catchError, EMPTY, finalize, map, merge, NEVER, Observable, of, retry, Subject, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { LeaseLostError, OverflowError, SpecConflictError } from '../../lib/errors.ts';
import { allOf, mutex, semaphore, type Grant } from '../../lib/index.ts';
import { exclusive } from '../../operators/exclusive.ts';
import { withLock } from '../../operators/withLock.ts';
import { anError, diagram } from '../support/diagram.ts';
import { documented, lifeOf } from '../support/documented.ts';
import { nobody, stateOf } from '../support/stateOf.ts';

describe('exclusive', () => {
  it(
    'runs one piece of work after the other, as its diagram says',
    diagram(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const row = documented('exclusive');
      const source = hot(row('source'));
      const work = Object.fromEntries(['a', 'b', 'c'].map((value) => [value, cold(row(`project(${value})`).trim())]));
      expectObservable(source.pipe(exclusive('db', (value) => work[value]!))).toBe(row('result'));
      for (const [value, { subscriptions }] of Object.entries(work)) {
        expectSubscriptions(subscriptions).toBe(lifeOf(row(`project(${value})`)));
      }
      expectSubscriptions(source.subscriptions).toBe('^--------------!');
    }),
  );

  it(
    'completes when the source has completed and the last work is over',
    diagram(({ cold, expectObservable, expectSubscriptions }) => {
      const work = cold('          --x|');
      const source = cold('        abc|');
      const expected = '           --x--x--x|';
      expectObservable(source.pipe(exclusive('db', () => work))).toBe(expected);
      // The source is torn down with the result.
      expectSubscriptions(source.subscriptions).toBe('^--------!');
      expectSubscriptions(work.subscriptions).toBe(['^--!', '---^--!', '------^--!']);
      expectObservable(cold('(ab|)').pipe(exclusive('free', () => EMPTY))).toBe('|');
      expectObservable(cold('a|').pipe(exclusive('open', () => cold('x-')))).toBe('x-');
    }),
  );

  it(
    'errors with the source at once, drops what waits and stops the work',
    diagram(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const work = cold('    -x---|');
      const source = cold('  abc#');
      expectObservable(source.pipe(exclusive('db', () => work))).toBe('-x-#');
      expectSubscriptions(work.subscriptions).toBe('^--!');
      flush();
      expect(stateOf('db')).toMatchObject(nobody);
    }),
  );

  it(
    'errors with the work at once, drops what waits and unsubscribes the source',
    diagram(({ cold, expectObservable, expectSubscriptions }) => {
      const work = cold('-x#');
      const source = cold('ab-c--|');
      expectObservable(source.pipe(exclusive('db', () => work))).toBe('-x#');
      expectSubscriptions(source.subscriptions).toBe('^-!');
      expectSubscriptions(work.subscriptions).toBe('  ^-!');
    }),
  );

  it(
    'errors with work that fails after the source has completed',
    diagram(({ cold, expectObservable }) => {
      expectObservable(cold('a|').pipe(exclusive('db', () => cold('---#')))).toBe('---#');
      const second = { a: cold('---x|'), b: cold('--#') };
      expectObservable(cold('ab|').pipe(exclusive('other', (value) => second[value as 'a' | 'b']))).toBe('---x--#');
    }),
  );

  it(
    'errors with what the work throws before there is any',
    diagram(({ cold, expectObservable, flush }) => {
      const mistake = new Error('mistake');
      const throws = exclusive<string, never>('db', () => {
        throw mistake;
      });
      expectObservable(cold('-a|').pipe(throws)).toBe('-#', undefined, mistake);
      expectObservable(cold('-a|').pipe(exclusive('db', () => 5 as never))).toBe('-#', undefined, anError(TypeError));
      flush();
      expect(stateOf('db')).toMatchObject(nobody);
    }),
  );

  it(
    'drops what waits and stops the work when it is unsubscribed',
    diagram(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const work = cold('    --x-|');
      const source = cold('  abc----|');
      expectObservable(source.pipe(exclusive('db', () => work)), '-----!').toBe('--x---');
      expectSubscriptions(source.subscriptions).toBe('            ^----!');
      expectSubscriptions(work.subscriptions).toBe(['             ^---!', '----^!']);
      flush();
      expect(stateOf('db')).toMatchObject(nobody);
    }),
  );

  it(
    'leaves the queue of the gate when it is unsubscribed there',
    diagram(({ cold, expectObservable, flush }) => {
      const work = cold('x|');
      expectObservable(NEVER.pipe(withLock('db')), '------!').toBe('-------');
      expectObservable(cold('ab').pipe(exclusive('db', () => work)), '---!').toBe('----');
      flush();
      expect([work.subscriptions, stateOf('db')]).toMatchObject([[], nobody]);
    }),
  );

  it(
    'lets subscriptions that share a gate take turns',
    diagram(({ cold, expectObservable }) => {
      const to = (result: string) => exclusive('db', (value: string) => cold('--x|').pipe(map(() => result + value)));
      const values = { a: '1a', b: '1b', c: '1c', x: '2x', y: '2y' };
      expectObservable(cold('(abc|)').pipe(to('1'))).toBe('--a-----b-----c|', values);
      expectObservable(cold('(xy|)').pipe(to('2'))).toBe(' -----x-----y|', values);
    }),
  );

  it(
    'has one request in the queue of the gate, and keeps the rest to itself',
    diagram(() => {
      const held = NEVER.pipe(withLock('db')).subscribe();
      of(1, 2, 3)
        .pipe(exclusive('db', () => EMPTY, { label: 'me' }))
        .subscribe();
      expect(stateOf('db').waiting).toMatchObject([{ who: 'me' }]);
      held.unsubscribe();
      expect(stateOf('db')).toMatchObject(nobody);
    }),
  );

  it(
    'ends in one turn: the teardown, the account, the consumer, the next',
    diagram(({ flush }) => {
      const log: string[] = [];
      const held = (): string =>
        stateOf('db')
          .holders.map(({ who }) => who)
          .join();
      const piece = (name: string): Observable<string> =>
        new Observable<string>((subscriber) => {
          log.push(`${name} starts, held by ${held()}`);
          timer(1).subscribe(() => {
            subscriber.next(`${name}'`);
            subscriber.complete();
          });
          return () => log.push(`${name} is torn down, held by ${held()}`);
        });
      const agent = (label: string, ...names: string[]): void => {
        of(...names)
          .pipe(exclusive('db', piece, { label }))
          .subscribe({
            next: (value) => log.push(value),
            complete: () => log.push(`${label} is complete, held by ${held()}`),
          });
      };
      agent('1', 'a', 'b');
      agent('2', 'x');
      flush();
      expect(log).toEqual([
        'a starts, held by 1',
        "a'",
        'a is torn down, held by 1',
        'x starts, held by 2',
        "x'",
        'x is torn down, held by 2',
        '2 is complete, held by 1',
        'b starts, held by 1',
        "b'",
        'b is torn down, held by 1',
        '1 is complete, held by ',
      ]);
    }),
  );

  it.each([
    ['the source', {}, new Error('source')],
    ['a full buffer', { maxQueue: 0 }, anError(OverflowError)],
  ])(
    'tells its consumer of an error of %s when the gate is given back, and before the next one starts',
    (_of, options, error) => {
      diagram(() => {
        const log: unknown[] = [];
        const source = new Subject<string>();
        source.pipe(exclusive('db', () => NEVER, options)).subscribe({
          error: (reason: unknown) =>
            log.push(
              reason,
              stateOf('db').holders.map(({ who }) => who),
            ),
        });
        source.next('a');
        of(1)
          .pipe(withLock('db', { label: 'next' }))
          .subscribe(() => log.push('next starts'));
        if (error instanceof Error) source.error(error);
        else source.next('b');
        expect(log).toEqual([error, ['next'], 'next starts']);
      })();
    },
  );

  it(
    'runs finalize around the work before the gate goes back, and around itself once',
    diagram(() => {
      const log: string[] = [];
      of('a', 'b')
        .pipe(
          exclusive('db', (value) =>
            of(value).pipe(finalize(() => log.push(`${value}, held by ${stateOf('db').holders.length}`))),
          ),
          finalize(() => log.push('all')),
        )
        .subscribe({ complete: () => log.push('complete') });
      expect(log).toEqual(['a, held by 1', 'b, held by 1', 'complete', 'all']);
    }),
  );

  it(
    'queues again behind the others with retry',
    diagram(({ cold, expectObservable }) => {
      let tries = 0;
      const result = cold('a-|').pipe(
        exclusive('db', () => cold(tries++ === 0 ? '--#' : '--x|')),
        retry(1),
      );
      expectObservable(result).toBe('--------x|');
      expectObservable(cold('a|').pipe(exclusive('db', () => cold('--y-|')))).toBe('----y-|');
    }),
  );

  it(
    'is replaced after an error by something that takes the same gate',
    diagram(({ cold, expectObservable }) => {
      const other = cold('a|').pipe(exclusive('db', () => cold('y|')));
      const failing = merge(NEVER, of('a')).pipe(exclusive('db', () => cold('-#')));
      expectObservable(failing.pipe(catchError(() => other))).toBe('-y|');
      const source = cold('a-#').pipe(exclusive('db', () => NEVER));
      expectObservable(cold('---(s|)').pipe(exclusive('x', () => source.pipe(catchError(() => other))))).toBe(
        '-----y|',
      );
    }),
  );

  it(
    'takes a name, a description, a live gate, an allOf, or a function of the value',
    diagram(({ cold, coordinator, expectObservable }) => {
      const work = cold('-x|');
      const gates = [
        'name',
        mutex('spec', { ttl: '1m' }),
        coordinator.open(semaphore('live', { permits: 1 })),
        allOf('left', 'right'),
      ];
      for (const gate of gates) expectObservable(cold('(ab|)').pipe(exclusive(gate, () => work))).toBe('-x-x|');
      // One after the other even where the gates differ; each in its own.
      const own = cold('(ab|)').pipe(
        exclusive(
          (value) => value,
          (value, { gate }) => cold('-x|').pipe(map(() => value + gate)),
        ),
      );
      expectObservable(own).toBe('-x-y|', { x: 'aa', y: 'bb' });
      expectObservable(cold('c|').pipe(withLock('b'))).toBe('c|');
    }),
  );

  it(
    'errors where the choice throws, or the gate is in use with other settings',
    diagram(({ cold, expectObservable }) => {
      const mistake = new Error('no gate');
      const choose = (value: string): string => {
        if (value === 'b') throw mistake;
        return value;
      };
      expectObservable(cold('ab|').pipe(exclusive(choose, () => cold('--x|')))).toBe('--x#', undefined, mistake);
      NEVER.pipe(withLock(mutex('db', { ttl: '1s' }))).subscribe();
      expectObservable(cold('-a|').pipe(exclusive(mutex('db'), () => EMPTY))).toBe(
        '-#',
        undefined,
        anError(SpecConflictError),
      );
    }),
  );

  it(
    'gives the work the grant',
    diagram(() => {
      const grants: Grant[] = [];
      of('a', 'b')
        .pipe(
          exclusive('db', (_value, grant) => {
            grants.push(grant);
            return grant.signal.aborted ? EMPTY : of(grant.gate);
          }),
        )
        .subscribe();
      expect(grants.map(({ gate, fence, signal }) => [gate, fence, signal.aborted])).toEqual([
        ['db', 1, true],
        ['db', 2, true],
      ]);
    }),
  );

  it(
    'a lost lease stops the work and errors',
    diagram(({ cold, expectObservable, expectSubscriptions }) => {
      const work = cold('-x---y|');
      const short = mutex('short', { ttl: 3, renew: false });
      expectObservable(cold('ab|').pipe(exclusive(short, () => work))).toBe('-x-#', undefined, anError(LeaseLostError));
      expectSubscriptions(work.subscriptions).toBe('^--!');
    }),
  );
});
