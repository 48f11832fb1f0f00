import { describe, expect, it } from 'vitest';
import { getEventListeners } from 'node:events';
import { NEVER, Observable, Subject, timer } from 'rxjs';
import {
  CallTimeoutError,
  ConfigError,
  OverflowError,
  createCoordinator,
  type CoordinatorOptions,
  type HandlerDropped,
} from 'rxbaton';
import { virtualTime } from 'rxbaton/testing';

function make(options: CoordinatorOptions = {}) {
  const clock = virtualTime();
  const errors: unknown[] = [];
  const coordinator = createCoordinator({ clock, onError: (error) => errors.push(error), ...options });
  return { ...coordinator, coordinator, clock, errors };
}

describe('concurrency', () => {
  it('is without limit by default', () => {
    const { when, emit } = make();
    let running = 0;
    when('a', () => {
      running++;
      return NEVER;
    });
    for (let i = 0; i < 100; i++) emit('a');
    expect(running).toBe(100);
  });

  it('bounds how many events a handler works on, in their order, and slows nobody else', async () => {
    const { when, emit, clock, settled } = make();
    const log: string[] = [];
    const others: number[] = [];
    let running = 0;
    let most = 0;
    when(
      'a',
      (n: number) =>
        new Observable<never>((subscriber) => {
          most = Math.max(most, ++running);
          log.push(`start ${n} at ${clock.now()}`);
          subscriber.add(() => running--);
          subscriber.add(
            timer(10, clock).subscribe(() => {
              subscriber.complete();
            }),
          );
        }),
      { concurrency: 2 },
    );
    when('a', (n: number) => others.push(n));
    for (let i = 0; i < 5; i++) emit('a', i);
    expect(others).toEqual([0, 1, 2, 3, 4]);
    await clock.flush();
    await settled();
    expect(most).toBe(2);
    expect(log).toEqual(['start 0 at 0', 'start 1 at 0', 'start 2 at 10', 'start 3 at 10', 'start 4 at 20']);
  });

  it('frees the place of a handler that ends at once, without using stack', async () => {
    const { when, emit, settled } = make();
    let release!: () => void;
    const first = new Promise<void>((resolve) => (release = resolve));
    const seen: number[] = [];
    when(
      'a',
      (n: number) => {
        seen.push(n);
        return n === 0 ? first : undefined;
      },
      { concurrency: 1 },
    );
    for (let i = 0; i < 50_000; i++) emit('a', i);
    expect(seen).toEqual([0]);
    release();
    await settled();
    expect(seen).toEqual(Array.from({ length: 50_000 }, (_, i) => i));
  });

  it('counts promises, streams and async generators as work', async () => {
    for (const work of [
      async (end: Promise<void>) => {
        await end;
      },
      (end: Promise<void>) =>
        new Observable<never>((subscriber) => {
          void end.then(() => {
            subscriber.complete();
          });
        }),
      async function* (end: Promise<void>) {
        yield 1;
        await end;
      },
    ]) {
      const { when, emit, settled } = make();
      let release!: () => void;
      const end = new Promise<void>((resolve) => (release = resolve));
      let started = 0;
      when(
        'a',
        () => {
          started++;
          return work(end);
        },
        { concurrency: 1 },
      );
      emit('a');
      emit('a');
      expect(started).toBe(1);
      release();
      await settled();
      expect(started).toBe(2);
    }
  });
});

