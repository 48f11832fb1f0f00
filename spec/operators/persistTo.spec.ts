import fc from 'fast-check';
import {
  EMPTY,
  firstValueFrom,
  from,
  map,
  mergeMap,
  NEVER,
  Observable,
  of,
  range,
  Subject,
  take,
  throwError,
  toArray,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  ClosedError,
  CodecError,
  ConfigError,
  createCoordinator,
  LogUnavailableError,
  memoryLog,
  OverflowError,
  within,
  type Coordinator,
  type EventLog,
  type Receipt,
} from 'rxbaton';
import { persistTo, type PersistToOptions } from 'rxbaton/operators';
import { virtualTime } from 'rxbaton/testing';
import { currentFrame } from '../../lib/internal/context.ts';
import { brokenLog } from '../support/brokenLog.ts';
import { deferred } from '../support/deferred.ts';
import { runs } from '../support/runs.ts';
import { unhandledErrors } from '../support/unhandled.ts';

const stream = 's';
const unhandled = unhandledErrors();

const there = async (log: EventLog): Promise<unknown[]> =>
  (await firstValueFrom(log.read(stream).pipe(toArray()))).map(({ event }) => event);

/** What a consumer saw, and the end of it. */
function watch<T>(source: Observable<T>) {
  const seen: unknown[] = [];
  const over = deferred();
  const subscription = source.subscribe({
    next: (value) => seen.push(value),
    error: (error: unknown) => {
      seen.push(error);
      over.resolve();
    },
    complete: () => {
      seen.push('|');
      over.resolve();
    },
  });
  return { seen, subscription, over: over.promise };
}

/** A log whose appends wait until the test lets them go. */
function slowLog() {
  const log = brokenLog(memoryLog());
  const waiting: (() => void)[] = [];
  log.next = async (append) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return append();
  };
  return { log, letGo: () => waiting.shift()?.() };
}

const turn = (): Promise<void> => new Promise(setImmediate);

it('passes on what is in the log, in order, and completes behind it', async () => {
  const log = memoryLog();
  const values = [1, 'b', { at: new Date(3) }, undefined, null];
  const { seen, over } = watch(from(values).pipe(persistTo(log, { stream })));
  expect(seen).toEqual([]);
  await over;
  expect(seen).toEqual([...values, '|']);
  expect(await there(log)).toEqual(values);
});

it('passes the very value on, and keeps what it was when it came', async () => {
  const { log, letGo } = slowLog();
  const source = new Subject<{ n: number }>();
  const { seen } = watch(source.pipe(persistTo(log, { stream })));
  const value = { n: 1 };
  source.next(value);
  value.n = 2;
  await turn();
  expect(seen).toEqual([]);
  letGo();
  await turn();
  expect(seen[0]).toBe(value);
  expect(await there(log)).toEqual([{ n: 1 }]);
});

it('one commit at a time: what comes meanwhile makes up the next', async () => {
  const { log, letGo } = slowLog();
  const source = new Subject<number>();
  const { seen } = watch(source.pipe(persistTo(log, { stream })));
  source.next(1);
  source.next(2);
  await turn();
  source.next(3);
  await turn();
  source.next(4);
  source.complete();
  expect(log.appends.map(({ events }) => events)).toEqual([2]);
  letGo();
  await turn();
  expect(seen).toEqual([1, 2]);
  expect(log.appends.map(({ events }) => events)).toEqual([2, 2]);
  letGo();
  await turn();
  expect(seen).toEqual([1, 2, 3, 4, '|']);
});

it('any values, in any rhythm: the same in the log and at the consumer', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.anything({ withDate: true, withMap: true }), { maxLength: 5 })),
      async (turns) => {
        const log = memoryLog();
        const source = new Subject<unknown>();
        const { seen, over } = watch(source.pipe(persistTo(log, { stream })));
        for (const values of turns) {
          for (const value of values) source.next(value);
          await Promise.resolve();
        }
        source.complete();
        await over;
        expect(seen).toEqual([...turns.flat(), '|']);
        expect(await there(log)).toEqual(turns.flat());
      },
    ),
    { numRuns: runs(100) },
  );
});

