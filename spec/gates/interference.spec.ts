import { defer, NEVER, type Observable, of, Subject, Subscription } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  acquire,
  allOf,
  cyclicBarrier,
  detached,
  enter,
  hold,
  mutex,
  quota,
  rateLimiter,
  run,
  semaphore,
  type CoordinationError,
} from 'rxbaton';
import { exclusive, rateLimit, withLock } from 'rxbaton/operators';
import { SlidingWindow } from '../../lib/gates/policies/slidingWindow.ts';
import { deferred } from '../support/deferred.ts';
import { errorOf, gateWorld } from '../support/gateWorld.ts';

const nothing = (): void => {};
const codeOf = (error: unknown): string => (error as CoordinationError).code;

describe('opening many gates that nobody enters', () => {
  // At some number the backend looks them through: nothing that is being opened may be lost then.
  const crowds = [4094, 4095, 4096, 4097];

  it.each(crowds)('keeps a lock that is opened after %i others', (crowd) => {
    const { open, ask } = gateWorld();
    for (let i = 0; i < crowd; i++) open(`other ${i}`);
    expect([ask('a'), ask('a')].map(({ fate }) => fate)).toEqual(['held', 'waiting']);
  });

  it.each(crowds)('keeps all gates of an allOf that is opened after %i others', (crowd) => {
    const { open, ask } = gateWorld();
    for (let i = 0; i < crowd; i++) open(`other ${i}`);
    const fates = [ask(allOf('a', 'b', 'c')), ask('a'), ask('b'), ask('c')].map(({ fate }) => fate);
    expect(fates).toEqual(['held', 'waiting', 'waiting', 'waiting']);
  });

  it.each(crowds)('keeps the gate of a key that is opened after %i others', async (crowd) => {
    const { clock, open, ask } = gateWorld();
    const api = rateLimiter('api', { limit: 1, per: '1h', strategy: 'token-bucket' });
    for (let i = 0; i < crowd; i++) open(`other ${i}`);
    const fates = [ask(api, { key: 'k' }), ask(api, { key: 'k' })].map(({ fate }) => fate);
    expect(fates).toEqual(['spent', 'waiting']);
    await clock.advance('3h');
    for (let i = 0; i < 2_000; i++) ask(`name ${i}`).leave();
    expect(ask(api, { key: 'k' }).fate).toBe('spent');
  });
});

describe('functions of the value in rateLimit', () => {
  it('may use so many other gates that idle ones are forgotten', () => {
    const { within, open } = gateWorld();
    const api = rateLimiter('api', { limit: 1, per: '1h' });
    const passed: number[] = [];
    let used = 0;
    const cost = (): number => {
      for (let i = 0; i < 5_000; i++) acquire(`other ${used++}`).subscribe().unsubscribe();
      return 1;
    };
    within(() => {
      open(api);
      of(1, 2, 3)
        .pipe(rateLimit(api, { cost }))
        .subscribe((value) => passed.push(value));
    });
    expect(passed).toEqual([1]);
  });

  it('cannot take half a permit', () => {
    const { within } = gateWorld();
    const codes: unknown[] = [];
    within(() =>
      of(1)
        .pipe(rateLimit('a', { cost: () => 0.5 }))
        .subscribe({ error: (error: unknown) => codes.push(codeOf(error)) }),
    );
    expect(codes).toEqual(['RXB_CONFIG']);
  });
});

describe('work that is no promise but has a then', () => {
  const lazy = {
    then(): never {
      throw new Error('not today');
    },
  };
  const shy = {
    get then(): never {
      throw new Error('not today');
    },
  };

  it.each([
    ['throws from it', lazy],
    ['throws when asked for it', shy],
  ])('and %s gives the gate back', async (_what, work) => {
    const { within, state } = gateWorld();
    expect((await errorOf(within(() => run('a', () => work as PromiseLike<void>)))).message).toBe('not today');
    const errors: string[] = [];
    within(() => {
      hold(acquire('b'), () => work as PromiseLike<void>).subscribe({
        error: (error: unknown) => errors.push((error as Error).message),
      });
      of(1)
        .pipe(exclusive('c', () => work as PromiseLike<void>))
        .subscribe({ error: (error: unknown) => errors.push((error as Error).message) });
    });
    expect(errors).toEqual(['not today', 'not today']);
    expect(['a', 'b', 'c'].map((gate) => state(gate).holders.length)).toEqual([0, 0, 0]);
  });
});

