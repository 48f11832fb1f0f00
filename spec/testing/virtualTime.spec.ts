import { concatMap, debounceTime, delay, from, interval, map, of, Subject, take, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../lib/errors.ts';
import { currentFrame, runIn, type Frame } from '../../lib/internal/context.ts';
import { drainJobs } from '../../lib/testing/drainJobs.ts';
import { virtualTime } from '../../lib/testing/virtualTime.ts';

describe('virtualTime', () => {
  it('runs what falls due, in order of due time and of arming among equals', async () => {
    const clock = virtualTime();
    const log: string[] = [];
    for (const [name, after] of [
      ['c', 5],
      ['a', 1],
      ['d', 5],
      ['b', 3],
      ['late', 11],
    ] as const) {
      clock.schedule(() => log.push(`${name}@${clock.now()}`), after);
    }
    await clock.advance(10);
    expect(log).toEqual(['a@1', 'b@3', 'c@5', 'd@5']);
    expect(clock.now()).toBe(10);
    expect(clock.pending).toBe(1);
  });

  it('runs all promise jobs before, between and after timers, however long the chain', async () => {
    const clock = virtualTime();
    const log: string[] = [];
    const chain = async (name: string) => {
      for (let i = 0; i < 1_000; i++) await Promise.resolve();
      log.push(name);
    };
    void chain('before').then(() => clock.schedule(() => log.push('armed by a job'), 1));
    clock.schedule(() => void chain('between'), 2);
    clock.schedule(() => log.push('second'), 2);
    clock.schedule(() => void chain('after'), 3);
    await clock.advance(3);
    expect(log).toEqual(['before', 'armed by a job', 'between', 'second', 'after']);
  });

  it('lets jobs of a timer arm timers that are still due', async () => {
    const clock = virtualTime();
    const seen: number[] = [];
    from([1, 2, 3])
      .pipe(
        concatMap(async (n) => n),
        concatMap((n) => timer(10, clock).pipe(map(() => n))),
      )
      .subscribe(() => seen.push(clock.now()));
    await clock.advance('30ms');
    expect(seen).toEqual([10, 20, 30]);
  });

  it('carries the operators of RxJS', async () => {
    const clock = virtualTime();
    const seen: [string, number][] = [];
    const note = (name: string) => () => seen.push([name, clock.now()]);
    interval(4, clock)
      .pipe(take(3))
      .subscribe({ next: note('interval'), complete: note('over') });
    of(0).pipe(delay(9, clock)).subscribe(note('delay'));
    const keys = new Subject<number>();
    keys.pipe(debounceTime(5, clock)).subscribe(note('debounced'));
    keys.next(1);
    await clock.advance(3);
    keys.next(2);
    await clock.advance(20);
    expect(seen).toEqual([
      ['interval', 4],
      ['interval', 8],
      ['debounced', 8],
      ['delay', 9],
      ['interval', 12],
      ['over', 12],
    ]);
    expect(clock.pending).toBe(0);
  });

  it('rearms, replaces and cancels like a scheduler of RxJS', async () => {
    const clock = virtualTime();
    const seen: unknown[] = [];
    clock.schedule<number>(
      function (n) {
        seen.push([n, clock.now()]);
        if (n < 3) this.schedule(n + 1, 2);
      },
      1,
      0,
    );
    const gone = clock.schedule(() => seen.push('never'), 2);
    clock.schedule(() => {
      gone.unsubscribe();
    }, 1);
    const twice = clock.schedule<string>(
      function (word) {
        seen.push([word, clock.now()]);
      },
      4,
      'replaced',
    ) as ReturnType<typeof clock.schedule> & { schedule(state: string, delay: number): void };
    twice.schedule('moved', 6);
    await clock.advance(100);
    expect(seen).toEqual([
      [0, 1],
      [1, 3],
      [2, 5],
      ['moved', 6],
      [3, 7],
    ]);
    expect(clock.pending).toBe(0);
  });

  it('flush runs to the last timer, passes by those that are never due, and tells of an endless one', async () => {
    const clock = virtualTime();
    const seen: number[] = [];
    clock.schedule(() => {
      seen.push(clock.now());
      clock.schedule(() => seen.push(clock.now()), 1e12);
    }, 1e6);
    const never = clock.schedule(() => seen.push(-1), Infinity);
    await clock.flush();
    expect(seen).toEqual([1e6, 1e6 + 1e12]);
    expect(clock.now()).toBe(1e6 + 1e12);
    await clock.advance(1e300);
    expect(seen).toHaveLength(2);
    never.unsubscribe();
    expect(clock.pending).toBe(0);
  });

  it('flush gives up on timers that rearm for ever', async () => {
    const clock = virtualTime();
    clock.schedule(function () {
      this.schedule(undefined, 1);
    }, 1);
    await expect(clock.flush()).rejects.toThrow('keep rearming');
  });

  it('gives up on timers that rearm without time passing', async () => {
    const clock = virtualTime();
    clock.schedule(function () {
      this.schedule(undefined, 0);
    });
    await expect(clock.advance(5)).rejects.toThrow('no time passes');
  });

  it('rejects with what a timer throws, and can go on', async () => {
    const clock = virtualTime();
    const seen: number[] = [];
    clock.schedule(() => {
      throw new Error('boom');
    }, 1);
    clock.schedule(() => seen.push(clock.now()), 2);
    await expect(clock.advance(5)).rejects.toThrow('boom');
    expect(clock.now()).toBe(1);
    await clock.advance(4);
    expect(seen).toEqual([2]);
    expect(clock.now()).toBe(5);
  });

  it('refuses two advances at once', async () => {
    const clock = virtualTime();
    const first = clock.advance(1);
    await expect(clock.advance(1)).rejects.toThrow('advancing already');
    await first;
  });

  it('has a calendar that starts at the epoch it is given', async () => {
    const clock = virtualTime({ epoch: Date.UTC(2030, 0, 1) });
    await clock.advance('1h');
    expect(new Date(clock.wall()).toISOString()).toBe('2030-01-01T01:00:00.000Z');
    expect(clock.now()).toBe(3_600_000);
    expect(virtualTime().wall()).toBe(0);
  });

  it('runs a timer in the causal context that armed it', async () => {
    const clock = virtualTime();
    const frame: Frame = {
      parent: null,
      coordinator: null,
      cause: null,
      call: null,
      root: true,
      ticket: null,
      over: false,
    };
    const seen: (Frame | null)[] = [];
    runIn(frame, () => clock.schedule(() => seen.push(currentFrame()), 1), undefined);
    clock.schedule(() => seen.push(currentFrame()), 1);
    await clock.advance(1);
    expect(seen).toEqual([frame, null]);
  });

  it('refuses options that it does not know, an epoch that is no number, and a negative advance', async () => {
    expect(() => virtualTime({ start: 5 } as never)).toThrow(ConfigError);
    expect(() => virtualTime({ epoch: NaN })).toThrow(ConfigError);
    await expect(virtualTime().advance(-1)).rejects.toThrow(ConfigError);
  });
});

describe('drainJobs', () => {
  it('resolves after every promise job that was queued before it, and those that they queue', async () => {
    let steps = 0;
    void (async () => {
      while (steps < 5_000) {
        await Promise.resolve();
        steps++;
      }
    })();
    await drainJobs();
    expect(steps).toBe(5_000);
  });
});
