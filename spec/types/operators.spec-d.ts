import {
  delay,
  firstValueFrom,
  map,
  Observable,
  of,
  Subject,
  type MonoTypeOperatorFunction,
  type OperatorFunction,
} from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';
import {
  allOf,
  coordinate,
  createCoordinator,
  cyclicBarrier,
  mutex,
  quota,
  rateLimiter,
  semaphore,
  type CoordinatorEvent,
  type Gate,
  type Grant,
} from 'rxbaton';
import {
  barrier,
  coordinated,
  exclusive,
  fixedWindow,
  leakyBucket,
  ofName,
  rateLimit,
  slidingWindow,
  tokenBucket,
  withLock,
  type ExclusiveOptions,
  type InlineLimiter,
  type Pace,
  type RateLimitOptions,
} from 'rxbaton/operators';

interface Job {
  readonly id: number;
  readonly user: string;
}
declare const jobs: Observable<Job>;
declare const live: Gate;
const gates = [
  'db',
  mutex('db'),
  semaphore('gpu', { permits: 2 }),
  quota('q', { limit: 1, per: '1h' }),
  live,
  allOf('a', 'b'),
] as const;

describe('withLock', () => {
  it('keeps the type of the source', () => {
    expectTypeOf(jobs.pipe(withLock('db'))).toEqualTypeOf<Observable<Job>>();
    expectTypeOf(withLock<Job>('db')).toEqualTypeOf<MonoTypeOperatorFunction<Job>>();
    expectTypeOf(
      jobs.pipe(
        withLock(() => mutex('db')),
        map(({ id }) => id),
      ),
    ).toEqualTypeOf<Observable<number>>();
  });

  it('takes every kind of gate, and the options of acquire', () => {
    for (const gate of gates) jobs.pipe(withLock(gate));
    const { signal } = new AbortController();
    jobs.pipe(withLock('db', { cost: 2, timeout: '5s', signal, priority: 1, label: 'me', key: 'k' }));
  });

  it('refuses what is no gate, and options that it does not have', () => {
    // @ts-expect-error a number is no gate
    withLock(5);
    // @ts-expect-error a gate is needed
    withLock();
    // @ts-expect-error nor is an Observable
    withLock(jobs);
    // @ts-expect-error it is subscribed to before there is a value
    withLock<Job>((job: Job) => job.user);
    // @ts-expect-error a misspelt option
    withLock('db', { tiemout: 5 });
    // @ts-expect-error a duration has a unit
    withLock('db', { timeout: '5 parsecs' });
    // @ts-expect-error it has no buffer
    withLock('db', { maxQueue: 5 });
    // @ts-expect-error a cost is a number
    withLock('db', { cost: '2' });
    // @ts-expect-error an owner is a grant
    withLock('db', { owner: 'me' });
  });
});

describe('exclusive', () => {
  it('has the type of what the work gives', () => {
    expectTypeOf(jobs.pipe(exclusive('db', ({ id }) => of(`${id}`)))).toEqualTypeOf<Observable<string>>();
    expectTypeOf(jobs.pipe(exclusive('db', async ({ id }) => id))).toEqualTypeOf<Observable<number>>();
    expectTypeOf(jobs.pipe(exclusive('db', ({ id }) => [id, `${id}`]))).toEqualTypeOf<Observable<number | string>>();
    expectTypeOf(jobs.pipe(exclusive('db', ({ id }) => (id > 0 ? of(id) : Promise.resolve('none'))))).toEqualTypeOf<
      Observable<number | string>
    >();
    expectTypeOf(
      jobs.pipe(
        exclusive('db', async function* ({ id }) {
          yield id;
        }),
      ),
    ).toEqualTypeOf<Observable<number>>();
  });

  it('infers the value, in the choice of the gate too, and gives the grant', () => {
    jobs.pipe(
      exclusive(
        (job) => {
          expectTypeOf(job).toEqualTypeOf<Job>();
          return `user:${job.user}`;
        },
        (job, grant) => {
          expectTypeOf(job).toEqualTypeOf<Job>();
          expectTypeOf(grant).toEqualTypeOf<Grant>();
          return of(grant.fence);
        },
      ),
    );
    for (const gate of gates)
      jobs.pipe(exclusive(gate, () => of(1), { maxQueue: 5, overflow: 'drop-oldest', key: 'k' }));
    expectTypeOf<ExclusiveOptions['overflow']>().toEqualTypeOf<'error' | 'drop-oldest' | 'drop-newest' | undefined>();
  });

  it('refuses work that is none, and options that it does not have', () => {
    // @ts-expect-error work is needed
    exclusive('db');
    // @ts-expect-error a number is nothing to subscribe to
    jobs.pipe(exclusive('db', ({ id }) => id));
    // @ts-expect-error nor is nothing
    jobs.pipe(exclusive('db', () => {}));
    // @ts-expect-error an Observable is no work for each value
    exclusive('db', of(1));
    const number = ({ id }: Job): number => id;
    // @ts-expect-error the choice is of a gate
    exclusive(number, () => of(1));
    // @ts-expect-error a misspelt option
    exclusive('db', () => of(1), { maxQuue: 5 });
    // @ts-expect-error a policy that does not exist
    exclusive('db', () => of(1), { overflow: 'drop' });
    // @ts-expect-error the value has no such property
    jobs.pipe(exclusive('db', ({ name }) => of(name)));
    // @ts-expect-error a cost for each value is a matter of rateLimit
    exclusive('db', () => of(1), { cost: () => 2 });
  });
});

