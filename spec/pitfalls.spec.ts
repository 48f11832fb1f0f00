/**
 * What locks, limiters and buses on RxJS get wrong. Each pitfall is a pair: one check that catches the usual version and
 * accepts ours.
 */
import { getEventListeners } from 'node:events';
import {
  EMPTY,
  from,
  map,
  mergeMap,
  NEVER,
  Observable,
  of,
  retry,
  share,
  shareReplay,
  take,
  throwError,
  timer,
} from 'rxjs';
import { afterEach, describe, expect } from 'vitest';
import {
  acquire,
  createCoordinator,
  emit,
  hold,
  inspect,
  mutex,
  rateLimiter,
  run,
  semaphore,
  when,
  type Clock,
  type Grant,
} from '../lib/index.ts';
import { open } from '../lib/gates/open.ts';
import { marbles, resetDefault, virtualTime } from '../lib/testing/index.ts';
import { drainJobs } from '../lib/testing/drainJobs.ts';
import { exclusive, withLock } from '../operators/index.ts';
import { catches } from './support/catches.ts';
import { ignoreUnheardErrors } from './support/unheard.ts';
import {
  completesBeforeTheRelease,
  faultyLock,
  forgetsErrors,
  naiveExclusive,
  namesItselfTooEarly,
  releasesBeforeTheWorkIsGone,
  setBus,
  stumblesOverTeardowns,
  subjectBus,
  takesOne,
  type Bus,
  type Exclusive,
  type Hold,
  type Lock,
} from './support/wrongVersions.ts';

/** Ours, as the checks see it. */
const ourHold: Hold = hold;
const ourLock = (permits = 1): Lock => {
  const gate = open(semaphore('lock', { permits }));
  return { acquire: (cost = 1) => gate.acquire({ cost }), free: () => free('lock') };
};
const ourExclusive: Exclusive = (_, project) => exclusive('lock', project);
const ourBus = (): Bus => ({
  emit: (name) => emit(name, null),
  on: (handler) => when('*', (_data, { name }) => handler(name)),
});

/** How much of a gate could be taken now. */
function free(name: string): number {
  const state = inspect(name);
  if (state instanceof Promise) throw new Error('Gates in memory answer at once.');
  return state.available;
}

ignoreUnheardErrors();
afterEach(resetDefault);

describe('1 the work is torn down before its lease goes back', () => {
  catches('unsubscribed', releasesBeforeTheWorkIsGone, ourHold, (held) => {
    const log: string[] = [];
    const running = held(acquire('lock'), () => new Observable<never>(() => () => log.push('work gone'))).subscribe();
    acquire('lock').subscribe(() => log.push('next is in'));
    running.unsubscribe();
    expect(log).toEqual(['work gone', 'next is in']);
  });

  catches('over while it was being subscribed to', releasesBeforeTheWorkIsGone, ourHold, (held) => {
    const log: string[] = [];
    const first = acquire('lock').subscribe();
    const work = new Observable<never>((subscriber) => {
      subscriber.complete();
      return () => log.push('work gone');
    });
    held(acquire('lock'), () => work).subscribe();
    acquire('lock').subscribe(() => log.push('next is in'));
    first.unsubscribe();
    expect(log).toEqual(['work gone', 'next is in']);
  });
});

describe('2 a lease is not consumed with take(1)', () => {
  catches('held while the work runs', takesOne, ourHold, (held) => {
    const running = held(acquire('lock'), () => NEVER).subscribe({ error: () => {} });
    expect(free('lock')).toBe(0);
    running.unsubscribe();
    expect(free('lock')).toBe(1);
  });
});

describe('3 every way to fail gives the lease back', () => {
  const failure = new Error('on purpose');
  const works: Record<string, () => Observable<never> | Promise<never>> = {
    throws: () => {
      throw failure;
    },
    errors: () => throwError(() => failure),
    rejects: () => Promise.reject(failure),
  };
  for (const [how, work] of Object.entries(works)) {
    catches(how, forgetsErrors, ourHold, async (held) => {
      const errors: unknown[] = [];
      held(acquire('lock'), work).subscribe({ error: (error) => errors.push(error) });
      await drainJobs();
      expect(errors).toEqual([failure]);
      expect(free('lock')).toBe(1);
    });
  }
});

