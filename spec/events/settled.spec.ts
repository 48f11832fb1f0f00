import { describe, expect, it } from 'vitest';
import { firstValueFrom, lastValueFrom, NEVER, Observable, Subject, take, timer } from 'rxjs';
import {
  acquire,
  ClosedError,
  ConfigError,
  createCoordinator,
  detached,
  emit as bareEmit,
  enter,
  hold,
  run,
  settled as settledBare,
  SettledInsideError,
  within,
  type CloseOptions,
  type CoordinatorOptions,
} from 'rxbaton';
import { virtualTime } from 'rxbaton/testing';
import { currentKernel } from '../../lib/events/defaultCoordinator.ts';
import type { Work } from '../../lib/events/kernel.ts';
import { memoryBackend } from '../../lib/gates/memoryBackend.ts';

function make(options: CoordinatorOptions = {}) {
  const clock = virtualTime();
  const errors: unknown[] = [];
  const coordinator = createCoordinator({ clock, onError: (error) => errors.push(error), ...options });
  return { ...coordinator, coordinator, clock, errors };
}

/** Whether a promise has ended, asked as often as one likes. */
function watch(promise: Promise<unknown>): { readonly ended: boolean } {
  const state = { ended: false };
  const end = (): void => {
    state.ended = true;
  };
  promise.then(end, end);
  return state;
}

const jobs = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await null;
};

