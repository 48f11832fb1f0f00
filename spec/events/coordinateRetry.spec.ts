import { describe, expect, it } from 'vitest';
import { AbortedError, BusyError, CallTimeoutError } from '../../lib/errors.ts';
import { currentCall } from '../../lib/events/currentCall.ts';
import { quota } from '../../lib/gates/quota.ts';
import { agents, epoch, outcomeOf } from '../support/agents.ts';
import { deferred } from '../support/deferred.ts';

describe('retry', () => {
  it.each([3, { attempts: 3 }])(
    '%j invokes a failing function exactly 3 times, and fails with its error',
    async (retry) => {
      const { coordinate, clock, names } = agents();
      const errors: Error[] = [];
      const call = coordinate('a', { retry }, async () => {
        errors.push(new Error(`attempt ${currentCall().attempt}`));
        throw errors.at(-1);
      })();
      const outcome = outcomeOf(call);
      await clock.flush();

      expect(errors.map(({ message }) => message)).toEqual(['attempt 1', 'attempt 2', 'attempt 3']);
      expect(outcome.now).toBe(errors[2]);
      expect(names()).toEqual(['a_started', 'a_retrying', 'a_retrying', 'a_failed']);
    },
  );

  it('says what failed, and how long it waits', async () => {
    const { coordinate, clock, data, events } = agents();
    let calls = 0;
    const call = coordinate('a', { retry: { attempts: 2, delay: 250 } }, async () => {
      if (++calls === 1) throw new Error('not yet');
      return clock.now();
    })();
    await clock.flush();

    expect(await call).toBe(250);
    expect(data('a_retrying')).toEqual({
      attempt: 1,
      delay: 250,
      error: expect.objectContaining({ message: 'not yet' }),
      timestamp: epoch,
    });
    expect(data('a_complete')).toMatchObject({ result: 250, duration: 250 });
    expect(new Set(events.map(({ runId }) => runId)).size).toBe(1);
  });

  it('is given up by a handler of _retrying that aborts the call', async () => {
    const { coordinate, clock, kernel, names } = agents();
    const abort = new AbortController();
    kernel.handle('a_retrying', () => {
      abort.abort();
    });
    const call = coordinate('a', { retry: 3, signal: abort.signal }, () => Promise.reject(new Error('no')))();
    const outcome = outcomeOf(call);
    await clock.advance(0);

    expect(outcome.now).toBeInstanceOf(AbortedError);
    expect([names(), clock.pending]).toEqual([['a_started', 'a_retrying', 'a_cancelled'], 0]);
  });

  it('waits as long as its options say, by the random numbers of the coordinator', async () => {
    const { coordinate, clock } = agents({ random: () => 0.5 });
    const at: number[] = [];
    const retry = { attempts: 4, delay: 100, factor: 3, maxDelay: 500, jitter: 'full' as const };
    const call = coordinate('a', { retry }, async () => {
      at.push(clock.now());
      throw new Error('no');
    })();
    const outcome = outcomeOf(call);
    await clock.flush();

    expect(at).toEqual([0, 50, 200, 450]);
    expect(outcome.now).toBeInstanceOf(Error);
  });

  it('asks whether an error is worth it; what asking throws is reported, and ends the call with the error', async () => {
    const { coordinate, clock, names, problems } = agents();
    const error = new Error('fatal');
    const mistake = new Error('when');
    const run = async (when: () => boolean): Promise<unknown> => {
      const call = coordinate('a', { retry: { attempts: 3, when } }, () => Promise.reject(error))();
      const outcome = outcomeOf(call);
      await clock.flush();
      return outcome.now;
    };

    expect(await run(() => false)).toBe(error);
    expect(
      await run(() => {
        throw mistake;
      }),
    ).toBe(error);
    expect(names()).toEqual(['a_started', 'a_failed', 'a_started', 'a_failed']);
    expect(problems).toEqual([mistake]);
  });

  it('holds nothing between two attempts, and queues and pays for each', async () => {
    const { coordinate, clock, gate } = agents();
    const budget = quota('tokens', { limit: 10, per: '1d' });
    const fences: number[] = [];
    const options = { lock: 'db', limits: budget, retry: { attempts: 3, delay: 100, factor: 1 } };
    const call = coordinate('a', options, async () => {
      fences.push(currentCall().fences['db'] as number);
      if (fences.length < 3) throw new Error('no');
    })();
    await clock.advance(50);
    expect([gate('db').holders.length, gate(budget).available]).toEqual([0, 9]);
    const other = deferred();
    const between = coordinate('b', { lock: 'db' }, () => other.promise)();
    await clock.advance(100);
    expect([fences.length, gate('db').waiting.length]).toEqual([1, 1]);
    other.resolve();
    await clock.flush();
    await Promise.all([call, between]);

    expect(gate(budget).available).toBe(7);
    expect(fences).toEqual([...fences].sort((a, b) => a - b));
    expect(new Set(fences).size).toBe(3);
  });

  it('is about failing, not about being refused', async () => {
    const { coordinate, clock, names } = agents();
    const work = deferred();
    const first = coordinate('first', { lock: 'db' }, () => work.promise)();
    const outcome = outcomeOf(coordinate('a', { lock: 'db', acquireTimeout: 0, retry: 5 }, async () => {})());
    await clock.flush();

    expect(outcome.now).toBeInstanceOf(BusyError);
    expect(names()).toEqual(['first_started', 'a_failed']);
    work.resolve();
    await first;
  });

  it('does not start over before timed-out work has let go of its lock', async () => {
    const { coordinate, clock, names } = agents();
    const works = [deferred<string>(), deferred<string>()];
    const signals: AbortSignal[] = [];
    const options = { lock: 'db', timeout: 10, retry: { attempts: 2, delay: 5 } };
    const call = coordinate('a', options, () => {
      signals.push(currentCall().signal);
      return works[currentCall().attempt - 1]!.promise;
    })();
    const outcome = outcomeOf(call);
    await clock.advance(100);
    expect([signals.length, names()]).toEqual([1, ['a_started', 'a_retrying']]);
    works[0]?.resolve('too late');
    works[1]?.resolve('second');
    await clock.flush();

    expect(outcome.now).toBe('second');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(names()).toEqual(['a_started', 'a_retrying', 'a_complete']);
  });

  it('starts over at once after a timeout where nothing is held', async () => {
    const { coordinate, clock, kernel } = agents();
    const hanging = deferred();
    const call = coordinate('a', { timeout: 10, retry: { attempts: 2, delay: 5 } }, () =>
      currentCall().attempt === 1 ? hanging.promise : 'second',
    )();
    await clock.advance(15);

    expect(await call).toBe('second');
    const settled = outcomeOf(kernel.settled());
    await clock.advance(1);
    expect(settled.now).toBe('pending');
    hanging.resolve();
    await kernel.settled();
  });

  it('tries as often as it may when every attempt times out', async () => {
    const { coordinate, clock, names } = agents();
    let calls = 0;
    const call = coordinate('a', { lock: 'db', timeout: 10, abandonAfter: 1, retry: { attempts: 3, delay: 0 } }, () => {
      calls++;
      return new Promise(() => {});
    })();
    const outcome = outcomeOf(call);
    await clock.flush();

    expect(outcome.now).toBeInstanceOf(CallTimeoutError);
    expect(calls).toBe(3);
    expect(names()).toEqual('a_started a_retrying a_abandoned a_retrying a_abandoned a_abandoned a_failed'.split(' '));
  });
});
