import { getEventListeners } from 'node:events';
import { NEVER, Observable, Subscription, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AbortedError, CallTimeoutError, ClosedError } from '../../lib/errors.ts';
import { type CurrentCall, currentCall } from '../../lib/events/currentCall.ts';
import { agents, epoch, outcomeOf } from '../support/agents.ts';
import { deferred } from '../support/deferred.ts';

describe('signal', () => {
  it('ends a call that waits: it never begins', async () => {
    const { coordinate, names, data, gate } = agents();
    const abort = new AbortController();
    const work = deferred();
    const first = coordinate('first', { lock: 'db' }, () => work.promise)();
    let called = false;
    const waiting = coordinate('a', { lock: 'db', signal: abort.signal }, () => {
      called = true;
    })();
    abort.abort('enough');

    const error: unknown = await waiting.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AbortedError);
    expect((error as Error).cause).toBe('enough');
    expect(names()).toEqual(['first_started', 'a_cancelled']);
    expect(data('a_cancelled')).toMatchObject({
      reason: { code: 'RXB_ABORTED', cause: { message: 'enough' } },
      duration: 0,
    });
    work.resolve();
    await first;
    expect([called, gate('db').holders]).toEqual([false, []]);
  });

  it('frees the caller at once; the lock stays held until the promise has settled', async () => {
    const { coordinate, clock, names, data, gate } = agents();
    const abort = new AbortController();
    const work = deferred();
    let seen: AbortSignal | undefined;
    const call = coordinate('a', { lock: 'db', signal: abort.signal }, async () => {
      seen = currentCall().signal;
      await work.promise;
      return 'too late';
    })();
    const next = outcomeOf(coordinate('b', { lock: 'db' }, async () => 'b')());
    const outcome = outcomeOf(call);
    abort.abort();
    expect(seen?.aborted).toBe(true);
    await clock.advance(100);

    expect(outcome.now).toBeInstanceOf(AbortedError);
    expect(seen?.reason).toBe(outcome.now);
    expect(next.now).toBe('pending');
    expect(gate('db')).toMatchObject({ holders: [{}], waiting: [{}] });
    expect(names()).toEqual(['a_started']);

    work.resolve();
    await clock.advance(0);
    expect(next.now).toBe('b');
    expect(names()).toEqual(['a_started', 'a_cancelled', 'b_started', 'b_complete']);
    expect(data('a_cancelled')).toMatchObject({
      timestamp: epoch + 100,
      duration: 100,
      reason: { name: 'AbortedError' },
    });
  });

  it('is told of at once where no lock is held', async () => {
    const { coordinate, names, kernel } = agents();
    const abort = new AbortController();
    const work = deferred();
    const call = coordinate('a', { signal: abort.signal }, () => work.promise)();
    const outcome = call.catch((error: unknown) => error);
    const settled = outcomeOf(kernel.settled());
    abort.abort();

    expect(names()).toEqual(['a_started', 'a_cancelled']);
    expect(await outcome).toBeInstanceOf(AbortedError);
    expect(settled.now).toBe('pending');
    work.resolve();
    await kernel.settled();
    expect(names()).toEqual(['a_started', 'a_cancelled']);
  });

  it('that has aborted already lets nothing begin', async () => {
    const { coordinate, names, gate } = agents();
    let called = false;
    const call = coordinate('a', { lock: 'db', signal: AbortSignal.abort('never') }, () => {
      called = true;
    });

    await expect(call()).rejects.toMatchObject({ code: 'RXB_ABORTED', cause: 'never' });
    expect([called, names(), gate('db').holders]).toEqual([false, ['a_cancelled'], []]);
  });

  it('may be found among the arguments', async () => {
    const { coordinate } = agents();
    const ask = coordinate(
      'a',
      { signal: (_topic, options) => options?.signal },
      async (_topic: string, options?: { signal: AbortSignal }) =>
        options === undefined ? 'unbounded' : new Promise(() => {}),
    );
    const abort = new AbortController();
    const bounded = ask('x', { signal: abort.signal });
    abort.abort();

    await expect(bounded).rejects.toThrow(AbortedError);
    expect(await ask('y')).toBe('unbounded');
  });

  it('that its function does not find properly rejects the call', async () => {
    const { coordinate, kernel, names } = agents();
    const ask = coordinate('a', { signal: (value) => value as AbortSignal }, async (_value: unknown) => {});

    await expect(ask('no signal')).rejects.toThrow('an AbortSignal');
    await kernel.settled();
    expect(names()).toEqual(['a_failed']);
  });

  it('is seen by work that looks at its own only then', async () => {
    const { coordinate } = agents();
    const abort = new AbortController();
    let current: CurrentCall | undefined;
    const call = coordinate('a', { signal: abort.signal }, () => {
      current = currentCall();
      return new Promise(() => {});
    })();
    abort.abort();
    const error: unknown = await call.catch((reason: unknown) => reason);

    expect([current?.signal.aborted, current?.signal.reason]).toEqual([true, error]);
  });

  it('keeps no listener of finished calls', async () => {
    const { coordinate, gate } = agents();
    const abort = new AbortController();
    const work = coordinate('a', { lock: 'db', signal: abort.signal, retry: 2 }, async (fails: boolean) => {
      if (fails) throw new Error('no');
    });
    await Promise.all([work(false), work(false), work(false)]);

    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
    expect(gate('db').holders).toEqual([]);
  });

  it('does not change the outcome of a call that is over', async () => {
    const { coordinate, names } = agents();
    const abort = new AbortController();
    let seen: AbortSignal | undefined;
    await coordinate('a', { signal: abort.signal }, async () => {
      seen = currentCall().signal;
    })();
    abort.abort();

    expect(seen?.aborted).toBe(false);
    expect(names()).toEqual(['a_started', 'a_complete']);
  });

  it('stops a call between two attempts', async () => {
    const { coordinate, clock, names } = agents();
    const abort = new AbortController();
    let calls = 0;
    const work = coordinate('a', { signal: abort.signal, retry: { attempts: 5, delay: '1m' } }, async () => {
      calls++;
      throw new Error('no');
    });
    const outcome = outcomeOf(work());
    await clock.advance('30s');
    abort.abort();
    await clock.flush();

    expect(outcome.now).toBeInstanceOf(AbortedError);
    expect([calls, clock.pending]).toEqual([1, 0]);
    expect(names()).toEqual(['a_started', 'a_retrying', 'a_cancelled']);
  });

  it('that a handler of _started aborts prevents the function from being called', async () => {
    const { coordinate, kernel, names, gate } = agents();
    const abort = new AbortController();
    let called = false;
    const work = coordinate('a', { lock: 'db', signal: abort.signal }, async () => {
      called = true;
    });
    kernel.handle(work.started, () => {
      abort.abort();
    });

    await expect(work()).rejects.toThrow(AbortedError);
    expect([called, names(), gate('db').holders]).toEqual([false, ['a_started', 'a_cancelled'], []]);
  });

  it('that the function itself aborts makes its result count for nothing', async () => {
    const { coordinate, names, gate } = agents();
    const abort = new AbortController();
    const options = { lock: 'db', signal: abort.signal };
    const work = coordinate('a', options, () => {
      abort.abort();
      return 1;
    });

    await expect(work()).rejects.toThrow(AbortedError);
    expect([names(), gate('db').holders]).toEqual([['a_started', 'a_cancelled'], []]);
  });
});

