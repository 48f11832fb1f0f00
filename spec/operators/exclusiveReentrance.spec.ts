import { map, NEVER, of, Subject, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { DeadlockError } from '../../lib/errors.ts';
import { exclusive } from '../../operators/exclusive.ts';
import { withLock } from '../../operators/withLock.ts';
import { anError, diagram } from '../support/diagram.ts';
import { nobody, stateOf } from '../support/stateOf.ts';

describe('exclusive, where things happen inside one another', () => {
  it(
    'a value that the work causes comes after it',
    diagram(() => {
      const source = new Subject<number>();
      const log: string[] = [];
      source
        .pipe(
          exclusive('db', (n) => {
            log.push(`${n} in`);
            if (n < 3) source.next(n + 1);
            log.push(`${n} out`);
            return of(n);
          }),
        )
        .subscribe((n) => log.push(`${n} done`));
      source.next(1);
      expect(log).toEqual([1, 2, 3].flatMap((n) => [`${n} in`, `${n} out`, `${n} done`]));
    }),
  );

  it(
    'a value that the choice of the gate causes comes after it',
    diagram(() => {
      const source = new Subject<number>();
      const seen: number[] = [];
      const gate = (n: number): string => {
        if (n < 3) source.next(n + 1);
        return 'db';
      };
      source.pipe(exclusive(gate, (n) => of(n))).subscribe((n) => seen.push(n));
      source.next(1);
      expect([seen, stateOf('db')]).toMatchObject([[1, 2, 3], nobody]);
    }),
  );

  it(
    'a choice of the gate that unsubscribes takes none, also when it throws',
    diagram(() => {
      for (const choose of [
        () => 'db',
        () => {
          throw new Error('late');
        },
      ]) {
        const source = new Subject<number>();
        const log: unknown[] = [];
        const gate = (): string => {
          subscription.unsubscribe();
          return choose();
        };
        const subscription = source
          .pipe(exclusive(gate, () => NEVER))
          .subscribe({ error: (error: unknown) => log.push(error) });
        expect(() => source.next(1)).not.toThrow();
        expect([log, source.observed, stateOf('db')]).toMatchObject([[], false, nobody]);
      }
    }),
  );

  it(
    'a source that completes inside its last work, or result, is over when they are',
    diagram(() => {
      for (const where of ['work', 'result']) {
        const source = new Subject<string>();
        const seen: string[] = [];
        const end = (here: string): void => {
          if (here === where) source.complete();
        };
        source
          .pipe(
            exclusive('db', (value) => {
              end('work');
              return of(value, 'last');
            }),
          )
          .subscribe({
            next: (value) => {
              end('result');
              seen.push(value);
            },
            complete: () => seen.push('|'),
          });
        source.next('a');
        expect(seen).toEqual(['a', 'last', '|']);
      }
    }),
  );

  it(
    'a consumer can ask for the gate that the work holds: it has it when the work is over',
    diagram(({ cold, flush }) => {
      const log: string[] = [];
      cold('(ab|)')
        .pipe(exclusive('db', (value) => cold('-x|').pipe(map(() => value))))
        .subscribe({
          next: (value) => {
            log.push(value);
            of(0)
              .pipe(withLock('db'))
              .subscribe(() => log.push(`asked at ${value}`));
          },
          error: () => log.push('error'),
          complete: () => log.push('|'),
        });
      flush();
      expect(log).toEqual(['a', 'asked at a', 'b', '|', 'asked at b']);
    }),
  );

  it(
    'work that asks for the gate that it holds is refused',
    diagram(({ cold, expectObservable }) => {
      expectObservable(cold('-a|').pipe(exclusive('db', () => cold('x|').pipe(withLock('db'))))).toBe(
        '-#',
        undefined,
        anError(DeadlockError),
      );
    }),
  );

  it(
    'synchronous work stops where take says',
    diagram(() => {
      const started: number[] = [];
      const seen: number[] = [];
      of(1, 2, 3, 4)
        .pipe(
          exclusive('db', (n) => {
            started.push(n);
            return of(n, n * 10);
          }),
          take(3),
        )
        .subscribe((n) => seen.push(n));
      expect([started, seen, stateOf('db')]).toMatchObject([[1, 2], [1, 10, 2], nobody]);
    }),
  );

  it(
    'a backlog of 10,000 needs no stack',
    diagram(() => {
      const first = new Subject<void>();
      let done = 0;
      first.pipe(take(1), withLock('db')).subscribe();
      const source = new Subject<number>();
      source.pipe(exclusive('db', (n) => of(n))).subscribe(() => done++);
      for (let i = 0; i < 10_000; i++) source.next(i);
      first.next();
      expect(done).toBe(10_000);
    }),
  );
});
