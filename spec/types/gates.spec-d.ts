import { of, type Observable } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';
import {
  acquire,
  allOf,
  createCoordinator,
  cyclicBarrier,
  define,
  detached,
  enter,
  hold,
  inspect,
  mutex,
  open,
  quota,
  readWriteLock,
  rateLimiter,
  run,
  semaphore,
  waits,
  type AcquireOptions,
  type AllOf,
  type BarrierSpec,
  type Entered,
  type Gate,
  type GateActivity,
  type GateRef,
  type GateSpec,
  type GateState,
  type Grant,
  type LimiterSpec,
  type LossReason,
  type MaybePromise,
  type MutexSpec,
  type QuotaSpec,
  type ReadWriteLock,
  type ReadWriteSpec,
  type SemaphoreSpec,
  type WaitEdge,
} from 'rxbaton';

describe('descriptions', () => {
  it('are typed by their kind', () => {
    expectTypeOf(mutex('db')).toEqualTypeOf<MutexSpec>();
    expectTypeOf(semaphore('pool', { permits: 3 })).toEqualTypeOf<SemaphoreSpec>();
    expectTypeOf(quota('hours', { limit: 16, per: '1h' })).toEqualTypeOf<QuotaSpec>();
    expectTypeOf(cyclicBarrier('merge', { parties: 5 })).toEqualTypeOf<BarrierSpec>();
    expectTypeOf(rateLimiter('api', { limit: 10, per: '1s' })).toEqualTypeOf<LimiterSpec>();
    expectTypeOf(readWriteLock('doc')).toEqualTypeOf<ReadWriteLock>();
    expectTypeOf(readWriteLock('doc').read).toEqualTypeOf<ReadWriteSpec>();
    expectTypeOf(readWriteLock('doc').write).toEqualTypeOf<ReadWriteSpec>();
    expectTypeOf<
      MutexSpec | SemaphoreSpec | ReadWriteSpec | QuotaSpec | BarrierSpec | LimiterSpec
    >().toEqualTypeOf<GateSpec>();
  });

  it('take their options and no others', () => {
    mutex('db', { ttl: '30s', renew: false, reentrant: true });
    semaphore('pool', { permits: 3, ttl: 500 });
    quota('hours', { limit: 0.5, per: 1000, anchor: new Date() });
    quota('hours', { limit: 1, per: '1d', anchor: 0 });
    cyclicBarrier('merge', { parties: 5, timeout: '30s', onLeave: 'forget' });
    rateLimiter('api', { limit: 10, per: '1s', strategy: 'token-bucket', burst: 5 });
    rateLimiter('api', { limit: 10, per: '1s', from: 'release' });

    // @ts-expect-error a mutex has one permit
    mutex('db', { permits: 2 });
    // @ts-expect-error a name is a string
    mutex(5);
    // @ts-expect-error a unit that nobody knows
    mutex('db', { ttl: '3 weeks' });
    // @ts-expect-error permits are missing
    semaphore('pool');
    // @ts-expect-error permits are a number
    semaphore('pool', { permits: '3' });
    // @ts-expect-error the period is missing
    quota('hours', { limit: 16 });
    // @ts-expect-error parties are missing
    cyclicBarrier('merge', { timeout: 5 });
    // @ts-expect-error no such answer
    cyclicBarrier('merge', { parties: 2, onLeave: 'wait' });
    // @ts-expect-error no such strategy
    rateLimiter('api', { limit: 10, per: '1s', strategy: 'bucket' });
    // @ts-expect-error no such moment
    rateLimiter('api', { limit: 10, per: '1s', from: 'start' });
    // @ts-expect-error undefined is not the same as left out
    mutex('db', { ttl: undefined });
  });

  it('can not be written to', () => {
    const spec = semaphore('pool', { permits: 3 });
    // @ts-expect-error a description is read-only
    spec.permits = 4;
  });
});