describe('timeout', () => {
  it('fails the attempt, tells the work, and keeps the lock until the work has stopped', async () => {
    const { coordinate, clock, names, data, gate } = agents();
    const work = deferred();
    let seen: AbortSignal | undefined;
    const call = coordinate('a', { lock: 'db', timeout: '5s' }, () => {
      seen = currentCall().signal;
      return work.promise;
    })();
    const outcome = outcomeOf(call);
    await clock.advance(4999);
    expect([outcome.now, seen?.aborted]).toEqual(['pending', false]);
    await clock.advance(1);

    expect(outcome.now).toBeInstanceOf(CallTimeoutError);
    expect(seen?.reason).toBe(outcome.now);
    expect([names(), gate('db').holders.length]).toEqual([['a_started'], 1]);
    work.reject(new Error('because it was told to stop'));
    await clock.advance(0);
    expect([names(), gate('db').holders.length]).toEqual([['a_started', 'a_failed'], 0]);
    expect(data('a_failed')).toMatchObject({ error: { code: 'RXB_CALL_TIMEOUT' } });
  });

  it('does not run while the call waits for its gates', async () => {
    const { coordinate, clock } = agents();
    const slow = coordinate('a', { lock: 'db' }, () => clock.advance(50))();
    const quick = coordinate('b', { lock: 'db', timeout: 10 }, async () => 'in time')();

    await slow;
    expect(await quick).toBe('in time');
    expect(clock.pending).toBe(0);
  });

  it('waits longer than hosts can arm a timer for', async () => {
    const { coordinate, clock } = agents();
    const outcome = outcomeOf(coordinate('a', { timeout: '60d' }, () => new Promise(() => {}))());
    await clock.advance('59d');
    expect(outcome.now).toBe('pending');
    await clock.advance('1d');
    expect(outcome.now).toBeInstanceOf(CallTimeoutError);
  });
});