describe('4 a lease goes back exactly once', () => {
  catches(
    'complete, error, unsubscribe',
    () => faultyLock(1, { releasesTwice: true }),
    ourLock,
    (make) => {
      const lock = make();
      for (const work of [EMPTY, throwError(() => new Error('on purpose')), NEVER]) {
        const lease = lock.acquire().subscribe(() => work.subscribe({ error: () => {} }));
        lease.unsubscribe();
      }
      expect(lock.free()).toBe(1);
    },
  );
});

describe('5 leaving the queue', () => {
  catches(
    "frees nobody else's lease",
    () => faultyLock(1, { freesForWaiters: true }),
    ourLock,
    (make) => {
      const lock = make();
      lock.acquire().subscribe();
      lock.acquire().subscribe().unsubscribe();
      let third = false;
      lock.acquire().subscribe(() => (third = true));
      expect(third).toBe(false);
    },
  );

  catches(
    'leaves no place that swallows a grant',
    () => faultyLock(1, { keepsDeparted: true }),
    ourLock,
    (make) => {
      const lock = make();
      const log: string[] = [];
      const holder = lock.acquire().subscribe();
      const departed = lock.acquire().subscribe(() => log.push('departed'));
      lock.acquire().subscribe(() => log.push('next'));
      departed.unsubscribe();
      holder.unsubscribe();
      expect(log).toEqual(['next']);
    },
  );
});

describe('6 a source that completes while values wait', () => {
  catches('ends after the last of them', naiveExclusive, ourExclusive, (operator) => {
    marbles(({ hot, cold, expectObservable }) => {
      const source = hot('  -ab|      ', { a: 1, b: 2 });
      const work = cold('    ---x|    ', { x: 9 });
      const expected = '    ----x---x|';
      expectObservable(source.pipe(operator(faultyLock(1), () => work))).toBe(expected, { x: 9 });
    })();
  });
});

describe('7 who leaves inside its own grant', () => {
  catches(
    'leaves a lock that is free',
    () => faultyLock(1, { notifiesFirst: true }),
    ourLock,
    (make) => {
      const lock = make();
      const holder = lock.acquire().subscribe();
      lock.acquire().pipe(take(1)).subscribe();
      holder.unsubscribe();
      expect(lock.free()).toBe(1);
    },
  );
});

describe('8 who asks inside its own grant', () => {
  catches(
    'waits behind those who came before',
    () => faultyLock(1, { notifiesFirst: true }),
    ourLock,
    (make) => {
      const lock = make();
      const log: string[] = [];
      const holder = lock.acquire().subscribe();
      const first = lock.acquire().subscribe(() => {
        log.push('first');
        lock.acquire().subscribe(() => log.push('nested'));
      });
      const second = lock.acquire().subscribe(() => log.push('second'));
      holder.unsubscribe();
      expect(log).toEqual(['first']);
      first.unsubscribe();
      second.unsubscribe();
      expect(log).toEqual(['first', 'second', 'nested']);
    },
  );
});

describe('9 a long line of hand-overs', () => {
  catches(
    'takes no stack',
    () => faultyLock(1),
    ourLock,
    (make) => {
      const lock = make();
      let count = 0;
      const first = lock.acquire().subscribe();
      for (let i = 0; i < 20_000; i++) {
        lock
          .acquire()
          .pipe(take(1))
          .subscribe(() => count++);
      }
      first.unsubscribe();
      expect(count).toBe(20_000);
    },
  );
});

describe('10 a synchronous source', () => {
  catches('stops when nobody listens any more', naiveExclusive, ourExclusive, (operator) => {
    const sent: number[] = [];
    const firehose = new Observable<number>((subscriber) => {
      for (let i = 0; !subscriber.closed && i < 10; i++) {
        sent.push(i);
        subscriber.next(i);
      }
    });
    firehose
      .pipe(
        operator(faultyLock(1), (value) => of(value)),
        take(3),
      )
      .subscribe();
    expect(sent).toEqual([0, 1, 2]);
  });

  catches('and its work is torn down with it', naiveExclusive, ourExclusive, (operator) => {
    let alive = 0;
    const work = new Observable<never>(() => {
      alive++;
      return () => alive--;
    });
    const running = new Observable<number>((subscriber) => subscriber.next(1))
      .pipe(operator(faultyLock(1), () => work))
      .subscribe();
    expect(alive).toBe(1);
    running.unsubscribe();
    expect(alive).toBe(0);
  });
});

describe('11 a grant and work that are synchronous', () => {
  catches('need no subscription that is not there yet', namesItselfTooEarly, ourHold, (held) => {
    let completed = false;
    held(acquire('lock'), () => of(1)).subscribe({ complete: () => (completed = true), error: () => {} });
    expect(completed).toBe(true);
    expect(free('lock')).toBe(1);
  });
});