describe('rateLimit', () => {
  it('keeps the type of the source', () => {
    expectTypeOf(jobs.pipe(rateLimit({ limit: 2, per: '1s' }))).toEqualTypeOf<Observable<Job>>();
    expectTypeOf(rateLimit<Job>('api')).toEqualTypeOf<MonoTypeOperatorFunction<Job>>();
  });

  it('infers the value in limiter, cost and key', () => {
    jobs.pipe(
      rateLimit(
        (job) => {
          expectTypeOf(job).toEqualTypeOf<Job>();
          return rateLimiter(job.user, { limit: 1, per: '1s' });
        },
        { cost: ({ id }) => id, key: ({ user }) => user, maxQueue: 5, overflow: 'drop-newest' },
      ),
      rateLimit('api', { cost: 2, key: 'k', timeout: '1m' }),
    );
    for (const gate of gates) jobs.pipe(rateLimit(gate));
    expectTypeOf<RateLimitOptions<Job>['key']>().toEqualTypeOf<string | ((value: Job) => string) | undefined>();
    expectTypeOf<(job: Job) => string>().toExtend<Pace<Job>>();
  });

  it('takes the settings of a limiter', () => {
    rateLimit({ limit: 1, per: 1, strategy: 'token-bucket', burst: 5 });
    rateLimit({ limit: 1, per: 1, from: 'release' });
    // @ts-expect-error a limit is needed
    rateLimit({ per: '1s' });
    // @ts-expect-error a window is needed
    rateLimit({ limit: 5 });
    // @ts-expect-error a strategy that does not exist
    rateLimit({ limit: 5, per: '1s', strategy: 'guess' });
    // @ts-expect-error a misspelt setting
    rateLimit({ limit: 5, pre: '1s' });
  });

  it('refuses options that it does not have', () => {
    // @ts-expect-error a limiter is needed
    rateLimit();
    // @ts-expect-error a number is none
    rateLimit(5);
    // @ts-expect-error a cost is a number
    jobs.pipe(rateLimit('api', { cost: ({ user }) => user }));
    // @ts-expect-error a key is a string
    jobs.pipe(rateLimit('api', { key: ({ id }) => id }));
    // @ts-expect-error a misspelt option
    jobs.pipe(rateLimit('api', { costs: 1 }));
    // @ts-expect-error the value has no such property
    jobs.pipe(rateLimit('api', { key: ({ name }) => name }));
  });
});