describe('abandonAfter', () => {
  it('gives the lock back although the promise still runs, and says so', async () => {
    const { coordinate, clock, kernel, names, data, gate } = agents();
    const work = deferred();
    const call = coordinate('a', { lock: 'db', timeout: 10, abandonAfter: 25 }, () => work.promise)();
    const outcome = outcomeOf(call);
    await clock.advance(34);
    expect([names(), gate('db').holders.length]).toEqual([['a_started'], 1]);
    await clock.advance(1);

    expect([names(), gate('db').holders.length]).toEqual([['a_started', 'a_abandoned', 'a_failed'], 0]);
    expect(data('a_abandoned')).toEqual({
      attempt: 1,
      error: expect.objectContaining({ code: 'RXB_CALL_TIMEOUT' }),
      timestamp: epoch + 35,
    });
    await kernel.settled();
    work.resolve();
    await clock.flush();
    expect(names()).toHaveLength(3);
    expect(outcome.now).toBeInstanceOf(CallTimeoutError);
  });

  it('of 0 gives it back at once', async () => {
    const { coordinate, clock, names } = agents();
    const abort = new AbortController();
    const call = coordinate('a', { lock: 'db', signal: abort.signal, abandonAfter: 0 }, () => new Promise(() => {}))();
    const outcome = outcomeOf(call);
    abort.abort();
    await clock.advance(0);

    expect(names()).toEqual(['a_started', 'a_abandoned', 'a_cancelled']);
    expect(outcome.now).toBeInstanceOf(AbortedError);
  });

  it('is not said of a stream, which stops at once', async () => {
    const { coordinate, clock, names } = agents();
    const call = coordinate('a', { lock: 'db', timeout: 10, abandonAfter: 25 }, () => NEVER)().catch(() => {});
    await clock.flush();
    await call;

    expect([names(), clock.now()]).toEqual([['a_started', 'a_failed'], 10]);
  });

  it('is not said of work that stops in time, and leaves no timer', async () => {
    const { coordinate, clock, names } = agents();
    const work = deferred();
    const call = coordinate('a', { lock: 'db', timeout: 10, abandonAfter: 25 }, () => work.promise)().catch(() => {});
    await clock.advance(10);
    work.resolve();
    await clock.flush();
    await call;

    expect([names(), clock.now()]).toEqual([['a_started', 'a_failed'], 10]);
  });
});

