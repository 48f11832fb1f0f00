import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { cyclicBarrier, mutex, rateLimiter, run, type Grant } from 'rxbaton';
import { drainJobs } from '../../lib/testing/drainJobs.ts';
import { deferred } from '../support/deferred.ts';
import { errorOf, gateWorld } from '../support/gateWorld.ts';

const lock = mutex('db');

describe('run', () => {
  it('resolves with what its function returns, a value or a promise, and has given back by then', async () => {
    const { within, state } = gateWorld();
    expect(await within(() => run(lock, ({ gate }) => gate))).toBe('db');
    expect(await within(() => run(lock, { label: 'x' }, async () => state(lock).holders[0]?.who))).toBe('x');
    expect(state(lock).available).toBe(1);
  });

  it('calls its function at once where the gate is free', () => {
    const { within } = gateWorld();
    let called = false;
    void within(() => run(lock, () => (called = true)));
    expect(called).toBe(true);
  });

  it('rejects with what its function throws or rejects with, the same error', async () => {
    const { within, state } = gateWorld();
    const error = new Error('no');
    const thrown = within(() =>
      run(lock, () => {
        throw error;
      }),
    );
    await expect(thrown).rejects.toBe(error);
    await expect(within(() => run(lock, () => Promise.reject(error)))).rejects.toBe(error);
    expect(state(lock).available).toBe(1);
  });

  it('waits for a thenable that is no promise', async () => {
    const { within } = gateWorld();
    const thenable = { then: (resolve: (value: string) => void) => resolve('later') } as PromiseLike<string>;
    expect(await within(() => run(lock, () => thenable))).toBe('later');
  });

  it('keeps the gate while its function runs, however long', async () => {
    const { within, ask, clock } = gateWorld();
    const work = deferred();
    const running = within(() => run(lock, () => work.promise));
    const next = ask(lock);
    await clock.advance('1d');
    expect(next.fate).toBe('waiting');
    work.resolve();
    await running;
    expect(next.fate).toBe('held');
  });

  it('takes a token of a limiter', async () => {
    const { within, clock } = gateWorld();
    const api = rateLimiter('api', { limit: 1, per: 100 });
    const times = within(() => Promise.all([1, 2, 3].map(() => run(api, () => clock.now()))));
    await clock.advance(200);
    expect(await times).toEqual([0, 100, 200]);
  });
});

describe('an abort', () => {
  it('while waiting rejects at once and never calls the function', async () => {
    const { within, ask, state } = gateWorld();
    const holder = ask(lock);
    const control = new AbortController();
    let called = false;
    const waiting = within(() => run(lock, { signal: control.signal }, () => (called = true)));
    control.abort(new Error('stop'));
    expect(await errorOf(waiting)).toMatchObject({ code: 'RXB_ABORTED', cause: new Error('stop') });
    holder.leave();
    expect([called, state(lock).available]).toEqual([false, 1]);
  });

  it('while working rejects at once and aborts the signal of the grant; the gate goes back when the work has stopped', async () => {
    const { within, ask } = gateWorld();
    const control = new AbortController();
    const work = deferred();
    let grant!: Grant;
    const running = within(() =>
      run(lock, { signal: control.signal }, (it) => {
        grant = it;
        return work.promise;
      }),
    );
    const next = ask(lock);
    control.abort('stop');
    expect(await errorOf(running)).toMatchObject({ code: 'RXB_ABORTED', cause: 'stop' });
    expect([grant.signal.aborted, grant.signal.reason, grant.valid(), next.fate]).toEqual([
      true,
      'stop',
      true,
      'waiting',
    ]);
    work.resolve();
    await drainJobs();
    expect([next.fate, grant.valid()]).toEqual(['held', false]);
  });

  it('by the function itself, before it returns its promise, rejects at once too', async () => {
    const { within, ask } = gateWorld();
    const control = new AbortController();
    const work = deferred();
    const running = within(() =>
      run(lock, { signal: control.signal }, () => {
        control.abort('stop');
        return work.promise;
      }),
    );
    const next = ask(lock);
    expect(await errorOf(running)).toMatchObject({ code: 'RXB_ABORTED', cause: 'stop' });
    expect(next.fate).toBe('waiting');
    work.resolve();
    await drainJobs();
    expect(next.fate).toBe('held');
  });

  it('between the reservation and its delivery never calls the function', async () => {
    const { within, ask, open } = gateWorld();
    const meet = open(cyclicBarrier('meet', { parties: 2 }));
    const control = new AbortController();
    let called = false;
    let late: Promise<unknown> | undefined;
    const holder = ask(lock);
    // The one who enters the lock comes last to the barrier, inside the turn in which the lock was handed over.
    within(() => open(lock).acquire()).subscribe(() => {
      late = errorOf(run(meet, { signal: control.signal }, () => (called = true)));
      control.abort();
    });
    ask(meet);
    holder.leave();
    expect(await late).toMatchObject({ code: 'RXB_ABORTED' });
    expect(called).toBe(false);
  });

  it('after the end changes nothing, and leaves no listener', async () => {
    const { within } = gateWorld();
    const { signal } = new AbortController();
    for (let i = 0; i < 100; i++) await within(() => run(lock, { signal }, async () => i));
    await within(() => run(lock, { signal }, () => Promise.reject(new Error('no')))).catch(() => {});
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is not heard by work that never looked: a late result of the function goes nowhere', async () => {
    const { within } = gateWorld();
    const control = new AbortController();
    const running = within(() => run(lock, { signal: control.signal }, () => Promise.reject(new Error('late'))));
    control.abort();
    expect((await errorOf(running)).code).toBe('RXB_ABORTED');
    await drainJobs();
  });
});

describe('what run refuses', () => {
  it.each([
    ['no function', () => run(lock, 5 as never), /The work of run\(\) must be a function of the grant/],
    ['no function after options', () => run(lock, {}, undefined as never), /The work of run\(\) must be a function/],
    [
      'options after the function',
      () => run(lock, (() => 1) as never, { timeout: 0 } as never),
      /run\(\) takes its options before/,
    ],
    ['no gate', () => run(undefined as never, () => 1), /run\(\) needs a gate/],
    ['an unknown option', () => run(lock, { time: 5 } as never, () => 1), /run\(\) has no option 'time'/],
  ])('%s', async (_, call, message) => {
    const error = await errorOf(() => gateWorld().within(call));
    expect([error.code, error.message]).toEqual(['RXB_CONFIG', expect.stringMatching(message)]);
  });
});