describe('ends', () => {
  it('at once with a source that has no values', async () => {
    expect(watch(EMPTY.pipe(persistTo(memoryLog(), { stream }))).seen).toEqual(['|']);
    expect(watch(throwError(() => 'x').pipe(persistTo(memoryLog(), { stream }))).seen).toEqual(['x']);
    const { seen, subscription } = watch(NEVER.pipe(persistTo(memoryLog(), { stream })));
    subscription.unsubscribe();
    expect(seen).toEqual([]);
  });

  it('with an error of the source at once; what was not under way is dropped', async () => {
    const { log, letGo } = slowLog();
    const source = new Subject<number>();
    const { seen } = watch(source.pipe(persistTo(log, { stream })));
    source.next(1);
    await turn();
    source.next(2);
    source.error('broken');
    expect(seen).toEqual(['broken']);
    letGo();
    await turn();
    expect(await there(log)).toEqual([1]);
    expect(seen).toEqual(['broken']);
  });

  it('with a value that cannot be written, whose path it names', async () => {
    const source = new Subject<unknown>();
    let torn = 0;
    const { seen } = watch(
      new Observable((subscriber) => {
        source.subscribe(subscriber);
        return () => torn++;
      }).pipe(persistTo(memoryLog(), { stream })),
    );
    source.next({ items: [() => 1] });
    expect(seen[0]).toBeInstanceOf(CodecError);
    expect((seen[0] as CodecError).details['path']).toBe('value.items[0]');
    expect(torn).toBe(1);
  });

  it('with a log that does not take them, also when the source is over', async () => {
    const log = brokenLog(memoryLog());
    log.next = () => Promise.reject(new RangeError('no'));
    const { seen, over } = watch(of(1, 2).pipe(persistTo(log, { stream })));
    await over;
    expect(seen).toEqual([new RangeError('no')]);
  });

  it('with the promise of a log that is broken', async () => {
    const { seen, over } = watch(of(1).pipe(persistTo(Promise.reject(new RangeError('no')), { stream })));
    await over;
    expect(seen).toEqual([new RangeError('no')]);
  });

  it('when it is unsubscribed: what waits is dropped, what is under way arrives', async () => {
    const { log, letGo } = slowLog();
    const source = new Subject<number>();
    const { seen, subscription } = watch(source.pipe(persistTo(log, { stream })));
    source.next(1);
    await turn();
    source.next(2);
    subscription.unsubscribe();
    expect(source.observed).toBe(false);
    letGo();
    await turn();
    expect([seen, await there(log)]).toEqual([[], [1]]);
  });

  it('in the middle of a batch, where its consumer has enough', async () => {
    const log = memoryLog();
    const { seen, over } = watch(of(1, 2, 3, 4).pipe(persistTo(log, { stream }), take(2)));
    await over;
    expect(seen).toEqual([1, 2, '|']);
    expect(await there(log)).toEqual([1, 2, 3, 4]);
  });

  it('in the middle of a batch, where its consumer unsubscribes', async () => {
    const log = memoryLog();
    const seen: number[] = [];
    const over = deferred();
    const subscription = of(1, 2, 3)
      .pipe(persistTo(log, { stream }))
      .subscribe((value) => {
        seen.push(value);
        subscription.unsubscribe();
        over.resolve();
      });
    await over.promise;
    await turn();
    expect(seen).toEqual([1]);
  });

  it('a firehose stops where nobody wants more', async () => {
    const sent: number[] = [];
    const firehose = new Observable<number>((subscriber) => {
      for (let i = 0; !subscriber.closed && i < 100; i++) {
        sent.push(i);
        subscriber.next(i);
      }
    });
    const { seen } = watch(firehose.pipe(persistTo(memoryLog(), { stream, maxBuffer: 3 })));
    expect(sent).toEqual([0, 1, 2, 3]);
    expect(seen).toEqual([expect.any(OverflowError)]);
  });

  it('a teardown of the source that throws is reported', async () => {
    const source = new Observable<number>(() => () => {
      throw new Error('teardown');
    });
    expect(() => source.pipe(persistTo(memoryLog(), { stream })).subscribe().unsubscribe()).toThrow(/teardown/);
  });
});

