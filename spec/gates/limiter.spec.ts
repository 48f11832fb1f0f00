import { describe, expect, it } from 'vitest';
import { quota, rateLimiter, type LimiterOptions } from 'rxbaton';
import { gateWorld, type GateWorld } from '../support/gateWorld.ts';

/** When each of some requests, all made now, is let in: milliseconds from now. */
async function admitted(world: GateWorld, options: LimiterOptions, costs: readonly number[]): Promise<number[]> {
  const { clock, open } = world;
  const start = clock.now();
  const times = costs.map(() => NaN);
  const gate = open(rateLimiter('api', options));
  costs.forEach((cost, i) => gate.acquire({ cost }).subscribe(() => (times[i] = clock.now() - start)));
  await clock.flush();
  return times;
}

describe('a strategy', () => {
  const pace = { limit: 4, per: 100 } as const;
  const six = [1, 1, 1, 1, 1, 1];

  it.each([
    [{ ...pace }, [0, 0, 0, 0, 100, 100]],
    [{ ...pace, strategy: 'sliding-window' }, [0, 0, 0, 0, 100, 100]],
    [{ ...pace, strategy: 'fixed-window' }, [0, 0, 0, 0, 100, 100]],
    [{ ...pace, strategy: 'token-bucket' }, [0, 0, 0, 0, 25, 50]],
    [{ ...pace, strategy: 'token-bucket', burst: 2 }, [0, 0, 25, 50, 75, 100]],
    [{ ...pace, strategy: 'token-bucket', burst: 6 }, [0, 0, 0, 0, 0, 0]],
    [{ ...pace, strategy: 'leaky-bucket' }, [0, 25, 50, 75, 100, 125]],
  ] as const)('%o', async (options, expected) => {
    expect(await admitted(gateWorld(), options, six)).toEqual(expected);
  });

  it('tells the fixed window from the sliding one: calls at 90 and at 100', async () => {
    const { clock, ask } = gateWorld();
    for (const strategy of ['sliding-window', 'fixed-window'] as const) {
      const limiter = rateLimiter(strategy, { limit: 2, per: 100, strategy });
      ask(limiter);
      await clock.advance(90);
      ask(limiter);
      await clock.advance(10);
      const late = [ask(limiter), ask(limiter)];
      const expected = { 'sliding-window': ['spent', 'waiting'], 'fixed-window': ['spent', 'spent'] };
      expect(late.map(({ fate }) => fate)).toEqual(expected[strategy]);
      await clock.flush();
    }
  });

  it('opens its fixed window with the first call, not by the clock', async () => {
    const { clock, ask } = gateWorld();
    const limiter = rateLimiter('api', { limit: 1, per: 100, strategy: 'fixed-window' });
    await clock.advance(70);
    ask(limiter);
    const next = ask(limiter);
    await clock.advance(99);
    expect(next.fate).toBe('waiting');
    await clock.advance(1);
    expect(next.fate).toBe('spent');
  });
});

describe('cost', () => {
  it('weighs a request, and a heavy one at the head is not passed', async () => {
    const costs = [3, 2, 1];
    expect(await admitted(gateWorld(), { limit: 4, per: 100 }, costs)).toEqual([0, 100, 100]);
  });

  it('may be a fraction', async () => {
    const { clock, ask, state } = gateWorld();
    const limiter = rateLimiter('api', { limit: 1, per: 100 });
    const parts = Array.from({ length: 11 }, () => ask(limiter, { cost: 0.1 }));
    expect(parts.filter(({ fate }) => fate === 'spent')).toHaveLength(10);
    await clock.advance(100);
    expect([parts[10]?.fate, state(limiter).available]).toEqual(['spent', 0.9]);
  });

  it.each([
    [{ limit: 4, per: 100 }, 5, 4],
    [{ limit: 4, per: 100, strategy: 'fixed-window' }, 5, 4],
    [{ limit: 4, per: 100, strategy: 'token-bucket' }, 5, 4],
    [{ limit: 4, per: 100, strategy: 'token-bucket', burst: 2 }, 3, 2],
  ] as const)('that can never be met is refused at once: %o', (options, cost, capacity) => {
    const { ask } = gateWorld();
    expect(ask(rateLimiter('api', options), { cost }).error).toMatchObject({
      code: 'RXB_LIMIT_IMPOSSIBLE',
      details: { capacity },
    });
  });

  it('of a leaky bucket may be anything: it only takes its time', async () => {
    expect(await admitted(gateWorld(), { limit: 4, per: 100, strategy: 'leaky-bucket' }, [8, 1])).toEqual([0, 200]);
  });
});

describe("from: 'release'", () => {
  const spec = rateLimiter('api', { limit: 2, per: 100, from: 'release' });

  it('is a lease: a call counts while it runs, and for one window after its end', async () => {
    const { clock, ask, state } = gateWorld();
    const calls = [ask(spec), ask(spec), ask(spec)];
    expect(calls.map(({ fate }) => fate)).toEqual(['held', 'held', 'waiting']);
    expect(calls[0]?.grant.fence).toBeGreaterThan(0);
    await clock.advance(500);
    expect([calls[2]?.fate, state(spec).holders.length]).toEqual(['waiting', 2]);
    calls[0]?.leave();
    await clock.advance(99);
    expect(calls[2]?.fate).toBe('waiting');
    await clock.advance(1);
    expect(calls[2]?.fate).toBe('held');
  });

  it("is a token where it counts from: 'dispatch', the default", () => {
    const { ask } = gateWorld();
    expect(ask(rateLimiter('api', { limit: 2, per: 100 })).fate).toBe('spent');
  });
});

