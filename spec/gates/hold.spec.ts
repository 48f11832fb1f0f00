import {
  delay,
  EMPTY,
  filter,
  map,
  NEVER,
  Observable,
  of,
  race,
  ReplaySubject,
  share,
  Subject,
  tap,
  throwError,
  timeout,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import { acquire, hold, mutex, rateLimiter, semaphore, type Grant } from 'rxbaton';
import { errorOf, gateWorld } from '../support/gateWorld.ts';

const lock = mutex('db');

/** A subscription to a hold, and what it heard. */
function heard<T>(result: Observable<T>) {
  const log: unknown[] = [];
  const subscription = result.subscribe({
    next: (value) => log.push(value),
    error: (error: unknown) => log.push((error as { code?: string }).code ?? (error as Error).message),
    complete: () => log.push('end'),
  });
  return { log, unsubscribe: () => subscription.unsubscribe() };
}

describe('hold', () => {
  it('runs the work under the grant and passes on its values', () => {
    const { within, state } = gateWorld();
    const { log } = within(() => heard(hold(acquire(lock), ({ gate, fence }) => [gate, fence, state(lock).available])));
    expect(log).toEqual(['db', 1, 0, 'end']);
    expect(state(lock).available).toBe(1);
  });

  it('takes a token for work under a limiter', () => {
    const { within, state } = gateWorld();
    const api = rateLimiter('api', { limit: 2, per: 100 });
    const work = within(() => heard(hold(acquire(api), () => NEVER)));
    expect([work.log, state(api).available]).toEqual([[], 1]);
    work.unsubscribe();
    expect(state(api).available).toBe(1);
  });

  it('takes any input of RxJS: arrays, promises, generators, async iterables', async () => {
    const { within, clock } = gateWorld();
    async function* slow(): AsyncGenerator<number> {
      yield* [1, 2];
    }
    const logs = within(() =>
      [() => [1, 2], () => new Set([1, 2]), () => Promise.resolve(1), slow].map((work) =>
        heard(hold(acquire('x'), work as () => number[])),
      ),
    );
    await clock.advance(0);
    expect(logs.map(({ log }) => log)).toEqual([
      [1, 2, 'end'],
      [1, 2, 'end'],
      [1, 'end'],
      [1, 2, 'end'],
    ]);
  });

  it('keeps the gate until an async iterator that was left early has answered', async () => {
    const { within, ask, clock } = gateWorld();
    const log: string[] = [];
    let step!: () => void;
    async function* tokens(): AsyncGenerator<string> {
      try {
        yield 'a';
        await new Promise<void>((resolve) => (step = resolve));
        log.push('still writing');
        yield 'b';
      } finally {
        log.push('closed');
      }
    }
    let signal!: AbortSignal;
    const work = within(() =>
      heard(
        hold(acquire(lock), (grant) => {
          signal = grant.signal;
          return tokens();
        }),
      ),
    );
    const next = ask(lock);
    await clock.advance(0);
    work.unsubscribe();
    expect([signal.aborted, next.fate]).toEqual([true, 'waiting']);
    await clock.advance(0);
    expect(next.fate).toBe('waiting');
    step();
    await clock.advance(0);
    expect([next.fate, work.log, log]).toEqual(['held', ['a'], ['still writing', 'closed']]);
  });

  it('aborts the signal of a token when its work is unsubscribed, or over', () => {
    const { within } = gateWorld();
    const signals: AbortSignal[] = [];
    const limiter = rateLimiter('api', { limit: 10, per: '1s' });
    const work = (rest: Observable<never>) =>
      within(() =>
        heard(
          hold(acquire(limiter), ({ signal }) => {
            signals.push(signal);
            return rest;
          }),
        ),
      );
    work(NEVER).unsubscribe();
    work(NEVER);
    work(EMPTY);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false, true]);
  });

  it('refuses what is no function, when it is called', async () => {
    const error = await errorOf(() => hold(acquire(lock), of(1) as never));
    expect(error.message).toMatch(/^The work of hold\(\) must be a function of the grant/);
  });

  it('refuses a gate instead of an acquisition, when it is called', async () => {
    const error = await errorOf(() => hold('db' as never, () => of(1)));
    expect([error.code, error.message]).toEqual(['RXB_CONFIG', expect.stringContaining("such as acquire('db'), not")]);
  });
});

