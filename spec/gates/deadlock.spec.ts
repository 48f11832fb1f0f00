import { describe, expect, it } from 'vitest';
import {
  acquire,
  allOf,
  AcquireTimeoutError,
  DeadlockError,
  detached,
  enter,
  hold,
  mutex,
  quota,
  rateLimiter,
  run,
  semaphore,
  settled,
  waits,
  type GateRef,
  type WaitEdge,
} from 'rxbaton';
import { withLock } from 'rxbaton/operators';
import { concatMap, from, lastValueFrom, of, race, toArray } from 'rxjs';
import type { Ticket } from '../../lib/gates/port.ts';
import { deferred } from '../support/deferred.ts';
import { errorOf, gateWorld } from '../support/gateWorld.ts';

const [a, b, c] = [mutex('a'), mutex('b'), mutex('c')];
const nothing = (): void => {};

/** Work that holds one gate, meets the others, and then asks for another one. */
function crosswise(pairs: readonly (readonly [label: string, first: GateRef, second: GateRef])[]) {
  const all = deferred();
  let inside = 0;
  const meet = (): Promise<void> => {
    if (++inside === pairs.length) all.resolve();
    return all.promise;
  };
  return Promise.allSettled(
    pairs.map(([label, first, second]) =>
      run(first, { label }, async () => {
        await meet();
        await run(second, { label: `${label} inside` }, nothing);
      }),
    ),
  );
}

const codes = (results: readonly PromiseSettledResult<unknown>[]): string[] =>
  results.map((result) => (result.status === 'fulfilled' ? 'done' : (result.reason as DeadlockError).code));

describe('a request that would close a cycle is refused at once', () => {
  it('by a lock that its own work holds', async () => {
    const { within, state } = gateWorld();
    await within(() =>
      run(a, { label: 'writer' }, async () => {
        const error = await errorOf(run(a, { label: 'again' }, nothing));
        expect(error).toBeInstanceOf(DeadlockError);
        expect(error.message).toMatch(/^again would wait for a for ever: again waits for a, held by writer\. Take all/);
        expect(error.details['cycle']).toEqual([{ waiter: 'again', gate: 'a', holders: ['writer'], since: 0 }]);
        expect(state(a)).toMatchObject({ holders: [{ who: 'writer' }], waiting: [] });
      }),
    );
    expect(state(a).available).toBe(1);
  });

  it('however deep it is nested, and through every face', async () => {
    const { within } = gateWorld();
    await within(() =>
      run(a, () =>
        run(b, async () => {
          const faces = [
            run(a, nothing),
            enter(a),
            lastValueFrom(hold(acquire(a), () => of(1))),
            lastValueFrom(of(1).pipe(withLock(a))),
            run(allOf(c, a), nothing),
          ];
          const errors = await Promise.all(faces.map((face) => errorOf(face)));
          expect(errors.map(({ code }) => code)).toEqual(faces.map(() => 'RXB_DEADLOCK'));
        }),
      ),
    );
  });

  it('by two who hold what the other wants: one is refused, the other goes on', async () => {
    const { within, state } = gateWorld();
    const results = await within(() =>
      crosswise([
        ['one', a, b],
        ['two', b, a],
      ]),
    );
    expect(codes(results)).toEqual(['done', 'RXB_DEADLOCK']);
    const { message, details, hint } = (results[1] as PromiseRejectedResult).reason as DeadlockError;
    expect(message).toContain(
      'two inside would wait for a for ever: two inside waits for a, held by one; one inside waits for b, held by two.',
    );
    expect(hint).toMatch(/allOf\(\.\.\.\).*detached\(fn\)/);
    expect((details['cycle'] as WaitEdge[]).map(({ waiter, gate, holders }) => [waiter, gate, holders])).toEqual([
      ['two inside', 'a', ['one']],
      ['one inside', 'b', ['two']],
    ]);
    expect([state(a), state(b)]).toMatchObject([
      { available: 1, waiting: [] },
      { available: 1, waiting: [] },
    ]);
  });

  it('by three in a ring, all of whom it names', async () => {
    const { within } = gateWorld();
    const results = await within(() =>
      crosswise([
        ['one', a, b],
        ['two', b, c],
        ['three', c, a],
      ]),
    );
    expect(codes(results)).toEqual(['done', 'done', 'RXB_DEADLOCK']);
    const { details } = (results[2] as PromiseRejectedResult).reason as DeadlockError;
    expect((details['cycle'] as WaitEdge[]).map(({ waiter }) => waiter)).toEqual([
      'three inside',
      'one inside',
      'two inside',
    ]);
  });

  it('through several gates at once', async () => {
    const { within } = gateWorld();
    const results = await within(() =>
      crosswise([
        ['one', allOf(a, 'x'), allOf(b, 'y')],
        ['two', allOf(b, 'z'), a],
      ]),
    );
    expect(codes(results)).toEqual(['done', 'RXB_DEADLOCK']);
  });

  it('by somebody who waits in front of it and can not go on', async () => {
    const { within, ask } = gateWorld();
    await within(() =>
      run(a, async () => {
        // Outside holds b and waits for a; another one waits for b.
        const outside = detached(() => run(b, { label: 'outside' }, () => run(a, nothing)));
        const queued = ask(b);
        const error = await errorOf(run(b, nothing));
        expect(error.code).toBe('RXB_DEADLOCK');
        queued.leave();
        void outside;
      }),
    );
  });

  it('also where it has a timeout, since it would be in vain', async () => {
    const { within, clock } = gateWorld();
    await within(() =>
      run(a, async () => {
        expect((await errorOf(run(a, { timeout: '5s' }, nothing))).code).toBe('RXB_DEADLOCK');
        expect((await errorOf(run(a, { timeout: 0 }, nothing))).code).toBe('RXB_BUSY');
      }),
    );
    expect(clock.pending).toBe(0);
  });

  it('and what it asked for inside a hold of an acquisition from operators', async () => {
    const { within } = gateWorld();
    const error = await within(() =>
      errorOf(lastValueFrom(hold(race(acquire(a), acquire(b)), () => from(run(a, nothing))))),
    );
    expect(error.code).toBe('RXB_DEADLOCK');
  });
});