describe('a change while it runs', () => {
  it('of the limit lets more in at once, for every strategy', () => {
    for (const strategy of ['sliding-window', 'fixed-window', 'token-bucket'] as const) {
      const { ask, open } = gateWorld();
      const gate = open(rateLimiter('api', { limit: 2, per: 100, strategy }));
      const calls = [1, 2, 3, 4, 5].map(() => ask(gate));
      void gate.change({ limit: 4 });
      expect(calls.filter(({ fate }) => fate === 'spent').length, strategy).toBe(4);
    }
  });

  it('of the limit refuses those who want more than there will be', () => {
    const { ask, open } = gateWorld();
    const gate = open(rateLimiter('api', { limit: 4, per: 100 }));
    ask(gate);
    const greedy = ask(gate, { cost: 4 });
    void gate.change({ limit: 3 });
    expect(greedy.fate).toBe('RXB_LIMIT_IMPOSSIBLE');
  });

  it('of the period moves the timer of those who wait', async () => {
    const { clock, ask, open } = gateWorld();
    const gate = open(rateLimiter('api', { limit: 1, per: '1h' }));
    ask(gate);
    const next = ask(gate);
    void gate.change({ per: 200 });
    await clock.advance(199);
    expect(next.fate).toBe('waiting');
    await clock.advance(1);
    expect(next.fate).toBe('spent');
  });

  it('to a slower pace keeps a debt in tokens', async () => {
    const { clock, ask, open } = gateWorld();
    const gate = open(rateLimiter('api', { limit: 10, per: 100, strategy: 'token-bucket', burst: 1 }));
    ask(gate);
    const next = ask(gate);
    void gate.change({ limit: 1 });
    await clock.advance(99);
    expect(next.fate).toBe('waiting');
    await clock.advance(1);
    expect(next.fate).toBe('spent');
  });

  it('of the burst changes how many may go at once; a burst that was the limit follows it', async () => {
    const { ask, open, state } = gateWorld();
    const gate = open(rateLimiter('api', { limit: 2, per: 100, strategy: 'token-bucket' }));
    void gate.change({ burst: 5 });
    expect([1, 2, 3, 4, 5, 6].map(() => ask(gate).fate).filter((fate) => fate === 'spent')).toHaveLength(5);
    const other = open(rateLimiter('other', { limit: 2, per: 100, strategy: 'token-bucket' }));
    void other.change({ limit: 8 });
    expect(state(other)).toMatchObject({ available: 8, spec: { limit: 8, burst: 8 } });
  });
});

describe('pauseUntil', () => {
  it.each([(wall: number) => new Date(wall + 500), (wall: number) => wall + 500])(
    'lets nobody in before the time that a server gives: %s',
    async (time) => {
      const { clock, ask, open, state } = gateWorld({ epoch: 1_700_000_000_000 });
      const gate = open(rateLimiter('api', { limit: 9, per: 100 }));
      void gate.pauseUntil(time(clock.wall()));
      const call = ask(gate);
      expect([ask(gate, { timeout: 0 }).fate, state(gate).pausedFor, state(gate).opensIn]).toEqual([
        'RXB_BUSY',
        500,
        500,
      ]);
      await clock.advance(499);
      expect(call.fate).toBe('waiting');
      await clock.advance(1);
      expect([call.fate, state(gate).pausedFor]).toEqual(['spent', 0]);
    },
  );

  it('can be made shorter, or ended', () => {
    const { clock, ask, open } = gateWorld();
    const gate = open(rateLimiter('api', { limit: 9, per: 100 }));
    void gate.pauseUntil(1_000);
    const call = ask(gate);
    void gate.pauseUntil(clock.wall());
    expect(call.fate).toBe('spent');
  });

  it('keeps what is spent spent', async () => {
    const { clock, ask, open } = gateWorld();
    const gate = open(rateLimiter('api', { limit: 1, per: 100 }));
    ask(gate);
    void gate.pauseUntil(50);
    const call = ask(gate);
    await clock.advance(99);
    expect(call.fate).toBe('waiting');
    await clock.advance(1);
    expect(call.fate).toBe('spent');
  });

  it.each(['db', quota('hours', { limit: 9, per: '1h' })])('is for every kind of gate: %o', async (spec) => {
    const { clock, ask, open } = gateWorld();
    const gate = open(spec);
    void gate.pauseUntil(50);
    const call = ask(gate);
    await clock.advance(49);
    expect(call.fate).toBe('waiting');
    await clock.advance(1);
    expect([call.fate, clock.pending]).toEqual(['held', 0]);
  });
});

describe('inspect', () => {
  it('says what is left and when it opens', async () => {
    const { clock, ask, state } = gateWorld();
    const spec = rateLimiter('api', { limit: 2, per: 100 });
    ask(spec);
    await clock.advance(40);
    ask(spec);
    expect(state(spec)).toMatchObject({ available: 0, opensIn: 60, holders: [], waiting: [] });
    await clock.advance(60);
    expect(state(spec)).toMatchObject({ available: 1, opensIn: 0 });
  });
});
