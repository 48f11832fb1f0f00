import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { AbortedError, BusyError } from '../../lib/errors.ts';
import { currentCall } from '../../lib/events/currentCall.ts';
import { agents } from '../support/agents.ts';
import { deferred } from '../support/deferred.ts';

describe('what goes wrong with an event', () => {
  it('changes nothing: a handler that throws', async () => {
    const { coordinate, kernel, problems } = agents();
    const alert = new Error('pager is down');
    const heard: string[] = [];
    for (const name of ['a_started', 'a_complete', 'a_failed']) {
      kernel.handle(name, () => {
        heard.push(name);
        throw alert;
      });
    }
    const error = new Error('no');

    expect(await coordinate('a', async () => 1)()).toBe(1);
    await expect(coordinate('a', () => Promise.reject(error))()).rejects.toBe(error);
    expect(heard).toEqual(['a_started', 'a_complete', 'a_started', 'a_failed']);
    expect(problems).toEqual([alert, alert, alert, alert]);
  });

  it('changes nothing: an event that cannot be made', async () => {
    const { coordinate, kernel, problems } = agents();
    const broken = new Error('no more ids');
    kernel.publish = () => {
      throw broken;
    };

    expect(await coordinate('a', { lock: 'db' }, async () => 1)()).toBe(1);
    expect(problems).toEqual([broken, broken]);
  });

  it('changes nothing: an error that cannot be read', async () => {
    const { coordinate, data } = agents();
    const error = Object.defineProperty(new Error('x'), 'message', {
      get() {
        throw new Error('no message for you');
      },
    });

    await expect(coordinate('a', () => Promise.reject(error))()).rejects.toBe(error);
    expect(data('a_failed').error).toMatchObject({ name: 'NonError' });
  });

  it('is not asked for where nobody listens', async () => {
    const { coordinate, kernel } = agents();
    const published: string[] = [];
    const publish = kernel.publish.bind(kernel);
    kernel.wanted = (name) => name === 'a_complete';
    kernel.publish = (name, ...rest) => (published.push(name), publish(name, ...rest));
    await coordinate('a', async () => 1)();

    expect(published).toEqual(['a_complete']);
  });
});

/** One call: when it comes, what its work does, and what happens to it meanwhile. */
const plan = fc.record({
  at: fc.nat(30),
  takes: fc.nat(20),
  /** How many attempts fail. */
  fails: fc.nat(3),
  sync: fc.boolean(),
  /** Whether the work listens when it is told to stop. */
  stops: fc.boolean(),
  abortAt: fc.option(fc.nat(60), { nil: null }),
  observed: fc.boolean(),
  lock: fc.constantFrom('x', 'y', ['x', 'y'], []),
  attempts: fc.integer({ min: 1, max: 3 }),
  options: fc.record(
    { timeout: fc.integer({ min: 1, max: 15 }), acquireTimeout: fc.nat(20), abandonAfter: fc.nat(10) },
    { requiredKeys: [] },
  ),
});

const ends = ['_complete', '_failed', '_cancelled'];
const numRuns = process.env['RXBATON_TEST_LONG'] === undefined ? 300 : 10_000;

test.prop([fc.array(plan, { minLength: 1, maxLength: 12 })], { numRuns })(
  'whatever happens: one end for each call, after its only start if it began, once its work has let go; nothing stays behind',
  async (plans) => {
    const { coordinate, clock, kernel, events, gate, problems } = agents();
    const outcomes: (string | null)[] = plans.map(() => null);
    /** How many attempts of each call are at work. */
    const working = plans.map(() => 0);
    const inside = new Map<string, number>();
    const mistakes: string[] = [];

    const work = (n: number): unknown => {
      const { attempt, signal } = currentCall();
      const { fails, sync, takes, stops, lock, options } = plans[n]!;
      if (sync && attempt <= fails) throw new Error('sync');
      if (sync) return attempt;
      const done = deferred<number>();
      const move = (by: 1 | -1): void => {
        working[n]! += by;
        for (const name of options.abandonAfter === undefined ? [lock].flat() : []) {
          inside.set(name, (inside.get(name) ?? 0) + by);
          const abandoning = plans.some((other) => other.options.abandonAfter !== undefined);
          if (inside.get(name)! > 1 && !abandoning) mistakes.push(`two inside ${name}`);
        }
      };
      const end = (): void => {
        move(-1);
        if (attempt <= fails) done.reject(new Error('async'));
        else done.resolve(attempt);
      };
      move(1);
      const timer = clock.schedule(end, takes);
      const stop = (): void => {
        if (timer.closed) return;
        timer.unsubscribe();
        end();
      };
      timer.add(() => {
        signal.removeEventListener('abort', stop);
      });
      if (stops) signal.addEventListener('abort', stop);
      return done.promise;
    };

    plans.forEach(({ at, abortAt, observed, lock, attempts, options }, n) => {
      const abort = new AbortController();
      const agent = coordinate(
        `call${n}`,
        { lock, signal: abort.signal, retry: { attempts, delay: 3 }, ...options },
        () => work(n),
      );
      for (const suffix of ends) {
        kernel.handle(`call${n}${suffix}`, () => {
          const held = lock.length > 0 && options.abandonAfter === undefined;
          if (held && working[n] !== 0) mistakes.push(`call${n}${suffix} while it works`);
        });
      }
      clock.schedule(() => {
        let stop = (): void => {
          abort.abort();
        };
        if (observed) {
          const complete = (): void => void (outcomes[n] = '_complete');
          const subscription = agent.observe().subscribe({ complete, error: () => (outcomes[n] = '_failed') });
          stop = () => {
            subscription.unsubscribe();
          };
        } else {
          agent().then(
            () => (outcomes[n] = '_complete'),
            (error: unknown) => (outcomes[n] = error instanceof AbortedError ? '_cancelled' : '_failed'),
          );
        }
        if (abortAt !== null) clock.schedule(stop, abortAt);
      }, at);
    });

    await clock.flush();
    await kernel.settled();

    outcomes.forEach((outcome, n) => {
      const mine = events.filter(({ name }) => name.startsWith(`call${n}_`));
      const names = mine.map(({ name }) => name.slice(`call${n}`.length));
      const [end, ...others] = names.filter((name) => ends.includes(name));
      expect(others).toEqual([]);
      // Who has unsubscribed has heard nothing; everybody else has heard what the bus has.
      expect(end).toBe(outcome ?? '_cancelled');
      if (names.includes('_started')) expect(names.lastIndexOf('_started')).toBe(0);
      else expect(end).not.toBe('_complete');
      expect(new Set(mine.map(({ runId }) => runId)).size).toBe(1);
    });
    expect({ mistakes, problems, working: Math.max(...working), timers: clock.pending }).toEqual({
      mistakes: [],
      problems: [],
      working: 0,
      timers: 0,
    });
    for (const name of ['x', 'y']) expect(gate(name)).toMatchObject({ holders: [], waiting: [] });
  },
  300_000,
);

it('refuses and reports a call that never began with an end and without a beginning', async () => {
  const { coordinate, names } = agents();
  const work = deferred();
  const first = coordinate('first', { lock: 'db' }, () => work.promise)();
  await expect(coordinate('a', { lock: 'db', acquireTimeout: 0 }, async () => {})()).rejects.toThrow(BusyError);
  work.resolve();
  await first;

  expect(names()).toEqual(['first_started', 'a_failed', 'first_complete']);
});