describe('permits that go round', () => {
  const pool = semaphore('pool', { permits: 2 });

  it('are a deadlock when everybody who holds one waits for one of them', async () => {
    const { within } = gateWorld();
    const results = await within(() =>
      crosswise([
        ['one', pool, pool],
        ['two', pool, pool],
      ]),
    );
    expect(codes(results)).toEqual(['done', 'RXB_DEADLOCK']);
  });

  it('are none while somebody who holds one can still go on', async () => {
    const { within, ask } = gateWorld();
    const free = ask(pool);
    const inner = within(() => run(pool, () => run(pool, () => 'in')));
    free.leave();
    expect(await inner).toBe('in');
  });

  it('are none where the one who blocks a permit waits for another gate that will be free', async () => {
    const { within, ask } = gateWorld();
    const held = ask(b);
    const other = within(() => run(pool, () => run(b, () => 'other')));
    const mine = within(() => run(pool, () => run(pool, () => 'mine')));
    held.leave();
    expect(await Promise.all([other, mine])).toEqual(['other', 'mine']);
  });

  it('are one where the free ones are too few for who is stuck', async () => {
    const { within } = gateWorld();
    await within(() =>
      run(semaphore('pool', { permits: 3 }), { cost: 2 }, async () => {
        const error = await errorOf(run(semaphore('pool', { permits: 3 }), { cost: 2 }, nothing));
        expect(error.code).toBe('RXB_DEADLOCK');
      }),
    );
  });
});

describe('no alarm', () => {
  it('for siblings: two runs of one lock in one Promise.all wait for each other', async () => {
    const { within } = gateWorld();
    const order: number[] = [];
    await within(() =>
      run(b, () => Promise.all([1, 2].map((n) => run(a, async () => void order.push(n, await Promise.resolve(-n)))))),
    );
    expect(order).toEqual([1, -1, 2, -2]);
  });

  it('for a handler: what it asks for is not held by who emitted', async () => {
    const { within, coordinator } = gateWorld();
    const handled = deferred();
    coordinator.when('changed', () => run(a, () => handled.resolve()));
    await within(() => run(a, () => coordinator.emit('changed')));
    await handled.promise;
    await within(() => settled());
  });

  it('for a consumer of what withLock emits that asks for the same lock', async () => {
    const { within } = gateWorld();
    const seen = within(() =>
      lastValueFrom(
        of(1, 2).pipe(
          withLock(a),
          concatMap((n) => run(a, () => n * 10)),
          toArray(),
        ),
      ),
    );
    expect(await seen).toEqual([10, 20]);
  });

  it('for work that nobody above awaits and says so', async () => {
    const { within } = gateWorld();
    let later: Promise<string> | undefined;
    await within(() =>
      run(a, () => {
        later = detached(() => run(a, () => 'later'));
      }),
    );
    expect(await later).toBe('later');
  });

  it('for somebody who has left: its frame holds nothing any more', async () => {
    const { within } = gateWorld();
    const after = await within(() => run(a, () => 'first').then(() => run(a, () => 'second')));
    expect(after).toBe('second');
  });

  it('for budgets and tokens, which time gives back', async () => {
    const { within, clock } = gateWorld();
    const hours = quota('hours', { limit: 1, per: '1h' });
    const api = rateLimiter('api', { limit: 1, per: '1s' });
    const nested = within(() => run(hours, () => run(api, () => run(hours, () => run(api, () => 'in')))));
    await clock.advance('1h');
    expect(await nested).toBe('in');
  });

  it('for a lease that lapses: it will be free', async () => {
    const { within, clock } = gateWorld();
    const leased = mutex('leased', { ttl: '1m', renew: false });
    const outer = within(() => run(leased, () => run(leased, () => 'in')));
    const lost = errorOf(outer);
    await clock.advance('1m');
    expect((await lost).code).toBe('RXB_LEASE_LOST');
  });

  it('for a lease of several gates, one of which lapses: all of it ends then', async () => {
    const { within, clock } = gateWorld();
    const leased = mutex('leased', { ttl: '1m', renew: false });
    const outer = within(() => run(allOf(a, leased), () => run(a, () => 'in')));
    const lost = errorOf(outer);
    await clock.advance('1m');
    expect((await lost).code).toBe('RXB_LEASE_LOST');
  });

  it('for who holds only what lapses, though others wait for each other in its way', async () => {
    const { within, ask } = gateWorld();
    const leased = mutex('leased', { ttl: '1h', renew: false });
    await within(async () => {
      const [one, two] = [await enter(a), await enter(leased)];
      // By its priority the second of them stands before the first, which has what it wants.
      const first = ask(leased, { owner: one });
      const second = ask(allOf(a, leased), { priority: 1 });
      expect([first.fate, second.fate]).toEqual(['waiting', 'waiting']);
      const third = ask(a, { owner: two });
      expect(third.fate).toBe('waiting');
      for (const asked of [first, second, third]) asked.leave();
    });
  });

  it('for a barrier', async () => {
    const { within, ask } = gateWorld();
    const two = within(() => run(a, () => run('x', () => 'met')));
    ask('x');
    expect(await two).toBe('met');
  });
});