describe('a consumer', () => {
  it('that causes values gets them behind those that are there', async () => {
    const source = new Subject<number>();
    const seen: unknown[] = [];
    const over = deferred();
    source.pipe(persistTo(memoryLog(), { stream })).subscribe({
      next: (value) => {
        seen.push(value);
        if (value < 3) {
          source.next(value + 2);
          seen.push(`${value} left`);
        }
        if (value === 4) source.complete();
      },
      complete: over.resolve,
    });
    source.next(1);
    source.next(2);
    await over.promise;
    expect(seen).toEqual([1, '1 left', 2, '2 left', 3, 4]);
  });

  it('that throws is reported and gets the rest', async () => {
    const seen: number[] = [];
    const over = deferred();
    of(1, 2)
      .pipe(persistTo(memoryLog(), { stream }))
      .subscribe({
        next: (value) => {
          seen.push(value);
          throw new Error('consumer');
        },
        complete: over.resolve,
      });
    await over.promise;
    // Behind the timers in which they are reported.
    await new Promise((resolve) => setTimeout(resolve));
    expect(seen).toEqual([1, 2]);
    expect(unhandled.map(String)).toEqual(['Error: consumer', 'Error: consumer']);
  });

  it('works as whoever subscribed, whosever value comes first', async () => {
    const coordinator = createCoordinator();
    const source = new Subject<number>();
    const frames: unknown[] = [];
    const { seen } = watch(
      source.pipe(
        persistTo(memoryLog(), { stream }),
        map(() => frames.push(currentFrame()?.coordinator ?? null)),
      ),
    );
    within(coordinator, () => {
      source.next(1);
    });
    await turn();
    expect([seen, frames]).toEqual([[1], [null]]);
  });

  it('is one of a chain that goes on', async () => {
    const { over, seen } = watch(
      range(1, 3).pipe(
        mergeMap((value) => of(value)),
        persistTo(memoryLog(), { stream }),
        mergeMap((value) => of(value, value)),
      ),
    );
    await over;
    expect(seen).toEqual([1, 1, 2, 2, 3, 3, '|']);
  });
});

describe('a full buffer', () => {
  const fill = async (options: Partial<PersistToOptions>) => {
    const { log, letGo } = slowLog();
    const source = new Subject<number>();
    const { seen } = watch(source.pipe(persistTo(log, { stream, maxBuffer: 2, ...options })));
    source.next(1);
    await turn();
    for (let i = 2; i <= 4; i++) source.next(i);
    source.complete();
    letGo();
    await turn();
    letGo();
    await turn();
    return { seen, kept: await there(log) };
  };

  it("'error' ends the stream; what is under way arrives", async () => {
    const { seen, kept } = await fill({});
    expect(seen).toEqual([expect.any(OverflowError)]);
    expect(kept).toEqual([1]);
  });

  it("'drop-newest' and 'drop-oldest' lose one in silence", async () => {
    expect(await fill({ overflow: 'drop-newest' })).toEqual({ seen: [1, 2, '|'], kept: [1, 2] });
    expect(await fill({ overflow: 'drop-oldest' })).toEqual({ seen: [1, 4, '|'], kept: [1, 4] });
  });

  it('is one of 10,000 by default', async () => {
    const { seen, over } = watch(range(1, 10_001).pipe(persistTo(memoryLog(), { stream })));
    await over;
    expect(seen).toEqual([expect.any(OverflowError)]);
  });
});