describe('maxQueue and overflow', () => {
  const busy = (overflow: 'drop-oldest' | 'drop-newest' | 'error' | undefined, maxQueue = 2) => {
    const kit = make();
    const gate = new Subject<void>();
    const done: number[] = [];
    const drops: HandlerDropped[] = [];
    kit.when('rxbaton.handler_dropped', (data) => drops.push(data));
    kit.when(
      'a',
      function slow(n: number) {
        done.push(n);
        return done.length === 1 ? gate : undefined;
      },
      { concurrency: 1, maxQueue, ...(overflow === undefined ? {} : { overflow }) },
    );
    for (let i = 0; i < 6; i++) kit.emit('a', i);
    const finish = async (): Promise<number[]> => {
      gate.complete();
      await kit.settled();
      return done;
    };
    return { ...kit, drops, finish };
  };

  it("'drop-oldest' keeps the newest", async () => {
    const { drops, finish, errors } = busy('drop-oldest');
    expect(await finish()).toEqual([0, 4, 5]);
    expect(drops.map(({ event }) => event.data)).toEqual([1, 2, 3]);
    expect(drops.at(-1)).toMatchObject({ name: 'a', handler: 'slow', policy: 'drop-oldest', dropped: 3 });
    expect(errors).toEqual([]);
  });

  it("'drop-newest' keeps the oldest", async () => {
    const { drops, finish } = busy('drop-newest');
    expect(await finish()).toEqual([0, 1, 2]);
    expect(drops.map(({ event, dropped }) => [event.data, dropped])).toEqual([
      [3, 1],
      [4, 2],
      [5, 3],
    ]);
  });

  it("'error', the default, refuses the newest as a failure of the handler", async () => {
    for (const overflow of ['error', undefined] as const) {
      const { drops, finish, errors } = busy(overflow);
      expect(await finish()).toEqual([0, 1, 2]);
      expect(drops).toEqual([]);
      expect(errors).toHaveLength(3);
      expect(errors[0]).toBeInstanceOf(OverflowError);
    }
  });

  it('may be 0: who does not start at once is lost', async () => {
    for (const overflow of ['drop-oldest', 'drop-newest'] as const) {
      const { drops, finish } = busy(overflow, 0);
      expect(await finish()).toEqual([0]);
      expect(drops.at(-1)?.dropped).toBe(5);
    }
  });

  it('is said once to the logger, however many are lost', () => {
    const warnings: string[] = [];
    const ignore = (): void => {};
    const logger = {
      debug: ignore,
      info: ignore,
      error: ignore,
      warn: (_: object, message: string) => warnings.push(message),
    };
    const { when, emit } = make({ logger });
    when(
      'a',
      function slow() {
        return NEVER;
      },
      { concurrency: 1, maxQueue: 0, overflow: 'drop-newest' },
    );
    for (let i = 0; i < 10; i++) emit('a');
    expect(warnings).toEqual(['The handler slow is too slow and loses events.']);
  });

  it('holds for 1,000,000 events at a slow handler', async () => {
    const { when, emit, settled } = make({ context: 'off' });
    const gate = new Subject<void>();
    const handled: number[] = [];
    let last: HandlerDropped | undefined;
    let drops = 0;
    when('rxbaton.handler_dropped', (data) => {
      drops++;
      last = data;
    });
    when(
      'a',
      (n: number) => {
        handled.push(n);
        return handled.length <= 4 ? gate : undefined;
      },
      { concurrency: 4, maxQueue: 1_000, overflow: 'drop-oldest' },
    );
    for (let i = 0; i < 1_000_000; i++) emit('a', i);
    expect(handled).toEqual([0, 1, 2, 3]);
    gate.complete();
    await settled();
    expect(handled).toHaveLength(1_004);
    expect(handled.slice(4)).toEqual(Array.from({ length: 1_000 }, (_, i) => 999_000 + i));
    expect([drops, last?.dropped]).toEqual([998_996, 998_996]);
  });
});

describe('retry', () => {
  it('tries so many times all together, and then the last error counts', async () => {
    const { when, emit, clock, errors, settled } = make();
    const at: number[] = [];
    when(
      'a',
      () => {
        at.push(clock.now());
        throw new Error(`attempt ${at.length}`);
      },
      { retry: 3 },
    );
    emit('a');
    await clock.flush();
    await settled();
    expect(at).toEqual([0, 1_000, 3_000]);
    expect(errors.map(String)).toEqual(['Error: attempt 3']);
  });

  it('ends with the first success, for rejections and failing streams too', async () => {
    const { when, emit, clock, errors } = make();
    let tries = 0;
    when(
      'a',
      async () => {
        if (++tries < 3) throw new Error('not yet');
      },
      { retry: { attempts: 5, delay: 10, factor: 1 } },
    );
    let streams = 0;
    when(
      'a',
      () =>
        new Observable((subscriber) => {
          if (++streams < 3) subscriber.error(new Error('not yet'));
          else subscriber.complete();
        }),
      { retry: { attempts: 5, delay: 10 } },
    );
    emit('a');
    await clock.flush();
    expect([tries, streams, errors.length]).toEqual([3, 3, 0]);
  });

  it('keeps the place of the event, so that order stays', async () => {
    const { when, emit, clock } = make();
    const log: string[] = [];
    when(
      'a',
      (n: number) => {
        log.push(`${n} at ${clock.now()}`);
        if (log.length === 1) throw new Error('once');
      },
      { concurrency: 1, retry: { attempts: 2, delay: 5 } },
    );
    emit('a', 1);
    emit('a', 2);
    await clock.flush();
    expect(log).toEqual(['1 at 0', '1 at 5', '2 at 5']);
  });

  it('gives the failure up, and not away, when the subscription ends during the wait', async () => {
    const { when, emit, clock, errors, settled } = make();
    let tries = 0;
    const subscription = when(
      'a',
      () => {
        tries++;
        throw new Error('failed');
      },
      { retry: 5 },
    );
    emit('a');
    subscription.unsubscribe();
    expect(errors.map(String)).toEqual(['Error: failed']);
    await clock.flush();
    await settled();
    expect(tries).toBe(1);
  });

  it('does not begin again after the subscription has ended during an attempt', async () => {
    const { when, emit, clock, errors, settled } = make();
    let tries = 0;
    let fail!: (error: Error) => void;
    const subscription = when(
      'a',
      () => {
        tries++;
        return new Promise((_, reject) => (fail = reject));
      },
      { retry: 3 },
    );
    emit('a');
    subscription.unsubscribe();
    fail(new Error('failed'));
    await settled();
    expect([tries, errors.map(String), clock.pending]).toEqual([1, ['Error: failed'], 0]);
  });

  it('reports a mistake in `when`, and counts it as no', async () => {
    const { when, emit, errors } = make();
    when(
      'a',
      () => {
        throw new Error('failure');
      },
      {
        retry: {
          attempts: 3,
          when: () => {
            throw new Error('mistake');
          },
        },
      },
    );
    emit('a');
    expect(errors.map(String)).toEqual(['Error: mistake', 'Error: failure']);
  });

  it('takes its jitter from `random`', async () => {
    const { when, emit, clock } = make({ random: () => 0.5 });
    const at: number[] = [];
    when(
      'a',
      () => {
        at.push(clock.now());
        throw new Error('failed');
      },
      { retry: { attempts: 2, delay: 100, jitter: 'full' } },
    );
    emit('a');
    await clock.flush();
    expect(at).toEqual([0, 50]);
  });
});

