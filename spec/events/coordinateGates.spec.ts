import { describe, expect, it } from 'vitest';
import { AcquireTimeoutError, BusyError, CallTimeoutError, ConfigError, LeaseLostError } from '../../lib/errors.ts';
import { currentCall } from '../../lib/events/currentCall.ts';
import type { GateRef } from '../../lib/gates/gate.ts';
import { allOf } from '../../lib/gates/allOf.ts';
import { mutex } from '../../lib/gates/mutex.ts';
import { quota } from '../../lib/gates/quota.ts';
import { rateLimiter } from '../../lib/gates/rateLimiter.ts';
import { semaphore } from '../../lib/gates/semaphore.ts';
import { agents, outcomeOf } from '../support/agents.ts';
import { deferred } from '../support/deferred.ts';

describe('lock', () => {
  it('is held until the promise has settled, one call at a time, in the order of the calls', async () => {
    const { coordinate, names, gate } = agents();
    const works = [deferred(), deferred()];
    const write = coordinate('a', { lock: 'db' }, (n: number) => works[n]!.promise);
    const calls = [write(0), write(1)];

    expect(names()).toEqual(['a_started']);
    expect(gate('db')).toMatchObject({ holders: [{ who: expect.stringContaining('a#') }], waiting: [{}] });
    works[1]?.resolve();
    works[0]?.resolve();
    await Promise.all(calls);
    expect(names()).toEqual(['a_started', 'a_complete', 'a_started', 'a_complete']);
    expect(gate('db')).toMatchObject({ holders: [], waiting: [] });
  });

  it('is also given back where the function throws', async () => {
    const { coordinate, gate } = agents();
    const fails = coordinate('a', { lock: 'db' }, () => {
      expect(gate('db').holders).toHaveLength(1);
      throw new Error('no');
    });

    await expect(fails()).rejects.toThrow('no');
    expect(gate('db').holders).toEqual([]);
  });

  it('counts what was waited and not what was worked as waited', async () => {
    const { coordinate, clock, events } = agents();
    const work = coordinate('a', { lock: 'db' }, () => clock.advance(20));
    const first = work();
    const second = coordinate('b', { lock: 'db' }, async () => {})();
    await Promise.all([first, second]);

    expect(events.find(({ name }) => name === 'b_complete')?.data).toMatchObject({ waited: 20, duration: 0 });
    expect(events.find(({ name }) => name === 'a_complete')?.data).toMatchObject({ waited: 0, duration: 20 });
  });

  it('may depend on the arguments', async () => {
    const { coordinate, gate } = agents();
    const work = deferred();
    const update = coordinate(
      'a',
      { lock: (id, _n) => mutex(`customer:${id}`) },
      (_id: string, _n: number) => work.promise,
    );
    const calls = [update('ada', 1), update('bob', 2), update('ada', 3)];

    expect(gate('customer:ada')).toMatchObject({ holders: [{}], waiting: [{}] });
    expect(gate('customer:bob')).toMatchObject({ holders: [{}], waiting: [] });
    work.resolve();
    await Promise.all(calls);
  });

  it('may depend on this', async () => {
    const { coordinate, gate } = agents();
    const account = {
      id: 'x1',
      pay: coordinate(
        'a',
        {
          lock(this: { id: string }) {
            return `account:${this.id}`;
          },
        },
        async function (this: { id: string }) {
          return gate(`account:${this.id}`).holders.length;
        },
      ),
    };

    expect(await account.pay()).toBe(1);
  });

  it('may be none for some arguments', async () => {
    const { coordinate, gate } = agents();
    const maybe = coordinate(
      'a',
      { lock: (wanted) => (wanted ? 'db' : []) },
      async (_wanted: boolean) => gate('db').holders.length,
    );

    expect([await maybe(true), await maybe(false)]).toEqual([1, 0]);
  });

  it('rejects the call where its function throws or names no gate', async () => {
    const { coordinate, names } = agents();
    const lock = (n: number): GateRef => {
      if (n === 0) throw new Error('which one?');
      return n as never;
    };
    const work = coordinate('a', { lock }, async (_n: number) => {});

    await expect(work(0)).rejects.toThrow('which one?');
    await expect(work(1)).rejects.toThrow(ConfigError);
    expect(names()).toEqual(['a_failed', 'a_failed']);
  });

  it('may be several, held together; crosswise requests do not block each other', async () => {
    const { coordinate, gate } = agents();
    const holders = (): number[] => ['x', 'y', 'z'].map((name) => gate(name).holders.length);
    const ab = coordinate('ab', { lock: ['x', 'y'], limits: 'z' }, async () => holders());
    const ba = coordinate('ba', { lock: [mutex('y'), 'x'] }, async () => holders());

    expect(await Promise.all([ab(), ba(), ab(), ba()])).toEqual([
      [1, 1, 1],
      [1, 1, 0],
      [1, 1, 1],
      [1, 1, 0],
    ]);
  });

  it('ends the call when it is lost, and the signal says why', async () => {
    const { coordinate, clock, data, names, gate } = agents();
    const lock = mutex('db', { ttl: 50, renew: false });
    const work = deferred();
    let signal: AbortSignal | undefined;
    const call = coordinate('a', { lock }, () => {
      ({ signal } = currentCall());
      return work.promise;
    })();
    const outcome = outcomeOf(call);
    await clock.advance(50);

    expect(outcome.now).toBeInstanceOf(LeaseLostError);
    expect(signal?.reason).toBe(outcome.now);
    expect(names()).toEqual(['a_started', 'a_failed']);
    expect(data('a_failed')).toMatchObject({ error: { code: 'RXB_LEASE_LOST' } });
    expect(gate(lock).holders).toEqual([]);
    work.resolve();
  });
});