describe('12 every subscription is a request of its own', () => {
  const shared = (): Observable<unknown> => acquire(semaphore('lock', { permits: 2 })).pipe(share());
  catches(
    'two subscriptions, two permits',
    shared,
    () => acquire(semaphore('lock', { permits: 2 })),
    (make) => {
      const acquisition = make();
      acquisition.subscribe();
      acquisition.subscribe();
      expect(free('lock')).toBe(0);
    },
  );
});

describe('13 a grant that is shared', () => {
  const forEver = (): Observable<Grant> => acquire('lock').pipe(shareReplay(1));
  const whileUsed = (): Observable<Grant> => acquire('lock').pipe(shareReplay({ bufferSize: 1, refCount: true }));
  catches('goes back when the last one leaves', forEver, whileUsed, (make) => {
    const shared = make();
    const [a, b] = [shared.subscribe(), shared.subscribe()];
    a.unsubscribe();
    expect(free('lock')).toBe(0);
    b.unsubscribe();
    expect(free('lock')).toBe(1);
  });
});

describe('14 time is read from the scheduler', () => {
  const byTheWall = (): Observable<number> => {
    const asked = Date.now();
    return timer(60_000).pipe(map(() => Date.now() - asked));
  };
  const ours = (): Observable<number> => {
    const holder = acquire('lock').subscribe();
    timer(60_000).subscribe(() => holder.unsubscribe());
    return acquire('lock').pipe(map(({ waited }) => waited));
  };
  catches('a wait of a minute in a marble test', byTheWall, ours, (make) => {
    marbles(({ expectObservable }) => {
      expectObservable(make().pipe(take(1))).toBe('60s (a|)', { a: 60_000 });
    })();
  });
});

describe('15 no promise in the middle', () => {
  const throughPromises: Exclusive = (_, project) =>
    mergeMap((value) => from(run('lock', () => value)).pipe(mergeMap(project)));
  catches('the work begins in the same turn', throughPromises, ourExclusive, (operator) => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('a|', { a: 1 }).pipe(operator(faultyLock(1), () => cold('--x|', { x: 9 })))).toBe('--x|', {
        x: 9,
      });
    })();
  });
});

describe('16 delays that a host timer cannot keep', () => {
  /** As in Node and browsers: what is longer than 2^31 - 1 ms fires after 1 ms. */
  const overflowing = (): ReturnType<typeof virtualTime> => {
    const clock = virtualTime();
    const schedule: Clock['schedule'] = (work, delay = 0, state) =>
      clock.schedule(work, delay > 2 ** 31 - 1 ? 1 : delay, state as never);
    return {
      ...clock,
      schedule,
      get pending() {
        return clock.pending;
      },
    };
  };
  type Waits = (clock: Clock) => Observable<unknown>;
  const armed =
    (ms: number): Waits =>
    (clock) =>
      timer(ms, clock);

  const patient: Waits = (clock) => {
    const gate = open(mutex('lock'), createCoordinator({ clock }).gates);
    gate.acquire().subscribe();
    return new Observable((subscriber) =>
      gate.acquire({ timeout: '60d' }).subscribe({ error: () => subscriber.next(0) }),
    );
  };
  const paced: Waits = (clock) => {
    const gate = open(rateLimiter('api', { limit: 1, per: '60d' }), createCoordinator({ clock }).gates);
    gate.acquire().subscribe();
    return gate.acquire();
  };
  for (const [name, ours] of Object.entries({ 'a timeout': patient, 'a window': paced })) {
    catches(`${name} of sixty days`, armed(60 * 86_400_000), ours, async (waits) => {
      const clock = overflowing();
      const seen: number[] = [];
      waits(clock).subscribe(() => seen.push(clock.now()));
      await clock.advance('59d');
      expect(seen).toEqual([]);
      await clock.advance('1d');
      expect(seen).toEqual([60 * 86_400_000]);
    });
  }

  const endless: Waits = (clock) => {
    const gate = open(mutex('lock'), createCoordinator({ clock }).gates);
    gate.acquire().subscribe();
    return new Observable((subscriber) =>
      gate.acquire({ timeout: Infinity }).subscribe({ error: () => subscriber.next(0) }),
    );
  };
  catches('no end at all', armed(Infinity), endless, async (waits) => {
    const clock = overflowing();
    const seen: number[] = [];
    waits(clock).subscribe(() => seen.push(clock.now()));
    await clock.advance('60d');
    expect(seen).toEqual([]);
  });
});