describe('timeout', () => {
  it('fails a promise that takes longer, frees its place, and does not hear it any more', async () => {
    const { when, emit, clock, errors } = make();
    const late: (() => void)[] = [];
    const seen: number[] = [];
    when(
      'a',
      async (n: number) => {
        seen.push(n);
        await new Promise<void>((_, reject) =>
          late.push(() => {
            reject(new Error('late'));
          }),
        );
      },
      { concurrency: 1, timeout: 10 },
    );
    emit('a', 1);
    emit('a', 2);
    await clock.advance(9);
    expect([seen, errors]).toEqual([[1], []]);
    await clock.advance(1);
    expect(seen).toEqual([1, 2]);
    late[0]!();
    await clock.advance(9);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(CallTimeoutError);
    expect(errors[0]).toMatchObject({
      details: { timeout: 10, event: 'a', attempt: 1 },
      hint: expect.stringContaining('goes on'),
    });
    await clock.advance(1);
    expect(errors).toHaveLength(2);
  });

  it('unsubscribes a stream', async () => {
    const { when, emit, clock, errors } = make();
    let stopped = 0;
    when('a', () => new Observable(() => () => stopped++), { timeout: '1s' });
    emit('a');
    await clock.advance('1s');
    expect([stopped, errors.length, clock.pending]).toEqual([1, 1, 0]);
    expect(errors[0]).toMatchObject({ hint: undefined });
  });

  it('is one of each attempt, and leaves no timer behind', async () => {
    const { when, emit, clock, errors, settled } = make();
    const at: number[] = [];
    when(
      'a',
      () => {
        at.push(clock.now());
        return at.length < 3 ? NEVER : Promise.resolve();
      },
      { timeout: 10, retry: { attempts: 3, delay: 5, factor: 1 } },
    );
    emit('a');
    await clock.advance(30);
    await settled();
    expect([at, errors.length, clock.pending]).toEqual([[0, 15, 30], 0, 0]);
  });
});

describe('once', () => {
  it('takes one event, also while its work goes on, and closes when that is done', async () => {
    const { when, emit, settled } = make();
    const gate = new Subject<void>();
    const seen: number[] = [];
    const subscription = when(
      'a',
      (n: number) => {
        seen.push(n);
        emit('a', n + 1);
        return gate;
      },
      { once: true },
    );
    emit('a', 1);
    emit('a', 10);
    expect([seen, subscription.closed]).toEqual([[1], false]);
    gate.complete();
    await settled();
    emit('a', 20);
    expect([seen, subscription.closed]).toEqual([[1], true]);
  });

  it.each([{ concurrency: 2 }, { concurrency: Infinity }, { concurrency: 1, maxQueue: 1 }])(
    'refuses %o, which would do nothing',
    (options) => {
      const { when } = make();
      expect(() => when('a', () => {}, { once: true, ...options })).toThrow(ConfigError);
      expect(() => when('a', () => {}, { once: true, ...options })).toThrow("when('a').once takes one event");
      when('a', () => {}, { once: false, ...options });
      when('a', () => {}, { once: true, concurrency: 1 });
    },
  );

  it('still tries that one again', async () => {
    const { when, emit, clock, errors } = make();
    let tries = 0;
    when(
      'a',
      () => {
        if (++tries < 3) throw new Error('not yet');
      },
      { once: true, retry: { attempts: 3, delay: 1 } },
    );
    emit('a');
    await clock.flush();
    emit('a');
    expect([tries, errors.length]).toEqual([3, 0]);
  });
});