describe('enter', () => {
  it('sets no context: who acts for its holder says so with owner', async () => {
    const { within, ask } = gateWorld();
    await within(async () => {
      const grant = await enter(a, { label: 'entered' });
      const unaware = ask(a);
      expect(unaware.fate).toBe('waiting');
      unaware.leave();
      const error = await errorOf(run(a, { owner: grant, label: 'mine' }, nothing));
      expect(error.message).toMatch(/^mine would wait for a for ever: mine waits for a, held by entered/);
      grant.release();
    });
  });

  it('makes cycles known through its owner', async () => {
    const { within, ask } = gateWorld();
    await within(async () => {
      const [one, two] = [await enter(a, { label: 'one' }), await enter(b, { label: 'two' })];
      const first = ask(b, { owner: one });
      expect(first.fate).toBe('waiting');
      expect(ask(a, { owner: two }).fate).toBe('RXB_DEADLOCK');
      two.release();
      expect(first.fate).toBe('held');
    });
  });
});

describe('nothing is left behind', () => {
  it('by 1,000 refused requests: no place, no timer, no trace in the holder', async () => {
    const { within, clock, state } = gateWorld();
    await within(() =>
      run(a, async () => {
        for (let i = 0; i < 1_000; i++) await errorOf(run(a, { timeout: '1h' }, nothing));
        expect([state(a).waiting, clock.pending, await waits()]).toEqual([[], 0, []]);
        expect(await run(b, () => 'still works')).toBe('still works');
      }),
    );
    expect(state(a).available).toBe(1);
  });

  it('by 10,000 who waited inside one lease, one after the other', async () => {
    const { within } = gateWorld();
    await within(() =>
      run(a, async (grant) => {
        await Promise.all(Array.from({ length: 10_000 }, () => run(b, nothing)));
        for (let i = 0; i < 100; i++) await Promise.all([run(b, () => Promise.resolve()), run(b, nothing)]);
        expect((grant as Partial<Pick<Ticket, 'extras'>>).extras?.blocked.length).toBeLessThan(32);
      }),
    );
  });
});

describe('the deadlock option', () => {
  const stuck = async (deadlock: 'report' | 'off') => {
    const world = gateWorld({ deadlock });
    const error = errorOf(world.within(() => run(a, () => run(a, { timeout: 100 }, nothing))));
    await world.clock.advance(100);
    expect(await error).toBeInstanceOf(AcquireTimeoutError);
    return world.problems.map(({ code }) => code);
  };

  it("'report' tells onError and lets the request wait", async () => {
    expect(await stuck('report')).toEqual(['RXB_DEADLOCK']);
  });

  it("'off' says nothing and lets the request wait", async () => {
    expect(await stuck('off')).toEqual([]);
  });
});

describe('without context tracking', () => {
  it('a request is known to act for a grant where it names it as its owner, and only there', async () => {
    const { coordinator, clock } = gateWorld({ context: 'off' });
    const gate = coordinator.open(a);
    const grant = await enter(gate);
    expect((await errorOf(run(gate, { owner: grant }, nothing))).code).toBe('RXB_DEADLOCK');
    grant.release();
    const nested = errorOf(run(gate, () => run(gate, { timeout: 10 }, nothing)));
    await clock.advance(10);
    expect((await nested).code).toBe('RXB_ACQUIRE_TIMEOUT');
  });
});