describe('acquire', () => {
  it('takes anything that names a gate, and gives an Observable of a grant', () => {
    const gate = createCoordinator().open('db');
    for (const ref of ['db', mutex('db'), gate, allOf('a', 'b')] satisfies GateRef[]) {
      expectTypeOf(acquire(ref)).toEqualTypeOf<Observable<Grant>>();
    }
    acquire('db', {
      cost: 2,
      timeout: '5s',
      signal: new AbortController().signal,
      priority: -1,
      label: 'me',
      key: 'ada',
    });
    // @ts-expect-error a number is no gate
    acquire(5);
    // @ts-expect-error no such option
    acquire('db', { time: 5 });
    // @ts-expect-error a cost is a number
    acquire('db', { cost: '2' });
    // @ts-expect-error an owner is a grant
    acquire('db', { owner: 'me' });
    // @ts-expect-error an AbortController is no signal
    acquire('db', { signal: new AbortController() });
    // @ts-expect-error a key is a string
    acquire('db', { key: 5 });
    expectTypeOf<keyof AcquireOptions>().toEqualTypeOf<
      'cost' | 'timeout' | 'signal' | 'priority' | 'owner' | 'label' | 'key'
    >();
  });

  it('gives a grant that says what it is', () => {
    hold(acquire('db'), (grant) => {
      expectTypeOf(grant).toEqualTypeOf<Grant>();
      expectTypeOf(grant.fence).toEqualTypeOf<number | null>();
      expectTypeOf(grant.signal).toEqualTypeOf<AbortSignal>();
      expectTypeOf(grant.valid()).toEqualTypeOf<boolean>();
      expectTypeOf(grant.extend('5s')).toEqualTypeOf<MaybePromise<boolean>>();
      expectTypeOf(grant.charge(3)).toEqualTypeOf<MaybePromise<void>>();
      // @ts-expect-error only the grant of enter is released by hand
      grant.release();
      // @ts-expect-error a fence is given
      grant.fence = 5;
      return of(1);
    });
  });
});

describe('hold', () => {
  it('is typed by its work, whatever input of RxJS that is', () => {
    expectTypeOf(hold(acquire('db'), () => of('a', 1))).toEqualTypeOf<Observable<string | number>>();
    expectTypeOf(hold(acquire('db'), async () => 5)).toEqualTypeOf<Observable<number>>();
    expectTypeOf(hold(acquire('db'), () => [true])).toEqualTypeOf<Observable<boolean>>();
    expectTypeOf(
      hold(acquire('db'), async function* () {
        yield 'a';
      }),
    ).toEqualTypeOf<Observable<string>>();
    // @ts-expect-error the work is a function
    hold(acquire('db'), of(1));
    // @ts-expect-error the work is an input of RxJS
    hold(acquire('db'), () => 5);
    // @ts-expect-error an acquisition, not a gate
    hold('db', () => of(1));
    // @ts-expect-error an Observable of grants
    hold(of(5), () => of(1));
  });
});

describe('run', () => {
  it('is typed by its function, a value or a promise', () => {
    expectTypeOf(run('db', () => 5)).toEqualTypeOf<Promise<number>>();
    expectTypeOf(run('db', async ({ fence }) => fence)).toEqualTypeOf<Promise<number | null>>();
    expectTypeOf(run(mutex('db'), { timeout: 5 }, async () => 'a')).toEqualTypeOf<Promise<string>>();
    expectTypeOf(run('db', () => {})).toEqualTypeOf<Promise<void>>();
    // @ts-expect-error the function is missing
    void run('db');
    // @ts-expect-error the function is missing
    void run('db', { timeout: 5 });
    // @ts-expect-error options come before the function
    void run('db', () => 5, { timeout: 5 });
    // @ts-expect-error no such option
    void run('db', { ttl: 5 }, () => 5);
  });
});