describe('whoever hears of what happens at a gate', () => {
  it('may break the deadlock that it hears of, and nobody behind is lost', async () => {
    const { coordinator, within, open, state } = gateWorld();
    coordinator.when('rxbaton.gate.deadlock', ({ gate }) => void open(gate).force('all', 'deadlock'));
    const behind: string[] = [];
    const again = deferred();
    const outer = within(() =>
      run('a', async () => {
        detached(() => {
          for (const name of ['first', 'second']) void run('a', () => behind.push(name));
        });
        await run('a', { priority: 1 }, async () => {
          behind.push('inner');
          await again.promise;
        });
      }),
    );
    expect((await errorOf(outer)).code).toBe('RXB_LEASE_LOST');
    again.resolve();
    await within(() => run('a', nothing));
    expect([behind, state('a').holders, state('a').waiting]).toEqual([['inner', 'first', 'second'], [], []]);
  });

  it('may take away a part of an allOf before its waiter is told: nothing runs and nothing stays held', async () => {
    for (const victim of ['a', 'b']) {
      const { coordinator, within, open, state, ask } = gateWorld();
      const api = rateLimiter('api', { limit: 1, per: '1h' });
      const granted = coordinator.when('rxbaton.gate.granted', ({ gate }) => {
        if (gate === victim) void open(victim).force('all', 'wanted elsewhere');
      });
      const codes: unknown[] = [];
      within(() => {
        hold(acquire(allOf('a', api, 'b')), () => {
          codes.push('started');
          return NEVER;
        }).subscribe({ error: (error: unknown) => codes.push(codeOf(error)) });
      });
      expect((await errorOf(within(() => run(allOf('a', 'b'), () => codes.push('started'))))).code).toBe(
        'RXB_LEASE_LOST',
      );
      expect((await errorOf(within(() => enter(victim)))).code).toBe('RXB_LEASE_LOST');
      granted.unsubscribe();
      expect(codes).toEqual(['RXB_LEASE_LOST']);
      expect([state('a').holders, state('b').holders]).toEqual([[], []]);
      expect(ask(api).fate).toBe('spent');
    }
  });
});

describe('an abort of a signal that several share', () => {
  it('lets none of them in by the leaving of another', () => {
    const { within, ask } = gateWorld();
    const pool = semaphore('pool', { permits: 2 });
    const caller = new AbortController();
    const { signal } = caller;
    ask(pool);
    const heavy = ask(pool, { cost: 2, signal });
    const light = ask(pool, { signal });
    const codes: unknown[] = [];
    const failed = (error: unknown): void => void codes.push(codeOf(error));
    within(() => {
      of(1).pipe(rateLimit(pool, { signal })).subscribe({ next: nothing, error: failed });
      of(1).pipe(withLock(pool, { signal })).subscribe({ next: nothing, error: failed });
    });
    const other = ask(pool);
    caller.abort();
    expect([heavy.fate, light.fate, other.fate]).toEqual(['RXB_ABORTED', 'RXB_ABORTED', 'held']);
    expect(codes).toEqual(['RXB_ABORTED', 'RXB_ABORTED']);
  });

  it('says whether it was the waiting or the work that was aborted', async () => {
    const { within } = gateWorld();
    const caller = new AbortController();
    const end = deferred();
    const working = within(() => run('a', { signal: caller.signal }, () => end.promise));
    const waiting = within(() => run('a', { signal: caller.signal }, nothing));
    caller.abort();
    expect((await errorOf(working)).message).toBe('Work under a was aborted.');
    expect((await errorOf(waiting)).message).toBe('Waiting for a was aborted.');
    end.resolve();
  });
});

describe('a timer', () => {
  it('does not outlive the last lease, nor the last to wait at a barrier', async () => {
    const { clock, within, ask } = gateWorld();
    await within(() => run(mutex('short', { ttl: '1h', renew: false }), nothing));
    ask(cyclicBarrier('meet', { parties: 2, timeout: '1h' })).leave();
    expect(clock.pending).toBe(0);
  });
});