describe('the strategies by name', () => {
  it('keep the type of the source and take the options of rateLimit', () => {
    const pace = { limit: 2, per: '1s' } as const;
    const options: RateLimitOptions<Job> = { cost: ({ id }) => id };
    expectTypeOf(jobs.pipe(tokenBucket(pace, options))).toEqualTypeOf<Observable<Job>>();
    expectTypeOf(jobs.pipe(slidingWindow(pace, options))).toEqualTypeOf<Observable<Job>>();
    expectTypeOf(jobs.pipe(fixedWindow(pace, options))).toEqualTypeOf<Observable<Job>>();
    expectTypeOf(jobs.pipe(leakyBucket(pace, options))).toEqualTypeOf<Observable<Job>>();
    jobs.pipe(tokenBucket(pace, { key: ({ user }) => user }));
  });

  it('have their own settings and no others', () => {
    tokenBucket({ limit: 1, per: 1, burst: 5, name: 'api' });
    slidingWindow({ limit: 1, per: 1, from: 'release', name: 'api' });
    expectTypeOf<keyof InlineLimiter<'fixed-window'>>().toEqualTypeOf<'limit' | 'per' | 'name'>();
    // @ts-expect-error it counts from the dispatch
    tokenBucket({ limit: 1, per: 1, from: 'release' });
    // @ts-expect-error it has no bucket
    slidingWindow({ limit: 1, per: 1, burst: 5 });
    // @ts-expect-error it has no bucket
    fixedWindow({ limit: 1, per: 1, burst: 5 });
    // @ts-expect-error nothing bursts
    leakyBucket({ limit: 1, per: 1, burst: 5 });
    // @ts-expect-error its name is its strategy
    leakyBucket({ limit: 1, per: 1, strategy: 'leaky-bucket' });
    // @ts-expect-error a limit is needed
    fixedWindow({ per: 1 });
    // @ts-expect-error settings, not a gate
    slidingWindow('api');
  });
});

describe('barrier', () => {
  it('keeps the type of the source', () => {
    expectTypeOf(jobs.pipe(barrier(3))).toEqualTypeOf<Observable<Job>>();
    expectTypeOf(barrier<Job>(cyclicBarrier('round', { parties: 2 }), { timeout: '1m', maxQueue: 5 })).toEqualTypeOf<
      MonoTypeOperatorFunction<Job>
    >();
    barrier('round');
    barrier(live);
  });

  it('refuses what is no barrier, and options that it does not have', () => {
    // @ts-expect-error parties are needed
    barrier();
    // @ts-expect-error settings are those of cyclicBarrier
    barrier({ parties: 3 });
    // @ts-expect-error a misspelt option
    barrier(3, { parties: 2 });
    // @ts-expect-error a key for each value is a matter of rateLimit
    barrier<Job>(3, { key: ({ user }: Job) => user });
  });
});

describe('coordinated', () => {
  it('keeps the type of the source', () => {
    expectTypeOf(jobs.pipe(coordinated('agent', { lock: 'db' }))).toEqualTypeOf<Observable<Job>>();
    // @ts-expect-error a misspelt option
    coordinated('agent', { lokc: 'db' });
    // @ts-expect-error a name is needed
    coordinated();
  });
});

describe('ofName', () => {
  it('has the type of the events of a handle', () => {
    const research = coordinate('researcher', async (topic: string) => topic.length);
    const recorded = new Subject<CoordinatorEvent>();
    const complete = recorded.pipe(ofName(research.complete));
    expectTypeOf(complete.pipe(map(({ data }) => data.result))).toEqualTypeOf<Observable<number>>();
    expectTypeOf(ofName('*_failed')).toExtend<OperatorFunction<CoordinatorEvent, CoordinatorEvent>>();
    // @ts-expect-error a number is no selector
    ofName(5);
    // @ts-expect-error these are no events
    of(1).pipe(ofName('a'));
  });
});

describe('in a chain', () => {
  it('types go through', () => {
    const results = jobs.pipe(
      rateLimit({ limit: 10, per: '1s' }, { key: ({ user }) => user }),
      delay(1),
      exclusive('openai', async ({ id }) => ({ id, text: '' })),
      withLock('db'),
      barrier(2),
    );
    expectTypeOf(results).toEqualTypeOf<Observable<{ id: number; text: string }>>();
    expectTypeOf(firstValueFrom(results)).resolves.toEqualTypeOf<{ id: number; text: string }>();
    expectTypeOf(createCoordinator().open('db')).toExtend<Parameters<typeof withLock>[0]>();
  });
});