describe('a lock that is lost by work that was told to stop already', () => {
  it.each([1, 2])('is no failure of its own, and ends the waiting for it (%i attempts)', async (attempts) => {
    const { coordinate, clock, kernel, names } = agents();
    const options = {
      lock: mutex('db', { ttl: 50, renew: false }),
      timeout: 10,
      retry: { attempts, delay: '1h' as const },
    };
    const work = deferred();
    const outcome = outcomeOf(coordinate('a', options, () => work.promise)());
    await clock.advance(49);
    const before = names();
    await clock.advance(1);

    expect(before).toEqual(attempts === 1 ? ['a_started'] : ['a_started', 'a_retrying']);
    expect(names()).toEqual(attempts === 1 ? ['a_started', 'a_failed'] : ['a_started', 'a_retrying']);
    expect([outcome.now, clock.pending]).toEqual(attempts === 1 ? [expect.any(CallTimeoutError), 0] : ['pending', 1]);
    // What still runs is waited for all the same.
    const settled = outcomeOf(kernel.settled());
    await clock.advance(1);
    expect(settled.now).toBe('pending');
    work.resolve();
    await clock.flush();
    expect(settled.now).toBeUndefined();
  });
});

describe('several locks, one of them lost', () => {
  it('frees the caller; the others stay held until the promise has settled, and only then the bus is told', async () => {
    const { coordinate, clock, names, gate } = agents();
    const lapses = mutex('x', { ttl: 50, renew: false });
    const work = deferred();
    const outcome = outcomeOf(coordinate('a', { lock: [lapses, 'y'] }, () => work.promise)());
    const held = (): number[] => [lapses, 'y'].map((lock) => gate(lock).holders.length);
    await clock.advance(50);
    expect([outcome.now, held(), names()]).toEqual([expect.any(LeaseLostError), [0, 1], ['a_started']]);

    work.resolve();
    await clock.advance(0);
    expect([held(), names()]).toEqual([
      [0, 0],
      ['a_started', 'a_failed'],
    ]);
  });
});