describe('the grant of an allOf', () => {
  it('is no longer valid when a part is lost', async () => {
    const { within, open } = gateWorld();
    const end = deferred();
    let valid: (() => boolean) | null = null;
    const work = within(() =>
      run(allOf('a', 'b'), (grant) => {
        valid = () => grant.valid();
        return end.promise;
      }),
    );
    expect(valid!()).toBe(true);
    void open('b').force('all', 'wanted elsewhere');
    expect(valid!()).toBe(false);
    end.resolve();
    await errorOf(work);
  });

  it('has the fence under which its gates know it', () => {
    const { ask, state, open } = gateWorld();
    const both = ask(allOf('a', 'b'));
    expect([state('a'), state('b')].map(({ holders }) => holders[0]!.fence)).toEqual([
      both.grant.fence,
      both.grant.fence,
    ]);
    expect(open('b').force(both.grant.fence!, 'wanted elsewhere')).toBe(1);
    expect(ask('a').grant.fence).toBeGreaterThan(both.grant.fence!);
  });

  it('is in nobody’s way but its own when it is timed out', async () => {
    const { clock, ask } = gateWorld();
    ask('a', { label: 'writer' });
    const both = ask(allOf('a', 'b'), { timeout: '1s' });
    await clock.advance('1s');
    expect(both.error).toMatchObject({
      message: expect.stringMatching(/^a \+ b did not open within 1 s: held by writer \(for 1 s\)\. Raise/),
    });
  });

  it('cannot be of two gates with one name', () => {
    const { ask } = gateWorld();
    expect(ask(allOf(mutex('a'), semaphore('a', { permits: 2 }))).fate).toBe('RXB_SPEC_CONFLICT');
  });
});

describe('locks that are taken hand over hand', () => {
  it('leave no chain of owners behind', async () => {
    const { within } = gateWorld();
    let grant = await within(() => enter('a 0'));
    for (let i = 1; i <= 100; i++) {
      const next = await within(() => enter(`a ${i % 2}`, { owner: grant }));
      grant.release();
      grant = next;
    }
    const chain = (frame: { parent: unknown } | null): number =>
      frame === null ? 0 : 1 + chain(frame.parent as { parent: unknown } | null);
    expect(chain((grant as unknown as { waiter: { parent: unknown } }).waiter)).toBeLessThan(5);
  });
});

describe('limits that change', () => {
  it.each([
    ['a faster pace', { limit: 1, per: '1h', strategy: 'token-bucket' }, { limit: 3_600, burst: 1 }, 1_000],
    ['a longer window', { limit: 1, per: '1s', strategy: 'fixed-window' }, { per: '1h' }, 1_000],
  ] as const)('%s is the same for keys at rest as for keys in use', async (_what, settings, patch, wait) => {
    for (const others of [0, 400]) {
      const { clock, ask, open } = gateWorld();
      const api = rateLimiter('api', settings);
      expect(ask(api, { key: 'k' }).fate).toBe('spent');
      for (let i = 0; i < others; i++) ask(api, { key: `other ${i}` });
      if ('per' in patch) await clock.advance(wait);
      void open(api).change(patch);
      if ('limit' in patch) await clock.advance(wait);
      expect(ask(api, { key: 'k' }).fate).toBe('spent');
      expect(ask(api, { key: 'k' }).fate).toBe('waiting');
    }
  });
});

describe('costs that are fractions', () => {
  it('fill a limit or a budget to the brim', () => {
    const { ask } = gateWorld();
    for (const strategy of ['sliding-window', 'token-bucket', 'fixed-window'] as const) {
      const api = rateLimiter(strategy, { limit: 0.3, per: '1h', strategy });
      const fates = [1, 2, 3, 4].map(() => ask(api, { cost: 0.1 }).fate);
      expect(fates).toEqual(['spent', 'spent', 'spent', 'waiting']);
    }
    const budget = quota('budget', { limit: 0.3, per: '1h' });
    expect([1, 2, 3, 4].map(() => ask(budget, { cost: 0.1 }).fate)).toEqual(['held', 'held', 'held', 'waiting']);
  });

  it('leave nothing behind that keeps a whole window out for ever', () => {
    const limit = 1e9;
    const window = new SlidingWindow(rateLimiter('api', { limit, per: 100 }));
    for (let at = 0; at < 20_000; at++) {
      window.opensAt(limit, at);
      window.dispatched(window.take(((at * 7919) % 997) / 3 + 0.1, at), at);
    }
    // Never empty, so that the sum of what is in it has drifted. The last entry leaves 100 after it came.
    expect(window.opensAt(limit, 20_000)).toBe(19_999 + 100);
  });
});

describe('an overflow of the stack', () => {
  it('in a consumer stops no other gate', () => {
    const { within, ask } = gateWorld();
    const deeper = (level: number): void => {
      of(1)
        .pipe(withLock(`level ${level}`))
        .subscribe({ complete: () => deeper(level + 1), error: nothing });
    };
    try {
      within(() => deeper(0));
    } catch {
      // Too deep is what it was meant to be.
    }
    const first = ask('a');
    const second = ask('a');
    first.leave();
    expect(second.fate).toBe('held');
  });
});

