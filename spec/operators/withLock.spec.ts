import { defer, finalize, NEVER, Observable, of, repeat, retry, Subject, take, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ConfigError, DeadlockError, LeaseLostError, SpecConflictError } from '../../lib/errors.ts';
import { acquire, allOf, mutex, quota, rateLimiter, semaphore } from '../../lib/index.ts';
import { withLock } from '../../operators/withLock.ts';
import { anError, diagram } from '../support/diagram.ts';
import { documented } from '../support/documented.ts';
import { stateOf } from '../support/stateOf.ts';

/** Holds a gate from now until `ms` from now. */
const holdFor = (gate: Parameters<typeof withLock>[0], ms: number, options = {}): void => {
  timer(ms).pipe(withLock(gate, options)).subscribe();
};

describe('withLock', () => {
  it(
    'subscribes to the source only while it holds the gate, as its diagram says',
    diagram(({ cold, expectObservable, expectSubscriptions }) => {
      const row = documented('withLock');
      holdFor('db', row('gate held by others').indexOf('!'));
      const source = cold(row('source, alone'));
      expectObservable(source.pipe(withLock('db'))).toBe(row('result'));
      expectSubscriptions(source.subscriptions).toBe('------^-------!');
    }),
  );

  it(
    'queues each subscription once, first come, first served, whatever its end',
    diagram(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const completes = cold('-a-|');
      const fails = cold('    -b#');
      const empty = cold('    |');
      const lock = withLock<string>('db');
      expectObservable(completes.pipe(lock)).toBe('-a-|');
      expectObservable(fails.pipe(lock)).toBe('    ----b#');
      expectObservable(empty.pipe(lock)).toBe('    -----|');
      expectObservable(completes.pipe(lock)).toBe('------a-|');
      expectSubscriptions(completes.subscriptions).toBe(['^--!', '-----^--!']);
      expectSubscriptions(fails.subscriptions).toBe('    ---^-!');
      expectSubscriptions(empty.subscriptions).toBe('    -----(^!)');
      flush();
      expect(stateOf('db')).toMatchObject({ holders: [], waiting: [] });
    }),
  );

  it(
    'leaves the queue when it is unsubscribed there, without a trace',
    diagram(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const source = cold('-a-|');
      const late = cold('  -b|');
      holdFor('db', 5);
      expectObservable(source.pipe(withLock('db')), '--!').toBe('---');
      expectObservable(late.pipe(withLock('db'))).toBe('------b|');
      expectSubscriptions(late.subscriptions).toBe('-----^-!');
      flush();
      expect(source.subscriptions).toEqual([]);
    }),
  );

  it(
    'gives the gate back when it is unsubscribed while the source lives',
    diagram(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('-a-----');
      expectObservable(source.pipe(withLock('db')), '---!').toBe('-a--');
      expectObservable(cold('-b|').pipe(withLock('db'))).toBe('   ----b|');
      expectSubscriptions(source.subscriptions).toBe('^--!');
    }),
  );

  it(
    'holds while a source never ends, and keeps the others out',
    diagram(({ cold, expectObservable, flush }) => {
      const waiting = cold('a|');
      expectObservable(NEVER.pipe(withLock('db'))).toBe('-');
      expectObservable(waiting.pipe(withLock('db'))).toBe('-');
      flush();
      expect(waiting.subscriptions).toEqual([]);
      expect(stateOf('db')).toMatchObject({ holders: [{}], waiting: [{}] });
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
      const agent = (label: string, end: (subscriber: { complete(): void; error(e: unknown): void }) => void): void => {
        new Observable((subscriber) => {
          log.push(`${label} starts`);
          timer(1).subscribe(() => end(subscriber));
          return () => log.push(`${label} is torn down, held by ${held()}`);
        })
          .pipe(withLock('db', { label }))
          .subscribe({
            error: () => log.push(`${label} failed, held by ${held()}`),
            complete: () => log.push(`${label} is complete, held by ${held()}`),
          });
      };
      agent('a', (subscriber) => subscriber.complete());
      agent('b', (subscriber) => subscriber.error('no'));
      agent('c', (subscriber) => subscriber.complete());
      flush();
      expect(log).toEqual([
        'a starts',
        'a is torn down, held by a',
        'a is complete, held by b',
        'b starts',
        'b is torn down, held by b',
        'b failed, held by c',
        'c starts',
        'c is torn down, held by c',
        'c is complete, held by ',
      ]);
    }),
  );

  it(
    'tears down before the gate goes back also where the source ends while it is being subscribed to',
    diagram(() => {
      const log: string[] = [];
      const source = new Observable<never>((subscriber) => {
        subscriber.complete();
        return () => log.push(`torn down, held by ${stateOf('db').holders.length}`);
      });
      source
        .pipe(withLock('db'))
        .subscribe({ complete: () => log.push(`complete, held by ${stateOf('db').holders.length}`) });
      expect(log).toEqual(['torn down, held by 1', 'complete, held by 0']);
    }),
  );

  it(
    'runs finalize around it once: above it before the consumer hears of the end, below it after',
    diagram(() => {
      const log: string[] = [];
      of(1)
        .pipe(
          finalize(() => log.push('above')),
          withLock('db'),
          finalize(() => log.push('below')),
        )
        .subscribe({ complete: () => log.push('complete') });
      expect(log).toEqual(['above', 'complete', 'below']);
    }),
  );

  it(
    'queues again behind the others with retry and repeat',
    diagram(({ cold, expectObservable, expectSubscriptions }) => {
      const fails = cold('--#');
      expectObservable(fails.pipe(withLock('db'), retry(1))).toBe('--------#');
      expectObservable(cold('-a-b|').pipe(withLock('db'))).toBe('  ---a-b|');
      expectSubscriptions(fails.subscriptions).toBe(['^-!', '------^-!']);
      expectObservable(cold('-c|').pipe(withLock('again'), repeat(2))).toBe('-c-----c|');
      expectObservable(cold('---d|').pipe(withLock('again'))).toBe('       -----d|');
    }),
  );

  it(
    'lets a consumer ask for the gate that its source holds: it has it when the source is over',
    diagram(({ cold, flush }) => {
      const log: string[] = [];
      const consumer = {
        next: (value: string) => void acquire('db').subscribe(() => log.push(`granted, asked for at ${value}`)),
        error: () => log.push('error'),
        complete: () => log.push('complete'),
      };
      cold('-a-|').pipe(withLock('db')).subscribe(consumer);
      flush();
      expect(log).toEqual(['complete', 'granted, asked for at a']);
    }),
  );

  it(
    'refuses its own source the gate that it holds, unless that is reentrant',
    diagram(({ cold, expectObservable }) => {
      const inside = cold('a|').pipe(withLock('db'));
      expectObservable(inside.pipe(withLock('db'))).toBe('#', undefined, anError(DeadlockError));
      const twice = mutex('twice', { reentrant: true });
      expectObservable(cold('a|').pipe(withLock(twice), withLock(twice))).toBe('a|');
    }),
  );

  it(
    'takes a name, a description, a live gate, an allOf, or a function that is called at each subscription',
    diagram(({ cold, coordinator, expectObservable }) => {
      const names = ['one', 'two'];
      const gates = [
        'name',
        mutex('spec', { ttl: '1m' }),
        coordinator.open(semaphore('live', { permits: 1 })),
        allOf('left', 'right'),
      ];
      for (const gate of gates) {
        expectObservable(cold('-a|').pipe(withLock(gate))).toBe('-a|');
        expectObservable(cold('-a|').pipe(withLock(gate))).toBe('---a|');
      }
      const picked = cold('-a|').pipe(withLock(() => names.shift() ?? 'two'));
      expectObservable(picked).toBe('-a|');
      expectObservable(picked).toBe('-a|');
      expectObservable(picked).toBe('---a|');
    }),
  );

  it(
    'errors where the function throws, or the gate is in use with other settings',
    diagram(({ cold, expectObservable, flush }) => {
      const mistake = new Error('no gate');
      const source = cold('-a|');
      const throws = withLock<string>(() => {
        throw mistake;
      });
      expectObservable(source.pipe(throws)).toBe('#', undefined, mistake);
      holdFor(mutex('db', { ttl: '1s' }), 1);
      expectObservable(source.pipe(withLock(mutex('db')))).toBe('#', undefined, anError(SpecConflictError));
      flush();
      expect(source.subscriptions).toEqual([]);
      // At the end of a chain, where no operator catches it.
      const seen: unknown[] = [];
      expect(source.pipe(throws).subscribe({ error: (error: unknown) => seen.push(error) }).closed).toBe(true);
      expect(seen).toEqual([mistake]);
    }),
  );

  describe('over other gates', () => {
    it(
      'takes one token of a limiter for each subscription',
      diagram(({ cold, expectObservable }) => {
        const paced = cold('a-b|').pipe(withLock(rateLimiter('api', { limit: 1, per: 5 })));
        expectObservable(paced).toBe('a-b|');
        expectObservable(paced).toBe('-----a-b|');
      }),
    );

    it(
      'reserves units of a quota, which stay used',
      diagram(({ cold, expectObservable }) => {
        const hours = quota('hours', { limit: 3, per: 10 });
        const source = cold('a-|').pipe(withLock(hours, { cost: 2 }));
        expectObservable(source).toBe('a-|');
        expectObservable(source).toBe('----------a-|');
      }),
    );

    it(
      'takes all of an allOf or none',
      diagram(({ cold, expectObservable }) => {
        expectObservable(cold('---a|').pipe(withLock('left'))).toBe('                   ---a|');
        expectObservable(cold('b|').pipe(withLock(allOf('right', 'left')))).toBe('         ----b|');
        expectObservable(cold('c|').pipe(withLock('right'))).toBe('                     -----c|');
      }),
    );
  });

  describe('a lease that is lost', () => {
    it(
      'unsubscribes the source and errors, when its ttl lapses',
      diagram(({ cold, expectObservable, expectSubscriptions }) => {
        const short = mutex('short', { ttl: 3, renew: false });
        const source = cold('-a------b|');
        expectObservable(source.pipe(withLock(short))).toBe('-a-#', undefined, anError(LeaseLostError));
        expectObservable(cold('c|').pipe(withLock(short))).toBe('---c|');
        expectSubscriptions(source.subscriptions).toBe('^--!');
      }),
    );

    it(
      'unsubscribes the source and errors, when it is forced free',
      diagram(({ cold, coordinator, expectObservable, expectSubscriptions }) => {
        const source = cold('-a------b|');
        expectObservable(source.pipe(withLock('db'))).toBe('-a-#', undefined, anError(LeaseLostError));
        timer(3).subscribe(() => void coordinator.open('db').force('all', 'stuck'));
        expectSubscriptions(source.subscriptions).toBe('^--!');
      }),
    );

    it(
      'is kept by renewal as long as the source lives',
      diagram(({ cold, expectObservable }) => {
        const kept = mutex('kept', { ttl: 3 });
        expectObservable(cold('-a------b|').pipe(withLock(kept))).toBe('-a------b|');
      }),
    );
  });

  it(
    'hands 10,000 subscriptions over without a stack, and stops where take says',
    diagram(() => {
      const gate = new Subject<void>();
      let done = 0;
      gate.pipe(take(1), withLock('db')).subscribe();
      for (let i = 0; i < 10_000; i++)
        of(i)
          .pipe(withLock('db'))
          .subscribe(() => done++);
      expect(done).toBe(0);
      gate.next();
      expect(done).toBe(10_000);
      expect(stateOf('db')).toMatchObject({ holders: [], waiting: [] });
    }),
  );

  it(
    'subscribes to a deferred source when it holds the gate, and not before',
    diagram(() => {
      const made: number[] = [];
      const first = NEVER.pipe(withLock('db')).subscribe();
      defer(() => of(made.push(stateOf('db').holders.length)))
        .pipe(withLock('db'))
        .subscribe();
      expect(made).toEqual([]);
      first.unsubscribe();
      expect(made).toEqual([1]);
    }),
  );

  it('refuses a name that is empty at once', () => {
    expect(() => withLock('')).toThrow(ConfigError);
  });
});