describe('limits', () => {
  it('are paid by each call', async () => {
    const { coordinate, clock } = agents();
    const pace = rateLimiter('api', { limit: 2, per: '1s', strategy: 'fixed-window' });
    const at: number[] = [];
    const ask = coordinate('a', { limits: pace }, async () => {
      at.push(clock.now());
    });
    const calls = Promise.all([ask(), ask(), ask(), ask(), ask()]);
    await clock.flush();
    await calls;

    expect(at).toEqual([0, 0, 1000, 1000, 2000]);
  });

  it('may cost what the arguments say', async () => {
    const { coordinate, gate } = agents();
    const tokens = quota('tokens', { limit: 100, per: '1h' });
    const ask = coordinate(
      'a',
      { limits: (words) => allOf({ gate: tokens, cost: words }) },
      async (_words: number) => {},
    );
    await ask(30);
    await ask(25);

    expect(gate(tokens).available).toBe(45);
  });

  it('are taken together with the lock: nothing is spent while it is awaited', async () => {
    const { coordinate, gate } = agents();
    const tokens = quota('tokens', { limit: 10, per: '1h' });
    const work = deferred();
    const held = coordinate('a', { lock: 'db' }, () => work.promise)();
    const waiting = coordinate('b', { lock: 'db', limits: tokens }, async () => {})();

    expect(gate(tokens).available).toBe(10);
    work.resolve();
    await Promise.all([held, waiting]);
    expect(gate(tokens).available).toBe(9);
  });
});

describe('acquireTimeout', () => {
  it.each([{ lock: 'db' }, { lock: ['db', 'disk'] }])('ends the wait for $lock', async (options) => {
    const { coordinate, clock, names, data, gate } = agents();
    const work = deferred();
    const first = coordinate('first', { lock: 'db' }, () => work.promise)();
    let called = false;
    const late = coordinate('late', { ...options, acquireTimeout: '2s' }, async () => {
      called = true;
    })();
    const outcome = outcomeOf(late);
    await clock.advance(1999);
    expect(outcome.now).toBe('pending');
    await clock.advance(1);

    expect(outcome.now).toBeInstanceOf(AcquireTimeoutError);
    expect(names()).toEqual(['first_started', 'late_failed']);
    expect(data('late_failed')).toMatchObject({ error: { code: 'RXB_ACQUIRE_TIMEOUT' }, duration: 0, waited: 2000 });
    expect([called, gate('db').waiting]).toEqual([false, []]);
    work.resolve();
    await first;
  });

  it('of 0 tries once', async () => {
    const { coordinate, names, data } = agents();
    const tries = coordinate('a', { lock: 'db', acquireTimeout: 0 }, async (next?: () => Promise<void>) => next?.());
    const other = coordinate('b', { lock: 'db', acquireTimeout: 0 }, async () => {});
    const work = deferred();
    const first = tries(() => work.promise);

    await expect(other()).rejects.toThrow(BusyError);
    work.resolve();
    await first;
    await other();
    expect(names()).toEqual(['a_started', 'b_failed', 'a_complete', 'b_started', 'b_complete']);
    expect(data('b_failed')).toMatchObject({ error: { code: 'RXB_BUSY' } });
  });

  it('leaves no timer behind once it is in', async () => {
    const { coordinate, clock } = agents();
    const slow = coordinate('a', { lock: 'db', acquireTimeout: '1h' }, () => clock.advance(5));
    const second = coordinate('b', { lock: 'db', acquireTimeout: '1h' }, async () => clock.pending);
    const calls = [slow(), second()] as const;

    expect(await calls[1]).toBe(0);
    await calls[0];
  });
});