describe('a teardown that frees the gate', () => {
  it.each<[what: string, waiting: (begun: string[]) => Observable<unknown>]>([
    ['hold', (begun: string[]) => hold(acquire('a'), () => of(begun.push('work')))],
    ['withLock', (begun: string[]) => defer(() => of(begun.push('work'))).pipe(withLock('a'))],
    ['rateLimit', () => of(1).pipe(rateLimit('a'))],
    ['exclusive', (begun: string[]) => of(1).pipe(exclusive('a', () => of(begun.push('work'))))],
    ['acquire', () => acquire('a')],
  ])('lets in nobody who is just leaving: %s', (_what, waiting) => {
    const { within, state, ask } = gateWorld();
    const begun: string[] = [];
    within(() => {
      const holder = acquire('a').subscribe();
      const waiter = waiting(begun).subscribe(() => begun.push('value'));
      waiter.add(holder);
      waiter.unsubscribe();
    });
    expect([begun, state('a').holders, state('a').waiting]).toEqual([[], [], []]);
    expect(ask('a').fate).toBe('held');
  });
});

describe('whoever hears that an allOf has begun to wait', () => {
  it('may end it, and loses nobody else from a queue that it had not joined', () => {
    const { coordinator, within, ask, state } = gateWorld();
    const first = ask('a');
    const other = ask('b');
    const waiting = ask('b');
    const end = new Subscription();
    coordinator.when('rxbaton.gate.queued', () => end.unsubscribe());
    within(() => {
      const values = new Subject<number>();
      // Subscribed before its value comes, so that there is something to end.
      end.add(values.pipe(rateLimit(allOf('a', 'b'))).subscribe());
      values.next(1);
    });
    expect([state('a').waiting.length, state('b').waiting.length]).toEqual([0, 1]);
    first.leave();
    other.leave();
    expect(waiting.fate).toBe('held');
  });
});

describe('a request for several gates that stands before work in a queue', () => {
  it.each([
    ['a lock', mutex('g')],
    ['a limiter', rateLimiter('g', { limit: 5, per: '1h' })],
    ['a quota', quota('g', { limit: 5, per: '1h' })],
  ])('and waits for what that work holds is a deadlock, though nobody has %s', async (_what, gate) => {
    const { within, open } = gateWorld();
    const queued = deferred();
    const outer = within(() =>
      run('a', { label: 'me' }, async () => {
        await queued.promise;
        return errorOf(run(gate, { label: 'me inside' }, nothing));
      }),
    );
    const both = within(() => run(allOf('a', gate), { label: 'both' }, () => 'done'));
    queued.resolve();
    expect(await outer).toMatchObject({
      code: 'RXB_DEADLOCK',
      message: expect.stringMatching(
        /^me inside would wait for g for ever: me inside waits for g, held by both; both waits for a, held by me\./,
      ),
    });
    expect(await both).toBe('done');
    expect((await open(gate).inspect()).waiting).toEqual([]);
  });

  it('and waits for somebody who can go on is none', async () => {
    const { within } = gateWorld();
    const end = deferred();
    const other = within(() => run('b', () => end.promise));
    const both = within(() => run(allOf('b', 'g'), () => 'both'));
    const outer = within(() => run('a', () => run('g', () => 'inside')));
    end.resolve();
    expect(await Promise.all([other, both, outer])).toEqual([undefined, 'both', 'inside']);
  });
});

it('One signal for many requests gets one listener, while they wait and while they work', async () => {
  const { within } = gateWorld();
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  const end = deferred();
  const works = Array.from({ length: 50 }, (_, i) => within(() => run(`a ${i % 25}`, { signal }, () => end.promise)));
  expect(listeners).toBe(1);
  end.resolve();
  await Promise.all(works);
  expect(listeners).toBe(0);
});

describe('a live gate', () => {
  it('refuses times, fences and reasons that mean nothing', async () => {
    const { open } = gateWorld();
    const gate = open('a');
    for (const time of ['120', '', null, true]) {
      expect((await errorOf(() => gate.pauseUntil(time as unknown as number) as Promise<void>)).code).toBe(
        'RXB_CONFIG',
      );
    }
    for (const args of [
      ['everyone', 'why'],
      [undefined, 'why'],
      ['all', ''],
    ] as unknown as [number, string][]) {
      expect((await errorOf(() => gate.force(...args) as Promise<number>)).code).toBe('RXB_CONFIG');
    }
  });

  it('is one gate, not several', async () => {
    const { open } = gateWorld();
    const error = await errorOf(() => Promise.resolve(open(allOf('a', 'b') as unknown as string)));
    expect(error.message).toMatch(/^open\(\) must be given one gate: open the members of an allOf one by one/);
  });
});