describe('its coordinator', () => {
  const inside = <R>(fn: (coordinator: Coordinator, clock: ReturnType<typeof virtualTime>) => R): R => {
    const clock = virtualTime();
    const coordinator: Coordinator = createCoordinator({ clock });
    return within(coordinator, () => fn(coordinator, clock));
  };

  it('times the retries, and settled waits', () =>
    inside(async ({ settled }, clock) => {
      const log = brokenLog(memoryLog());
      const steps = [1, 2];
      log.next = (append): Promise<Receipt> =>
        steps.pop() === undefined
          ? append()
          : Promise.reject(new LogUnavailableError('away', { details: { outcome: 'not-applied' } }));
      const { seen } = watch(of(1).pipe(persistTo(log, { stream, retry: { attempts: 3, delay: 100 } })));
      let done = false;
      const waiting = settled().then(() => (done = true));
      await clock.advance(299);
      expect([log.appends.length, done]).toEqual([2, false]);
      await clock.advance(1);
      await waiting;
      expect(seen).toEqual([1, '|']);
    }));

  it('close ends it at its deadline', () =>
    inside(async ({ close }) => {
      const { log } = slowLog();
      const { seen } = watch(of(1).pipe(persistTo(log, { stream })));
      await turn();
      expect((await close({ deadline: 0 })).aborted).toEqual(["persistTo('s')"]);
      expect(seen).toEqual([expect.any(ClosedError)]);
    }));

  it('settled does not wait for what was unsubscribed and is not under way', () =>
    inside(async ({ settled }) => {
      const { log } = slowLog();
      const { subscription } = watch(of(1).pipe(persistTo(log, { stream })));
      subscription.unsubscribe();
      await settled();
      expect(log.appends).toEqual([]);
    }));
});

it('the same value again is another value, also where the outcome is unknown', async () => {
  const clock = virtualTime();
  const log = brokenLog(memoryLog());
  const lost = (): Promise<never> => {
    log.next = (append) => append();
    return Promise.reject(new LogUnavailableError('away', { details: { outcome: 'unknown' } }));
  };
  // Of an earlier run.
  await log.append(stream, [1]);
  log.next = lost;
  const source = new Subject<number>();
  const { seen } = within(createCoordinator({ clock }), () => watch(source.pipe(persistTo(log, { stream }))));
  source.next(1);
  await clock.flush();
  log.next = lost;
  source.next(1);
  await clock.flush();
  expect([seen, await there(log)]).toEqual([
    [1, 1],
    [1, 1, 1],
  ]);
});

it('refuses a durability that the log does not have', () => {
  expect(() => persistTo(memoryLog(), { stream, durability: 'sync' })).toThrow(ConfigError);
});

it('carries what was asked for', async () => {
  const log = brokenLog(memoryLog());
  const { over } = watch(of(1).pipe(persistTo(log, { stream, durability: 'memory' })));
  await over;
  expect(log.appends).toEqual([{ stream, events: 1, options: { durability: 'memory' } }]);
});

it('waits for the promise of a log', async () => {
  const log = memoryLog();
  const open = deferred<EventLog>();
  const { seen, over } = watch(of(1).pipe(persistTo(open.promise, { stream })));
  await turn();
  expect(seen).toEqual([]);
  open.resolve(log);
  await over;
  expect(seen).toEqual([1, '|']);
});

it.each<[unknown, RegExp]>([
  [{}, /stream/],
  [undefined, /takes an object of options/],
  [{ stream: 's', colour: 1 }, /no option 'colour'/],
  [{ stream: 's', maxBuffer: 0 }, /maxBuffer/],
  [{ stream: 's', overflow: 'block' }, /overflow/],
  [{ stream: 's', durability: 'disk' }, /durability/],
  [{ stream: 's', retry: 0 }, /retry/],
])('refuses %j', (options, message) => {
  expect(() => persistTo(memoryLog(), options as never)).toThrow(message);
  expect(() => persistTo(memoryLog(), options as never)).toThrow(ConfigError);
});

it('refuses what is no log', () => {
  expect(() => persistTo({} as never, { stream })).toThrow(/persistTo\(\) needs a log/);
});