describe('the end of a call', () => {
  it.each(['complete', 'failed', 'cancelled'])('wakes who is told of %s with free gates', async (how) => {
    const { coordinate, kernel } = agents();
    const chained: unknown[] = [];
    const next = coordinate('next', { lock: 'db', acquireTimeout: 0 }, () => 'in');
    const abort = new AbortController();
    const work = deferred();
    const first = coordinate('first', { lock: 'db', signal: abort.signal }, () => work.promise);
    kernel.handle(`first_${how}`, () => next().then((result) => chained.push(result)));
    const outcome = first().catch(() => {});
    if (how === 'cancelled') abort.abort();
    if (how === 'failed') work.reject(new Error('no'));
    else work.resolve();
    await outcome;
    await kernel.settled();

    expect(chained).toEqual(['in']);
  });

  it('is heard before the next in the queue begins, and nobody barges in', async () => {
    const { coordinate, kernel } = agents();
    const log: string[] = [];
    const works = { A: deferred(), B: deferred(), C: deferred() };
    const agent = coordinate('agent', { lock: 'db' }, (name: 'A' | 'B' | 'C' | 'late') => {
      log.push(`${name} begins`);
      return name === 'late' ? Promise.resolve() : works[name].promise;
    });
    const start = (name: 'A' | 'B' | 'C'): void => {
      agent.observe(name).subscribe({
        complete: () => {
          log.push(`${name} is done`);
          if (name === 'A') void agent('late');
        },
      });
    };
    start('A');
    start('B');
    start('C');
    works.B.resolve();
    works.C.resolve();
    works.A.resolve();
    await kernel.settled();

    expect(log).toEqual(['A begins', 'A is done', 'B begins', 'B is done', 'C begins', 'C is done', 'late begins']);
  });

  it('comes in order on the bus: _complete of one before _started of the next', async () => {
    const { coordinate, names } = agents();
    const work = deferred();
    const a = coordinate('a', { lock: 'db' }, () => work.promise);
    const b = coordinate('b', { lock: 'db' }, () => 1);
    const calls = [a(), b()];
    work.resolve();
    await Promise.all(calls);

    expect(names()).toEqual(['a_started', 'a_complete', 'b_started', 'b_complete']);
  });
});

it('100 contenders for one lock: one at a time, in order, and none is lost when half of them are aborted', async () => {
  const { coordinate, gate, kernel, names } = agents();
  const order: number[] = [];
  let inside = 0;
  let most = 0;
  const aborts = Array.from({ length: 100 }, () => new AbortController());
  const work = coordinate('a', { lock: 'db', signal: (n) => aborts[n]!.signal }, async (n: number) => {
    most = Math.max(most, ++inside);
    order.push(n);
    await Promise.resolve();
    inside--;
  });
  const gone = deferred();
  const first = coordinate('first', { lock: 'db' }, () => gone.promise)();
  const calls = aborts.map((_, n) =>
    work(n).then(
      () => 'done',
      () => 'aborted',
    ),
  );
  aborts.forEach((abort, n) => {
    if (n % 2 === 1) abort.abort();
  });
  gone.resolve();
  await first;

  expect(await Promise.all(calls)).toEqual(aborts.map((_, n) => (n % 2 === 1 ? 'aborted' : 'done')));
  expect(order).toEqual(Array.from({ length: 50 }, (_, i) => 2 * i));
  expect(most).toBe(1);
  await kernel.settled();
  expect(gate('db')).toMatchObject({ holders: [], waiting: [] });
  expect(names().filter((name) => name === 'a_cancelled')).toHaveLength(50);
});

it('20 calls on 4 permits: all run, never more than 4 at once', async () => {
  const { coordinate, clock } = agents();
  let inside = 0;
  let most = 0;
  const work = coordinate('a', { lock: semaphore('gpu', { permits: 4 }) }, async () => {
    most = Math.max(most, ++inside);
    await new Promise<void>((resolve) =>
      clock.schedule(() => {
        resolve();
      }, 10),
    );
    inside--;
  });
  const calls = Promise.all(Array.from({ length: 20 }, () => work()));
  await clock.flush();
  await calls;

  expect([most, clock.now()]).toEqual([4, 50]);
});