describe('observe', () => {
  it('is cold: each subscription is a call of its own', async () => {
    const { coordinate, names } = agents();
    let calls = 0;
    const count = coordinate('a', async (from: number) => from + ++calls).observe(10);
    expect(calls).toBe(0);
    const seen: number[] = [];
    await count.forEach((value) => seen.push(value));
    await count.forEach((value) => seen.push(value));

    expect(seen).toEqual([11, 12]);
    expect(names()).toEqual(['a_started', 'a_complete', 'a_started', 'a_complete']);
  });

  it('cancels when unsubscribed, running or waiting', async () => {
    const { coordinate, clock, names, gate } = agents();
    const work = deferred();
    let seen: AbortSignal | undefined;
    const agent = coordinate('a', { lock: 'db' }, () => {
      seen = currentCall().signal;
      return work.promise;
    });
    const running = agent.observe().subscribe();
    const waiting = agent.observe().subscribe();
    waiting.unsubscribe();
    expect(names()).toEqual(['a_started', 'a_cancelled']);
    running.unsubscribe();

    expect([seen?.aborted, gate('db').holders.length]).toEqual([true, 1]);
    work.resolve();
    await clock.advance(0);
    expect(names()).toEqual(['a_started', 'a_cancelled', 'a_cancelled']);
    expect(gate('db')).toMatchObject({ holders: [], waiting: [] });
  });

  it('can be left by whoever hears its first value', async () => {
    const { coordinate, names, gate } = agents();
    const agent = coordinate(
      'a',
      { lock: 'db' },
      () =>
        new Observable<number>((subscriber) => {
          for (let i = 0; i < 5 && !subscriber.closed; i++) subscriber.next(i);
        }),
    );
    const seen: number[] = [];
    agent
      .observe()
      .pipe(take(2))
      .subscribe((value) => seen.push(value));

    expect([seen, names(), gate('db').holders]).toEqual([[0, 1], ['a_started', 'a_cancelled'], []]);
  });

  it('passes this on, if it is not itself', async () => {
    const { coordinate } = agents();
    const whose = coordinate('a', async function (this: unknown) {
      return this;
    });
    const seen: unknown[] = [];
    const me = { id: 1 };
    await whose.observe().forEach((value) => seen.push(value));
    await whose.observe.call(me).forEach((value) => seen.push(value));

    expect(seen).toEqual([undefined, me]);
  });

  it('tells its consumer in the context in which it was subscribed', async () => {
    const { coordinate, kernel, events } = agents();
    const agent = coordinate('a', async function* () {
      yield 1;
    });
    await agent.observe().forEach(() => kernel.emit('heard'));

    expect(events.find(({ name }) => name === 'heard')).not.toHaveProperty('runId');
  });

  it('errors with what the function throws', () => {
    const { coordinate } = agents();
    const errors: unknown[] = [];
    const error = new Error('no');
    const subscription: Subscription = coordinate('a', () => {
      throw error;
    })
      .observe()
      .subscribe({ error: (reason: unknown) => errors.push(reason) });

    expect([errors, subscription.closed]).toEqual([[error], true]);
  });
});

describe('close', () => {
  it('waits for calls; after its deadline it aborts them and gives up what they hold', async () => {
    const { coordinate, clock, kernel, names, gate } = agents();
    const call = coordinate('a', { lock: 'db' }, () => new Promise(() => {}))();
    const outcome = outcomeOf(call);
    const closed = kernel.close({ deadline: '10s' });
    await clock.advance('10s');

    expect(await closed).toEqual({ aborted: ['a'], dropped: 0 });
    expect(outcome.now).toBeInstanceOf(ClosedError);
    expect(names()).toEqual(['a_started', 'a_abandoned', 'a_cancelled']);
    expect(gate('db').holders).toEqual([]);
  });
});
