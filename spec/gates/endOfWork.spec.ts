import { config, Observable, of, Subject, throwError, Subscription, type Subscriber } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquire, allOf, hold, mutex, run, semaphore, type GateRef, type Grant } from 'rxbaton';
import { withLock } from 'rxbaton/operators';
import { drainJobs } from '../../lib/testing/drainJobs.ts';
import { deferred } from '../support/deferred.ts';
import { gateWorld, type GateWorld } from '../support/gateWorld.ts';

const lock = mutex('db');

/** Errors that RxJS was told of because nobody could receive them. */
let unhandled: unknown[] = [];
let told: () => void = () => {};
/** Resolves when RxJS has been told of so many. */
const unheard = (count: number) =>
  new Promise<void>((resolve) => {
    told = () => {
      if (unhandled.length >= count) resolve();
    };
    told();
  });
const { onUnhandledError } = config;
beforeEach(() => {
  unhandled = [];
  config.onUnhandledError = (error) => {
    unhandled.push(error);
    told();
  };
});
afterEach(() => {
  config.onUnhandledError = onUnhandledError;
});

/** Holds the lock and logs all that happens; the work is over when the returned subscriber says so. */
function worker(world: GateWorld, log: string[], name: string, onEnd?: () => void) {
  let work!: Subscriber<number>;
  const subscription = world.within(() =>
    hold(acquire(lock, { label: name }), () => {
      log.push(`${name} starts`);
      return new Observable<number>((subscriber) => {
        work = subscriber;
        return () => {
          log.push(`${name} torn down`);
        };
      });
    }).subscribe({
      next: (value) => log.push(`${name}: ${value}`),
      error: () => {
        log.push(`${name} hears the error; ${world.state(lock).holders[0]?.who ?? 'nobody'} has the lock`);
        onEnd?.();
      },
      complete: () => {
        log.push(`${name} hears the end; ${world.state(lock).holders[0]?.who ?? 'nobody'} has the lock`);
        onEnd?.();
      },
    }),
  );
  return {
    unsubscribe: () => subscription.unsubscribe(),
    next: (value: number) => work.next(value),
    complete: () => work.complete(),
    error: () => work.error(new Error('no')),
  };
}