describe('hold of an acquisition that went through operators', () => {
  it('holds the first of a race, and leaves the other queues', () => {
    const { within, ask, state } = gateWorld();
    const [one, two] = [ask('gpu-1'), ask('gpu-2')];
    const work = within(() => heard(hold(race(acquire('gpu-1'), acquire('gpu-2')), ({ gate }) => [gate])));
    expect(work.log).toEqual([]);
    two.leave();
    expect(work.log).toEqual(['gpu-2', 'end']);
    expect([state('gpu-1').waiting, state('gpu-2').available]).toEqual([[], 1]);
    one.leave();
    expect(state('gpu-1').available).toBe(1);
  });

  it('keeps the lease as long as the work runs, and lets the next one in after its last notification', () => {
    const { within, ask } = gateWorld();
    const work = new Subject<number>();
    const order: string[] = [];
    within(() =>
      hold(acquire(lock).pipe(map((grant) => grant)), () => work).subscribe({
        complete: () => order.push('end heard'),
      }),
    );
    const next = ask(lock);
    expect(next.fate).toBe('waiting');
    work.complete();
    expect([next.fate, order]).toEqual(['held', ['end heard']]);
  });

  it('gives up with the timeout operator, and leaves the queue', async () => {
    const { within, ask, clock, state } = gateWorld();
    ask(lock);
    const { log } = within(() => heard(hold(acquire(lock).pipe(timeout({ first: 50, scheduler: clock })), () => [1])));
    await clock.advance(50);
    expect([log, state(lock).waiting]).toEqual([['Timeout has occurred'], []]);
  });

  it('is not torn down by a timeout for the first grant once it is in', async () => {
    const { within, clock } = gateWorld();
    const { log } = within(() =>
      heard(
        hold(acquire(lock).pipe(timeout({ first: 50, scheduler: clock })), () => of('done').pipe(delay(200, clock))),
      ),
    );
    await clock.advance(200);
    expect(log).toEqual(['done', 'end']);
  });

  it('hears of a lost lease: the work is torn down with LeaseLostError', async () => {
    const { within, clock } = gateWorld();
    const log: string[] = [];
    within(() =>
      hold(
        acquire(mutex('db', { ttl: 10, renew: false })).pipe(tap(() => log.push('in'))),
        () => new Observable<never>(() => () => log.push('torn down')),
      ).subscribe({ error: (error: unknown) => log.push((error as Error).name) }),
    );
    await clock.advance(10);
    expect(log).toEqual(['in', 'torn down', 'LeaseLostError']);
  });

  it('gives the lease back whichever way it ends', () => {
    const { within, state } = gateWorld();
    const piped = acquire(lock).pipe(filter(() => true));
    within(() => {
      heard(hold(piped, () => [1]));
      expect(state(lock).available).toBe(1);
      expect(heard(hold(piped, () => throwError(() => new Error('no')))).log).toEqual(['no']);
      expect(state(lock).available).toBe(1);
      const running = heard(hold(piped, () => NEVER));
      expect(state(lock).available).toBe(0);
      running.unsubscribe();
      expect(state(lock).available).toBe(1);
    });
  });

  it('leaves the queue when it is unsubscribed while waiting', () => {
    const { within, ask, state } = gateWorld();
    ask(lock);
    const work = within(() => heard(hold(acquire(lock).pipe(map((grant) => grant)), () => [1])));
    expect(state(lock).waiting).toHaveLength(1);
    work.unsubscribe();
    expect(state(lock).waiting).toEqual([]);
  });

  it('keeps the gate until a promise has settled', async () => {
    const { within, ask, clock } = gateWorld();
    let settle!: () => void;
    const promise = new Promise<void>((resolve) => (settle = resolve));
    const work = within(() => heard(hold(acquire(lock).pipe(map((grant) => grant)), () => promise)));
    const next = ask(lock);
    work.unsubscribe();
    expect(next.fate).toBe('waiting');
    settle();
    await clock.advance(0);
    expect(next.fate).toBe('held');
  });

  it('takes an Observable of the user: its unsubscription is the release', () => {
    const log: string[] = [];
    const foreign = { gate: 'mine', valid: () => true } as Grant;
    const mine = new Observable<Grant>((subscriber) => {
      subscriber.next(foreign);
      return () => log.push('given back');
    });
    const { log: seen } = gateWorld().within(() => heard(hold(mine, ({ gate }) => [gate, log.length])));
    expect([seen, log]).toEqual([['mine', 0, 'end'], ['given back']]);
  });

  it('completes without work where there is no grant, and errors where asking errors', () => {
    const { within } = gateWorld();
    within(() => {
      expect(heard(hold(EMPTY as Observable<Grant>, () => [1])).log).toEqual(['end']);
      expect(
        heard(
          hold(
            throwError(() => new Error('no gate')),
            () => [1],
          ),
        ).log,
      ).toEqual(['no gate']);
    });
  });

  it('takes one grant only, however many come', () => {
    const { within } = gateWorld();
    const grants = [1, 2].map((fence) => ({ fence }) as Grant);
    expect(within(() => heard(hold(of(...grants), ({ fence }) => [fence])).log)).toEqual([1, 'end']);
  });

  it('shares one lease among several holds: it goes back with the last', () => {
    const { within, state } = gateWorld();
    const pool = semaphore('pool', { permits: 1 });
    const one = new Subject<never>();
    const two = new Subject<never>();
    within(() => {
      const shared = acquire(pool).pipe(share({ connector: () => new ReplaySubject<Grant>(1) }));
      hold(shared, () => one).subscribe();
      hold(shared, () => two).subscribe();
    });
    one.complete();
    expect(state(pool).available).toBe(0);
    two.complete();
    expect(state(pool).available).toBe(1);
  });

  it('runs its work in the frame of who subscribed, not of who gave the grant back', () => {
    const { within, ask } = gateWorld();
    const holder = ask(lock);
    const { log } = within(() => heard(hold(acquire(lock).pipe(map((grant) => grant)), ({ waited }) => [waited])));
    holder.leave();
    expect(log).toEqual([0, 'end']);
  });
});