describe('the end of a subscription', () => {
  it('comes when the signal aborts, and leaves no listener behind', () => {
    const { when, emit } = make();
    const controller = new AbortController();
    let seen = 0;
    const kept = when('a', () => seen++, { signal: controller.signal });
    for (let i = 0; i < 100; i++) when('a', () => seen++, { signal: controller.signal }).unsubscribe();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    emit('a');
    controller.abort();
    emit('a');
    expect([seen, kept.closed, getEventListeners(controller.signal, 'abort').length]).toEqual([1, true, 0]);
    expect(when('a', () => seen++, { signal: controller.signal }).closed).toBe(true);
  });

  it('forgets what waits, stops streams, and lets promises finish', async () => {
    const { when, emit, settled, errors } = make();
    let stopped = 0;
    const started: number[] = [];
    const streams = when(
      'a',
      (n: number) => {
        started.push(n);
        return new Observable(() => () => stopped++);
      },
      { concurrency: 1 },
    );
    let reject!: (error: Error) => void;
    const promises = when('a', () => new Promise((_, no) => (reject = no)), { concurrency: 1 });
    emit('a', 1);
    emit('a', 2);
    streams.unsubscribe();
    promises.unsubscribe();
    expect([started, stopped]).toEqual([[1], 1]);
    let idle = false;
    const done = settled().then(() => (idle = true));
    await Promise.resolve();
    expect(idle).toBe(false);
    reject(new Error('heard all the same'));
    await done;
    expect(errors.map(String)).toEqual(['Error: heard all the same']);
  });

  it('reports a teardown that throws, and frees the place', async () => {
    const { when, emit, clock, errors } = make();
    let starts = 0;
    when(
      'a',
      () => {
        starts++;
        return new Observable(() => () => {
          throw new Error('teardown');
        });
      },
      { concurrency: 1, timeout: 1 },
    );
    emit('a');
    emit('a');
    await clock.advance(1);
    expect(starts).toBe(2);
    expect(errors.some((error) => String(error).includes('teardown'))).toBe(true);
  });

  it('can be had with `using`', () => {
    const { when, emit } = make();
    let seen = 0;
    {
      using subscription = when('a', () => seen++);
      emit('a');
      expect(subscription.closed).toBe(false);
    }
    emit('a');
    expect(seen).toBe(1);
  });
});

describe('bad options', () => {
  it.each([
    [{ concurency: 1 }, "when('a') has no option 'concurency'"],
    [{ concurrency: 0 }, 'concurrency must be a positive integer'],
    [{ concurrency: 1.5 }, 'concurrency must be a positive integer'],
    [{ concurrency: 1, maxQueue: -1 }, 'maxQueue must be an integer from 0 up'],
    [{ maxQueue: 5 }, 'maxQueue does nothing without concurrency'],
    [{ concurrency: 1, overflow: 'drop-newest' }, 'overflow does nothing without maxQueue'],
    [{ concurrency: 1, maxQueue: 1, overflow: 'drop' }, "overflow must be one of 'drop-oldest'"],
    [{ retry: 0 }, 'retry.attempts must be a positive integer'],
    [{ retry: { attempts: 2, dely: 5 } }, "retry has no option 'dely'"],
    [{ timeout: 0 }, 'timeout must be a positive duration'],
    [{ timeout: 'soon' }, 'timeout must be a positive duration'],
    [{ once: 1 }, 'once must be true or false'],
    [{ signal: {} }, 'signal must be an AbortSignal'],
    [null, 'takes an object of options'],
  ])('%o', (options, message) => {
    const { when } = make();
    expect(() => when('a', () => {}, options as never)).toThrow(message);
    expect(() => when('a', () => {}, options as never)).toThrow(ConfigError);
  });

  it('a handler that is no function', () => {
    expect(() => make().when('a', {} as never)).toThrow(ConfigError);
  });
});