describe('the end of work', () => {
  it('is its teardown, the reservation for the next, its last notification, and then the next one', () => {
    const world = gateWorld();
    const log: string[] = [];
    const a = worker(world, log, 'a');
    worker(world, log, 'b');
    a.next(1);
    a.complete();
    expect(log).toEqual(['a starts', 'a: 1', 'a torn down', 'a hears the end; b has the lock', 'b starts']);
  });

  it('is the same where it ends with an error', () => {
    const world = gateWorld();
    const log: string[] = [];
    const a = worker(world, log, 'a');
    worker(world, log, 'b');
    a.error();
    expect(log).toEqual(['a starts', 'a torn down', 'a hears the error; b has the lock', 'b starts']);
  });

  it('is the same where it is unsubscribed: only there is nothing to hear', () => {
    const world = gateWorld();
    const log: string[] = [];
    const a = worker(world, log, 'a');
    worker(world, log, 'b');
    a.unsubscribe();
    expect(log).toEqual(['a starts', 'a torn down', 'b starts']);
  });

  it('lets nobody barge in: who asks again inside it comes last', () => {
    const world = gateWorld();
    const log: string[] = [];
    let again!: ReturnType<typeof worker>;
    const a = worker(world, log, 'a', () => (again = worker(world, log, 'a again')));
    const b = worker(world, log, 'b');
    const c = worker(world, log, 'c');
    log.length = 0;
    a.complete();
    b.complete();
    c.complete();
    again.complete();
    expect(log.filter((line) => line.endsWith('starts'))).toEqual(['b starts', 'c starts', 'a again starts']);
  });

  it('lets nobody pass who is let in but has still to hear of it, though there is room for both', () => {
    const { within } = gateWorld();
    const pool = semaphore('pool', { permits: 2 });
    const work = new Subject<never>();
    const log: string[] = [];
    const fences: number[] = [];
    const enter = (name: string, gate: GateRef) =>
      acquire(gate).subscribe(({ fence }) => {
        log.push(name);
        fences.push(fence!);
      });
    within(() => {
      hold(acquire(pool, { cost: 2 }), () => work).subscribe({
        complete: () => {
          enter('newcomer', pool);
          log.push('end heard');
        },
      });
      enter('first in line', pool);
      work.complete();
    });
    expect(log).toEqual(['end heard', 'first in line', 'newcomer']);
    expect(fences[1]).toBeGreaterThan(fences[0]!);
  });

  it('lets nobody pass a request for several gates that has still to hear of it', () => {
    const { within } = gateWorld();
    const pool = semaphore('pool', { permits: 2 });
    const work = new Subject<never>();
    const log: string[] = [];
    within(() => {
      hold(acquire(pool, { cost: 2 }), () => work).subscribe({
        complete: () => acquire(pool).subscribe(() => log.push('newcomer')),
      });
      acquire(allOf(pool, lock)).subscribe(() => log.push('both'));
      work.complete();
    });
    expect(log).toEqual(['both', 'newcomer']);
  });

  it('does not make newcomers queue for those who were let in and left before they heard of it', () => {
    const { within, activity } = gateWorld();
    const pool = semaphore('pool', { permits: 2 });
    const work = new Subject<never>();
    within(() => {
      const leaving = new Subscription();
      hold(acquire(pool, { cost: 2 }), () => work).subscribe({ complete: () => leaving.unsubscribe() });
      leaving.add(acquire(pool).subscribe());
      leaving.add(acquire(allOf(pool, lock)).subscribe());
      work.complete();
      const seen = activity();
      acquire(pool).subscribe();
      expect(seen.map(({ action }) => action)).toEqual(['granted']);
    });
  });

  it('lets who asks again inside it enter where nobody waits', () => {
    const world = gateWorld();
    const log: string[] = [];
    const a = worker(world, log, 'a', () => void worker(world, log, 'again'));
    a.complete();
    expect(log.at(-1)).toBe('again starts');
  });

  it('delivers to several in the order in which they waited, each after the one before has started', () => {
    const { ask, open } = gateWorld();
    const gate = open(semaphore('pool', { permits: 3 }));
    const holder = ask(gate, { cost: 3 });
    const log: string[] = [];
    for (const name of ['b', 'c', 'd']) {
      gate.acquire().subscribe(() => {
        log.push(`${name} in`);
        log.push(`${name} done`);
      });
    }
    holder.leave();
    expect(log).toEqual(['b in', 'b done', 'c in', 'c done', 'd in', 'd done']);
  });
});

describe('work that ends while it is being started', () => {
  it('is torn down, by the teardown that it has yet to return, before the next one starts', () => {
    const world = gateWorld();
    const log: string[] = [];
    const first = world.ask(lock);
    world.within(() =>
      hold(
        acquire(lock),
        () =>
          new Observable<never>((subscriber) => {
            subscriber.complete();
            return () => log.push('torn down');
          }),
      ).subscribe({ complete: () => log.push('hears the end') }),
    );
    worker(world, log, 'next');
    first.leave();
    expect(log).toEqual(['torn down', 'hears the end', 'next starts']);
  });

  it('hands the lock over 100,000 times in one turn on one stack', () => {
    const { within, ask, state } = gateWorld();
    const first = ask(lock);
    let count = 0;
    const depths = new Set<number>();
    const depthOf = (): number => new Error().stack!.split('\n').length;
    Error.stackTraceLimit = 200;
    within(() => {
      for (let i = 0; i < 100_000; i++) {
        of(i)
          .pipe(withLock(lock))
          .subscribe(() => {
            count++;
            if (i % 1_000 === 999) depths.add(depthOf());
          });
      }
    });
    first.leave();
    Error.stackTraceLimit = 10;
    expect([count, state(lock).available]).toEqual([100_000, 1]);
    expect(depths.size).toBe(1);
  });

  it('does so for functions that return at once, too', async () => {
    const { within, state } = gateWorld();
    let count = 0;
    const block = deferred();
    const first = within(() => run(lock, () => block.promise));
    const all = within(() => Array.from({ length: 20_000 }, () => run(lock, () => count++)));
    block.resolve();
    await first;
    await Promise.all(all);
    expect([count, state(lock).available]).toEqual([20_000, 1]);
  });
});