describe('settled', () => {
  it('resolves at once when nothing is under way', async () => {
    const { when, emit, settled } = make();
    when('a', () => {});
    emit('a');
    await settled();
  });

  it('waits for handlers, for what they have started, and for retries', async () => {
    const { when, emit, settled, clock } = make();
    const gate = new Subject<void>();
    let tries = 0;
    when('a', async () => {
      await Promise.resolve();
      emit('b');
    });
    when('b', () => gate);
    when(
      'b',
      () => {
        if (++tries < 2) throw new Error('again');
      },
      { retry: { attempts: 2, delay: 10 } },
    );
    emit('a');
    const state = watch(settled());
    await jobs();
    gate.complete();
    await jobs();
    expect(state.ended).toBe(false);
    await clock.advance(10);
    expect(state.ended).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('waits for the whole queue of a handler', async () => {
    const { when, emit, settled } = make();
    let done = 0;
    when(
      'a',
      async () => {
        await null;
        done++;
      },
      { concurrency: 1 },
    );
    for (let i = 0; i < 50; i++) emit('a');
    await settled();
    expect(done).toBe(50);
  });

  it('does not wait for bare subscriptions', async () => {
    const { when, emit, settled } = make();
    when('a').subscribe(() => {
      void new Promise(() => {});
    });
    emit('a');
    await settled();
  });

  it('waits for work that begins while it wakes up', async () => {
    const { coordinator, settled } = make();
    const kernel = within(coordinator, currentKernel);
    const work = (name: string): Work => ({ name, abort: () => {}, before: null, after: null });
    const [one, two] = [work('one'), work('two')];
    kernel.begin(one);
    const state = watch(settled());
    kernel.end(one);
    kernel.begin(two);
    await jobs();
    expect(state.ended).toBe(false);
    kernel.end(two);
    kernel.end(two);
    await jobs();
    expect(state.ended).toBe(true);
  });

  it('waits for the backend, and for what began meanwhile', async () => {
    const written = new Subject<void>();
    let asked = 0;
    const backend = {
      ...memoryBackend(),
      settled: () =>
        asked++ === 0 ? new Promise<void>((resolve) => written.subscribe({ complete: resolve })) : undefined,
    };
    const { when, emit, settled } = make({ backend });
    const gate = new Subject<void>();
    when('a', () => gate);
    const state = watch(settled());
    await jobs();
    emit('a');
    written.complete();
    await jobs();
    expect(state.ended).toBe(false);
    gate.complete();
    await jobs();
    expect([state.ended, asked]).toEqual([true, 2]);
  });

  it('rejects inside a handler, saying why, wherever that has awaited', async () => {
    const { when, emit, settled } = make();
    const errors: unknown[] = [];
    when('a', async () => {
      await settled().catch((error: unknown) => errors.push(error));
      await null;
      await settled().catch((error: unknown) => errors.push(error));
    });
    emit('a');
    await settled();
    expect(errors).toEqual([expect.any(SettledInsideError), expect.any(SettledInsideError)]);
    expect(String(errors[0])).toContain('which it would wait for');
  });

  it("rejects inside a handler with context: 'off' too, as far as that is known", async () => {
    const { when, emit, settled } = make({ context: 'off' });
    let error: unknown;
    when('a', () => settled().catch((reason: unknown) => (error = reason)));
    emit('a');
    await settled();
    expect(error).toBeInstanceOf(SettledInsideError);
  });

  it('is allowed in what a handler has detached', async () => {
    const { when, emit, settled } = make();
    let waited: unknown;
    when('a', () => {
      void detached(async () => {
        waited = await settled().then(() => 'fine', String);
      });
    });
    emit('a');
    await jobs();
    expect(waited).toBe('fine');
  });

  it('is allowed in what a handler has left behind, once the handlers of its event have ended', async () => {
    const { coordinator, when, emit, coordinate, clock, settled } = make();
    const [slow, retried] = [new Subject<void>(), new Subject<void>()];
    const said: string[] = [];
    let tries = 0;
    const later = (what: string, ms: number): void => {
      timer(ms, clock).subscribe(() => {
        void settled().then(
          () => said.push(`${what} at ${ms}`),
          (error: unknown) => said.push(`${what} at ${ms}: ${(error as Error).name}`),
        );
      });
    };
    when('sync', () => {
      later('sync', 1);
    });
    when('promise', async () => {
      later('promise', 1);
      await null;
    });
    when('stream', () => {
      later('stream', 1);
      later('stream', 3);
      return slow;
    });
    when(
      'tried',
      () => {
        later(`try ${++tries}`, 4);
        return tries < 2 ? Promise.reject(new Error('again')) : retried;
      },
      { retry: { attempts: 2, delay: 4 } },
    );
    emit('sync');
    emit('promise');
    await clock.advance(1);
    expect(said).toEqual(['sync at 1', 'promise at 1']);
    emit('stream');
    await clock.advance(2);
    expect(said.splice(0)).toEqual(['sync at 1', 'promise at 1', 'stream at 1: SettledInsideError']);
    slow.complete();
    await clock.advance(1);
    expect(said.splice(0)).toEqual(['stream at 3']);
    // The first attempt is over while the second one waits, and is waited for.
    emit('tried');
    await clock.advance(8);
    expect(said.splice(0)).toEqual(['try 2 at 4: SettledInsideError']);
    retried.complete();
    await jobs();
    expect(said).toEqual(['try 1 at 4']);
    // What was left behind still knows where it comes from.
    const causes: (string | undefined)[] = [];
    when('out', (_data, { causationId }) => causes.push(causationId));
    const agent = coordinate('agent', () => bareEmit('out'));
    when('in', () => {
      timer(1, clock).subscribe(() => void run('db', () => bareEmit('out')));
      timer(1, clock).subscribe(() => void agent());
    });
    const cause = emit('in');
    await clock.advance(1);
    await coordinator.settled();
    expect(causes).toEqual([cause, cause]);
  });

  it('takes no arguments', async () => {
    const { coordinator } = make();
    for (const settled of [coordinator.settled, settledBare] as ((options?: object) => Promise<void>)[]) {
      await expect(settled({ timeout: 5 })).rejects.toThrow(ConfigError);
      await expect(settled({})).rejects.toThrow('settled() takes no options');
      await settled(undefined);
    }
  });

  it('is allowed in what a call has left behind, once it has ended', async () => {
    const { coordinate, settled } = make();
    let waited: unknown;
    const agent = coordinate('agent', async () => {
      void jobs()
        .then(settled)
        .then(
          () => (waited = 'fine'),
          (error: unknown) => (waited = error),
        );
    });
    await agent();
    await jobs();
    await jobs();
    expect(waited).toBe('fine');
  });

  it('is allowed in a handler of another coordinator', async () => {
    const [one, two] = [make(), make()];
    let waited = false;
    one.when('a', async () => {
      await two.settled();
      waited = true;
    });
    one.emit('a');
    await one.settled();
    expect(waited).toBe(true);
  });
});

describe('close', () => {
  it('refuses what comes from outside, and lets what is under way come to its end', async () => {
    const { when, emit, close, coordinator } = make();
    const log: string[] = [];
    when(
      'a',
      async (n: number) => {
        log.push(`a${n}`);
        await null;
        emit('b', n);
      },
      { concurrency: 1 },
    );
    when('b', async (n: number) => {
      await null;
      log.push(`b${n}`);
    });
    emit('a', 1);
    emit('a', 2);
    const closing = close();
    expect(() => emit('a', 3)).toThrow(ClosedError);
    expect(() => emit('a', 3)).toThrow("emit('a') came after close()");
    expect(() => when('a', () => {})).toThrow(ClosedError);
    const error: unknown[] = [];
    when('a').subscribe({ error: (reason: unknown) => error.push(reason) });
    expect(error).toEqual([expect.any(ClosedError)]);
    expect(await closing).toEqual({ aborted: [], dropped: 0 });
    expect([...log].sort()).toEqual(['a1', 'a2', 'b1', 'b2']);
    expect(await coordinator.close({ deadline: 5 })).toBe(await closing);
  });

  it('ends every subscription: streams complete', async () => {
    const { when, close } = make();
    let completed = false;
    when('a').subscribe({ complete: () => (completed = true) });
    const handler = when('a', () => {});
    await close();
    expect([completed, handler.closed]).toEqual([true, true]);
  });

  it('aborts what is not done at the deadline, drops what waits, and says both', async () => {
    const { when, emit, close, clock, errors } = make();
    let stopped = 0;
    when(
      'a',
      function stream() {
        return new Observable(() => () => stopped++);
      },
      { concurrency: 1 },
    );
    when('a', function promise() {
      return new Promise(() => {});
    });
    when(
      'b',
      function retrying() {
        throw new Error('failed');
      },
      { retry: { attempts: 9, delay: '1m' } },
    );
    for (let i = 0; i < 5; i++) emit('a');
    emit('b');
    const closing = close({ deadline: '1s' });
    const state = watch(closing);
    await clock.advance(999);
    expect([state.ended, stopped]).toEqual([false, 0]);
    await clock.advance(1);
    expect(await closing).toEqual({
      aborted: ['stream', ...Array.from({ length: 5 }, () => 'promise'), 'retrying'],
      dropped: 4,
    });
    expect([stopped, clock.pending]).toEqual([1, 0]);
    expect(errors.map(String)).toEqual(['Error: failed']);
  });

  it('starts nothing at the deadline that waited for a gate of what it aborts', async () => {
    const { when, close, coordinate, clock } = make();
    const heard: string[] = [];
    when('*', (_data, { name }) => heard.push(name));
    const calls = ['holder', 'waiter', 'another'].map((name) =>
      coordinate(name, { lock: 'db' }, () => new Promise<void>(() => {}))().catch((error: unknown) => error),
    );
    const closing = close({ deadline: '1s' });
    await clock.advance('1s');
    expect((await closing).aborted).toEqual(['holder', 'waiter', 'another']);
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 3 }, () => expect.any(ClosedError)));
    expect(heard.filter((name) => !name.startsWith('holder'))).toEqual(['waiter_cancelled', 'another_cancelled']);
  });

  it.each<[string, CloseOptions | undefined]>([
    ['without a deadline', undefined],
    ['with a later one', { deadline: '1h' }],
  ])('can be made more urgent after a call %s, and all calls share one outcome', async (_, options) => {
    const { when, emit, close, clock } = make();
    when('a', function endless() {
      return NEVER;
    });
    emit('a');
    const first = close(options);
    const ended = watch(first);
    await clock.advance(5);
    const second = close({ deadline: 10 });
    const third = close({ deadline: 1000 });
    await clock.advance(9);
    expect(ended.ended).toBe(false);
    await clock.advance(1);
    expect(ended.ended).toBe(true);
    expect(await first).toEqual({ aborted: ['endless'], dropped: 0 });
    expect([await second, await third, await close({ deadline: 0 })]).toEqual(Array(3).fill(await first));
    expect(clock.pending).toBe(0);
  });

  it('can be called by a timer that a handler has left behind, and says which deadline was over', async () => {
    const { when, emit, coordinate, clock, close } = make();
    const agent = coordinate('agent', () => NEVER);
    const result = agent().catch(String);
    let report: unknown;
    when('stop', () => {
      timer(1, clock).subscribe(() => {
        void close();
        void close({ deadline: 0 }).then((said) => (report = said));
      });
    });
    emit('stop');
    await clock.advance(1);
    expect(report).toEqual({ aborted: ['agent'], dropped: 0 });
    expect(await result).toContain('0 ms');
  });

  it('passes a shorter deadline on to a backend that is closing, until it has closed', async () => {
    const deadlines: unknown[] = [];
    const written = new Subject<void>();
    const backend = {
      ...memoryBackend(),
      close: (options?: { deadline?: number }) => {
        deadlines.push(options?.deadline);
        if (options?.deadline === 7) return Promise.reject(new Error('twice'));
        return new Promise<void>((resolve) => written.subscribe({ complete: resolve }));
      },
    };
    const { close, errors } = make({ backend });
    const closing = close();
    await jobs();
    void close({ deadline: 10 });
    void close({ deadline: 20 });
    void close({ deadline: 7 });
    written.complete();
    await closing;
    await close({ deadline: 0 });
    expect(deadlines).toEqual([undefined, 10, 7]);
    expect(errors.map(String)).toEqual(['Error: twice']);
  });

  it('with deadline 0 aborts at once', async () => {
    const { when, emit, close } = make();
    when('a', function endless() {
      return new Promise(() => {});
    });
    emit('a');
    expect(await close({ deadline: 0 })).toEqual({ aborted: ['endless'], dropped: 0 });
  });

  it('after the deadline takes no more from the work that it has aborted', async () => {
    const { when, emit, close } = make();
    let go!: () => void;
    let late: unknown;
    const ended = new Promise<void>((resolve) => {
      when('a', async () => {
        await new Promise<void>((release) => (go = release));
        try {
          emit('b');
        } catch (error) {
          late = error;
        }
        resolve();
      });
    });
    emit('a');
    await close({ deadline: 0 });
    go();
    await ended;
    expect(late).toBeInstanceOf(ClosedError);
  });

  it('closes the backend, with what is left of the deadline', async () => {
    const closed: unknown[] = [];
    const backend = {
      ...memoryBackend(),
      close: async (options?: object) => {
        closed.push(options);
      },
    };
    const { when, emit, close, clock } = make({ backend });
    const gate = new Subject<void>();
    when('a', () => gate);
    emit('a');
    const closing = close({ deadline: 100 });
    await clock.advance(30);
    gate.complete();
    await closing;
    expect(closed).toEqual([{ deadline: 70 }]);
    await make({ backend }).close();
    expect(closed[1]).toEqual({});
  });

  it('waits for no bare run, hold or enter, which keep their gates and can take others', async () => {
    const { coordinator, settled, close } = make();
    const work = new Subject<string>();
    await within(coordinator, async () => {
      const ended = run('db', () => firstValueFrom(work));
      const held = lastValueFrom(hold(acquire('files'), () => work.pipe(take(1))));
      const entered = await enter('room');
      await settled();
      await close();
      work.next('done');
      expect(await Promise.all([ended, held])).toEqual(['done', 'done']);
      entered.release();
      expect(await run('room', () => 'again')).toBe('again');
    });
  });

  it('tells the logger', async () => {
    const lines: unknown[][] = [];
    const log = (level: string) => (facts: object, message: string) => lines.push([level, facts, message]);
    const logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
    await make({ logger }).close();
    const { when, emit, close } = make({ logger });
    when('a', function endless() {
      return NEVER;
    });
    emit('a');
    await close({ deadline: 0 });
    expect(lines.map(([level]) => level)).toEqual(['info', 'warn']);
  });

  it('rejects inside a handler, and closes nothing', async () => {
    const { when, emit, close, settled } = make();
    let error: unknown;
    when('a', () => close().catch((reason: unknown) => (error = reason)));
    emit('a');
    await settled();
    expect(error).toBeInstanceOf(SettledInsideError);
    emit('a');
  });

  it('is what `await using` does', async () => {
    let stopped = false;
    const outer = make();
    {
      await using coordinator = outer.coordinator;
      coordinator.when('a').subscribe({ complete: () => (stopped = true) });
    }
    expect(stopped).toBe(true);
    expect(() => outer.emit('a')).toThrow(ClosedError);
  });

  it('has no other options', async () => {
    const { close, emit } = make();
    await expect(close({ dedline: 1 } as never)).rejects.toThrow("close() has no option 'dedline'");
    await expect(close({ deadline: -1 })).rejects.toThrow(ConfigError);
    emit('a');
  });
});