describe('17 a handler that fails', () => {
  catches('fails for itself and for one event', subjectBus, ourBus, async (make) => {
    const bus = make();
    const seen: string[] = [];
    bus.on((name) => {
      seen.push(`bad ${name}`);
      if (name === 'a') throw new Error('on purpose');
    });
    bus.on((name) => seen.push(`good ${name}`));
    bus.emit('a');
    bus.emit('b');
    await drainJobs();
    expect(seen).toEqual(['bad a', 'good a', 'bad b', 'good b']);
  });
});

describe('18 an event inside an event', () => {
  catches('follows when everybody had the first', subjectBus, ourBus, (make) => {
    const bus = make();
    const seen: string[] = [];
    bus.on((name) => {
      if (name === 'a') bus.emit('b');
    });
    bus.on((name) => seen.push(name));
    bus.emit('a');
    expect(seen).toEqual(['a', 'b']);
  });
});

describe('19 handlers that come and go during an event', () => {
  catches('the removed one does not get it, the added one neither', setBus, ourBus, (make) => {
    const bus = make();
    const seen: string[] = [];
    bus.on(() => {
      victim.unsubscribe();
      bus.on(() => seen.push('added'));
    });
    const victim = bus.on(() => seen.push('removed'));
    bus.emit('a');
    expect(seen).toEqual([]);
  });
});

describe('20 a teardown that throws', () => {
  catches('keeps no gate closed', stumblesOverTeardowns, ourHold, (held) => {
    const work = new Observable<never>(() => () => {
      throw new Error('on purpose');
    });
    const running = held(acquire('lock'), () => work).subscribe();
    try {
      running.unsubscribe();
    } catch {
      // Whether it throws at whoever unsubscribed is another matter.
    }
    expect(free('lock')).toBe(1);
  });
});

describe('21 locks for each customer', () => {
  interface Keyed {
    use(key: string): void;
    kept(): number;
  }
  const map = (): Keyed => {
    const locks = new Map<string, Lock>();
    return {
      use: (key) => {
        if (!locks.has(key)) locks.set(key, faultyLock(1));
        locks.get(key)?.acquire().subscribe().unsubscribe();
      },
      kept: () => locks.size,
    };
  };
  const ours = (): Keyed => {
    const { gates } = createCoordinator();
    const names: string[] = [];
    return {
      use: (key) => {
        names.push(key);
        open(mutex(key), gates).acquire().subscribe().unsubscribe();
      },
      kept: () => names.filter((name) => gates.backend.find(name) !== null).length,
    };
  };
  catches('are forgotten when nobody uses them', map, ours, (make) => {
    const locks = make();
    for (let i = 0; i < 10_000; i++) locks.use(`customer-${i}`);
    expect(locks.kept()).toBeLessThan(1_000);
  });
});

describe('22 a signal that many requests used', () => {
  type Abortable = (signal: AbortSignal) => Observable<unknown>;
  const leaky: Abortable = (signal) =>
    new Observable((subscriber) => {
      signal.addEventListener('abort', () => subscriber.error(signal.reason), { once: true });
      return acquire('lock').subscribe(subscriber);
    });
  catches(
    'keeps no listener',
    leaky,
    (signal) => acquire('lock', { signal }),
    (abortable) => {
      const { signal } = new AbortController();
      const holder = acquire('lock').subscribe();
      for (let i = 0; i < 20; i++)
        abortable(signal)
          .subscribe({ error: () => {} })
          .unsubscribe();
      const waiting = abortable(signal).subscribe();
      holder.unsubscribe();
      waiting.unsubscribe();
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    },
  );
});

describe('23 a subscription that lives long', () => {
  const collects: Exclusive = (lock, project) => (source) =>
    new Observable((subscriber) =>
      source.subscribe((value) => {
        const lease = lock.acquire().subscribe(() => project(value).subscribe());
        subscriber.add(() => lease.unsubscribe());
        lease.unsubscribe();
      }),
    );
  catches('does not remember everything that it did', collects, ourExclusive, (operator) => {
    const source = new Observable<number>((subscriber) => {
      for (let i = 0; i < 100; i++) subscriber.next(i);
    });
    const running = source.pipe(operator(faultyLock(1), () => of(0))).subscribe() as unknown as {
      _finalizers: unknown[] | null;
    };
    expect(running._finalizers?.length ?? 0).toBeLessThan(10);
  });
});