describe('somebody who throws', () => {
  it('in a teardown does not keep the gate closed; the error is reported', async () => {
    const world = gateWorld();
    const log: string[] = [];
    const bad = new Error('teardown');
    const holder = world.within(() =>
      hold(
        acquire(lock),
        () =>
          new Observable<never>(() => () => {
            throw bad;
          }),
      ).subscribe(),
    );
    worker(world, log, 'next');
    holder.unsubscribe();
    await unheard(1);
    expect([log, (unhandled[0] as { errors: unknown[] }).errors]).toEqual([['next starts'], [bad]]);
  });

  it('in a consumer does not keep the gate closed; the error is reported', async () => {
    const world = gateWorld();
    const log: string[] = [];
    const bad = new Error('consumer');
    world.within(() =>
      hold(acquire(lock), () => of(1)).subscribe({
        next: () => {
          throw bad;
        },
        complete: () => {
          log.push('hears the end');
          throw bad;
        },
      }),
    );
    worker(world, log, 'next');
    await unheard(2);
    expect([log, unhandled]).toEqual([
      ['hears the end', 'next starts'],
      [bad, bad],
    ]);
  });

  it('in the function that makes the work is an error of the work', () => {
    const world = gateWorld();
    const log: string[] = [];
    const bad = new Error('project');
    world.within(() =>
      hold(acquire(lock), (): Observable<never> => {
        throw bad;
      }).subscribe({ error: (error: unknown) => log.push(error === bad ? 'its own error' : 'another error') }),
    );
    expect([log, world.state(lock).available]).toEqual([['its own error'], 1]);
  });
});

describe('unsubscribing', () => {
  it('while asking, before the answer, takes the request back', () => {
    const { within, state } = gateWorld();
    const dead = new Observable<number>((subscriber) => {
      subscriber.complete();
      subscriber.add(hold(acquire(lock), () => of(1)).subscribe(subscriber));
    });
    within(() => dead.subscribe());
    expect(state(lock)).toMatchObject({ available: 1, waiting: [] });
  });

  it('while waiting leaves the queue and runs nothing', () => {
    const world = gateWorld();
    const log: string[] = [];
    const first = world.ask(lock);
    const b = worker(world, log, 'b');
    worker(world, log, 'c');
    b.unsubscribe();
    first.leave();
    expect(log).toEqual(['c starts']);
  });

  it('between the reservation and its delivery passes the gate on, and runs nothing', () => {
    const world = gateWorld();
    const log: string[] = [];
    const a = worker(world, log, 'a', () => {
      b.unsubscribe();
    });
    const b = worker(world, log, 'b');
    worker(world, log, 'c');
    a.complete();
    expect(log.slice(-2)).toEqual(['a hears the end; b has the lock', 'c starts']);
  });

  it('while the work is being started ends it as soon as its teardown is known', () => {
    const world = gateWorld();
    const log: string[] = [];
    const first = world.ask(lock);
    const starting = world.within(() =>
      hold(
        acquire(lock),
        () =>
          new Observable<number>((subscriber) => {
            starting.unsubscribe();
            log.push(`closed: ${subscriber.closed}`);
            return () => log.push('torn down');
          }),
      ).subscribe({ complete: () => log.push('never') }),
    );
    worker(world, log, 'next');
    first.leave();
    expect(log).toEqual(['closed: true', 'torn down', 'next starts']);
  });

  it('while the work goes on tears it down, once', () => {
    const world = gateWorld();
    const log: string[] = [];
    const a = worker(world, log, 'a');
    a.unsubscribe();
    a.unsubscribe();
    expect([log, world.state(lock).available]).toEqual([['a starts', 'a torn down'], 1]);
  });

  it('after the end changes nothing for the next holder', () => {
    const world = gateWorld();
    const log: string[] = [];
    const a = worker(world, log, 'a');
    const next = world.ask(lock);
    const third = world.ask(lock);
    a.complete();
    a.unsubscribe();
    expect([next.fate, third.fate]).toEqual(['held', 'waiting']);
  });
});