describe('enter', () => {
  it('gives a grant that can be disposed of and released', async () => {
    expectTypeOf(enter('db', { key: 'ada' })).toEqualTypeOf<Promise<Entered>>();
    expectTypeOf<Entered>().toExtend<Grant & AsyncDisposable>();
    await using grant = await enter('db');
    expectTypeOf<ReturnType<Entered['release']>>().toBeVoid();
    grant.release();
    void run('db', { owner: grant }, () => 1);
    // @ts-expect-error it has to be awaited first
    void enter('db').release();
  });
});

describe('allOf', () => {
  it('takes gates, names, members with cost and key, and other allOfs', () => {
    const gate = createCoordinator().open('db');
    expectTypeOf(
      allOf('a', mutex('b'), gate, { gate: 'c', cost: 2, key: 'k' }, { gate: mutex('d') }, allOf('e')),
    ).toEqualTypeOf<AllOf>();
    // @ts-expect-error a number is no gate
    allOf(5);
    // @ts-expect-error a member needs its gate
    allOf({ cost: 5 });
    // @ts-expect-error no such option of a member
    allOf({ gate: 'a', priority: 5 });
    // @ts-expect-error an allOf is no member with a cost
    allOf({ gate: allOf('a'), cost: 5 });
    // @ts-expect-error several gates can not be defined or opened as one
    define(allOf('a', 'b'));
    // @ts-expect-error several gates can not be defined or opened as one
    open(allOf('a', 'b'));
  });
});

describe('live gates', () => {
  it('are changed, paused, forced and looked at', () => {
    const gate = open(semaphore('pool', { permits: 3 }));
    expectTypeOf(gate).toEqualTypeOf<Gate>();
    expectTypeOf(open('name')).toEqualTypeOf<Gate>();
    expectTypeOf(gate.change({ permits: 4 })).toEqualTypeOf<MaybePromise<void>>();
    void gate.change({ limit: 4, per: '5s', burst: 2, parties: 3, pauseUntil: new Date() });
    expectTypeOf(gate.pauseUntil(Date.now())).toEqualTypeOf<MaybePromise<void>>();
    expectTypeOf(gate.force('all', 'why')).toEqualTypeOf<MaybePromise<number>>();
    expectTypeOf(gate.inspect('key')).toEqualTypeOf<MaybePromise<GateState>>();
    expectTypeOf(gate.acquire({ cost: 2 })).toEqualTypeOf<Observable<Grant>>();
    // @ts-expect-error what can not change while it is in use
    void gate.change({ ttl: 5 });
    // @ts-expect-error a reason is needed
    void gate.force('all');
    // @ts-expect-error a date or a number
    void gate.pauseUntil('tomorrow');
    // @ts-expect-error a live gate is made by open
    gate.spec = mutex('other');
  });

  it('are seen as plain data', () => {
    expectTypeOf(inspect('db')).toEqualTypeOf<MaybePromise<GateState>>();
    expectTypeOf(waits()).toEqualTypeOf<MaybePromise<readonly WaitEdge[]>>();
    expectTypeOf<GateState['holders'][number]['fence']>().toEqualTypeOf<number | null>();
    expectTypeOf<GateActivity['action']>().toEqualTypeOf<
      'queued' | 'granted' | 'released' | 'refused' | 'left' | 'lost' | 'changed' | 'deadlock'
    >();
    expectTypeOf<'expired' | 'forced'>().toExtend<LossReason>();
  });

  it('are pinned by define, which gives the description back', () => {
    expectTypeOf(define(semaphore('pool', { permits: 3 }))).toEqualTypeOf<SemaphoreSpec>();
    // @ts-expect-error a name alone says nothing
    define('pool');
  });
});

describe('detached', () => {
  it('returns what its function returns', () => {
    expectTypeOf(detached(() => 5)).toEqualTypeOf<number>();
    expectTypeOf(detached(async () => 'a')).toEqualTypeOf<Promise<string>>();
  });
});

describe('createCoordinator', () => {
  it('knows three answers to a deadlock', () => {
    createCoordinator({ deadlock: 'report' });
    // @ts-expect-error no such answer
    createCoordinator({ deadlock: 'ignore' });
  });
});