describe('25 work that is a promise', () => {
  catches(
    'keeps its lease until it has settled, and hears at once that it should stop',
    releasesBeforeTheWorkIsGone,
    ourHold,
    async (held) => {
      let signal: AbortSignal | undefined;
      let settle: () => void = () => {};
      const running = held(acquire('lock'), (grant) => {
        ({ signal } = grant);
        return new Promise<void>((resolve) => (settle = resolve));
      }).subscribe();
      running.unsubscribe();
      expect(signal?.aborted).toBe(true);
      expect(free('lock')).toBe(0);
      settle();
      await drainJobs();
      expect(free('lock')).toBe(1);
    },
  );
});

describe('26 a departure', () => {
  catches(
    'lets the next one in before any newcomer',
    () => faultyLock(1, { asynchronous: true }),
    ourLock,
    async (make) => {
      const lock = make();
      const log: string[] = [];
      const holder = lock.acquire().subscribe();
      const queued = lock.acquire().subscribe(() => log.push('queued'));
      holder.unsubscribe();
      expect(log).toEqual(['queued']);
      queued.unsubscribe();
    },
  );
});

describe('27 a heavy request', () => {
  catches(
    'is served although light ones keep coming',
    () => faultyLock(4, { overtakes: true }),
    () => ourLock(4),
    (make) => {
      marbles(({ flush }) => {
        const pool = make();
        let served = false;
        let inTime = false;
        for (let at = 0; at < 200; at += 5) {
          timer(at).subscribe(() => {
            const light = pool.acquire().subscribe();
            timer(10).subscribe(() => light.unsubscribe());
          });
        }
        timer(6).subscribe(() => pool.acquire(3).subscribe(() => (served = true)));
        timer(150).subscribe(() => (inTime = served));
        flush();
        expect(inTime).toBe(true);
      })();
    },
  );
});

describe('29 work that asks for what it holds', () => {
  type Nested = (inner: Observable<number>) => Observable<unknown>;
  const naive: Nested = (inner) => {
    const lock = faultyLock(1);
    return lock.acquire().pipe(mergeMap(() => lock.acquire().pipe(mergeMap(() => inner))));
  };
  catches(
    'hears that it would wait for ever',
    naive,
    (inner) =>
      of(0).pipe(
        mergeMap(() => inner.pipe(withLock('lock'))),
        withLock('lock'),
      ),
    (nested) => {
      const errors: string[] = [];
      nested(of(1)).subscribe({ error: (error: Error) => errors.push(error.name) });
      expect(errors).toEqual(['DeadlockError']);
    },
  );
});

describe('33 looking at the gate inside complete', () => {
  catches('finds it free', completesBeforeTheRelease, ourHold, (held) => {
    const seen: number[] = [];
    held(acquire('lock'), () => of(1)).subscribe({ complete: () => seen.push(free('lock')) });
    expect(seen).toEqual([1]);
  });
});

describe('34 values that come faster than the work', () => {
  const hidden: Exclusive = (lock, project) => mergeMap((value) => lock.acquire().pipe(mergeMap(() => project(value))));
  const bounded: Exclusive = (_, project) => exclusive('lock', project, { maxQueue: 100 });
  catches('fill a queue that has a bound', hidden, bounded, (operator) => {
    let sent = 0;
    const errors: string[] = [];
    const source = new Observable<number>((subscriber) => {
      while (!subscriber.closed && sent < 10_000) subscriber.next(sent++);
    });
    source.pipe(operator(faultyLock(1), () => NEVER)).subscribe({ error: (error: Error) => errors.push(error.name) });
    expect(errors).toEqual(['OverflowError']);
    expect(sent).toBe(102);
  });
});

describe('35 retry', () => {
  type Retried = (acquisition: Observable<Grant>, work: () => Observable<never>) => Observable<unknown>;
  const inside: Retried = (acquisition, work) => acquisition.pipe(retry(1), mergeMap(work));
  const around: Retried = (acquisition, work) => hold(acquisition, work).pipe(retry(1));
  catches('goes around the hold, so that a lost lease stops its work', inside, around, async (retried) => {
    const gate = open(mutex('lock'));
    let alive = 0;
    const work = new Observable<never>(() => {
      alive++;
      return () => alive--;
    });
    const running = retried(gate.acquire(), () => work).subscribe();
    expect(alive).toBe(1);
    await gate.force('all', 'on purpose');
    expect(alive).toBe(1);
    running.unsubscribe();
    expect(alive).toBe(0);
  });
});