describe('work that is a promise', () => {
  it('keeps the gate until it has settled, also when it was unsubscribed; its signal aborts at once', async () => {
    const { within, ask } = gateWorld();
    const promise = deferred();
    let grant!: Grant;
    const running = within(() =>
      hold(acquire(lock), (it) => {
        grant = it;
        return promise.promise;
      }).subscribe(),
    );
    const next = ask(lock);
    running.unsubscribe();
    expect([next.fate, grant.signal.aborted, grant.valid()]).toEqual(['waiting', true, true]);
    promise.resolve();
    await promise.promise;
    expect([next.fate, grant.valid()]).toEqual(['held', false]);
  });

  it('that fails after it was unsubscribed gives the gate back, and nobody hears of it', async () => {
    const { within, ask } = gateWorld();
    const promise = deferred();
    within(() => hold(acquire(lock), () => promise.promise).subscribe()).unsubscribe();
    const next = ask(lock);
    promise.reject(new Error('too late'));
    await drainJobs();
    expect([next.fate, unhandled]).toEqual(['held', []]);
  });

  it('emits its value and completes, or fails with its error, and then the gate goes back', async () => {
    const { within, state } = gateWorld();
    const seen: unknown[] = [];
    const observer = {
      next: (value: unknown) => seen.push(value),
      error: (error: unknown) => seen.push((error as Error).message),
      complete: () => seen.push('end'),
    };
    within(() => {
      hold(acquire('x'), () => Promise.resolve(7)).subscribe(observer);
      hold(acquire('y'), () => Promise.reject(new Error('no'))).subscribe(observer);
    });
    await drainJobs();
    expect([seen, state('x').available, state('y').available]).toEqual([[7, 'end', 'no'], 1, 1]);
  });
});

describe('a lease that is lost', () => {
  it('while the work is being started: the work is torn down when it has started, and errors', () => {
    const { within, open, state } = gateWorld();
    const gate = open(lock);
    const log: string[] = [];
    within(() =>
      hold(
        acquire(gate),
        ({ fence }) =>
          new Observable<never>(() => {
            void gate.force(fence!, 'at once');
            return () => log.push('torn down');
          }),
      ).subscribe({ error: (error: unknown) => log.push((error as Error).message) }),
    );
    expect([log, state(lock).holders]).toEqual([['torn down', 'anonymous lost db: at once.'], []]);
  });

  it.each([of(1), throwError(() => new Error('of the work'))])(
    'before the work was even made: however that ends, the loss is what the consumer hears',
    (work) => {
      const { within, open } = gateWorld();
      const gate = open(lock);
      const log: string[] = [];
      within(() =>
        hold(acquire(gate), ({ fence }) => {
          void gate.force(fence!, 'at once');
          return work;
        }).subscribe({ error: (error: unknown) => log.push((error as Error).name), complete: () => log.push('end') }),
      );
      expect(log).toEqual(['LeaseLostError']);
    },
  );

  it('while its promise is pending: the consumer hears of it at once, the next one enters, the late result is ignored', async () => {
    const { within, ask, open } = gateWorld();
    const promise = deferred<number>();
    const log: unknown[] = [];
    within(() =>
      hold(acquire(lock), () => promise.promise).subscribe({
        next: (value) => log.push(value),
        error: (error: unknown) => log.push((error as Error).name),
      }),
    );
    const next = ask(lock);
    const third = ask(lock);
    void open(lock).force('all', 'stuck');
    expect([log, next.fate]).toEqual([['LeaseLostError'], 'held']);
    promise.resolve(5);
    await drainJobs();
    expect([log, next.fate, third.fate]).toEqual([['LeaseLostError'], 'held', 'waiting']);
  });
});
