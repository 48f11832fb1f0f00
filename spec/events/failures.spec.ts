import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { config, throwError } from 'rxjs';
import { createCoordinator, type CoordinatorOptions, type HandlerFailed } from 'rxbaton';
import { virtualTime } from 'rxbaton/testing';
import { errorData } from '../../lib/events/errorData.ts';

function make(options: CoordinatorOptions = {}) {
  const errors: string[] = [];
  const coordinator = createCoordinator({
    onError: (error, what) => errors.push(`${String(error)} | ${what}`),
    ...options,
  });
  return { ...coordinator, errors };
}

describe('a handler that fails', () => {
  it('harms nobody: everybody else gets the event, and every later one', async () => {
    const { when, emit, settled, errors } = make();
    const seen: number[] = [];
    when('a', () => {
      throw new Error('thrown');
    });
    when('a', (n: number) => seen.push(n));
    when('a', async () => {
      throw new Error('rejected');
    });
    when('a', () => throwError(() => new Error('stream')));
    when(
      (event) => {
        if (event.name === 'a') throw new Error('predicate');
        return false;
      },
      () => {},
    );
    when('a', (n: number) => seen.push(n));
    emit('a', 1);
    emit('a', 2);
    await settled();
    expect(seen).toEqual([1, 1, 2, 2]);
    expect(errors.map((error) => error.split(' |')[0])).toEqual([
      'Error: thrown',
      'Error: stream',
      'Error: predicate',
      'Error: thrown',
      'Error: stream',
      'Error: predicate',
      'Error: rejected',
      'Error: rejected',
    ]);
  });

  it('is what a predicate has that returns a promise: nothing is delivered for it', async () => {
    const { when, emit, settled, errors } = make();
    const seen: unknown[] = [];
    const promised = [async () => false, async () => true, () => Promise.reject(new Error('unheard'))];
    for (const predicate of promised as unknown as (() => boolean)[]) {
      when(predicate, (data) => seen.push(data));
      when(predicate).subscribe(({ data }) => seen.push(data));
    }
    when('a', () => seen.push('others'));
    emit('a', 1);
    await settled();
    expect(seen).toEqual(['others']);
    expect(errors).toHaveLength(6);
    for (const error of errors) expect(error).toMatch(/^ConfigError: when\(a predicate\) got a promise/);
  });

  it('handles the 100 good events after a poisonous one, each once', async () => {
    const clock = virtualTime();
    for (const options of [{}, { concurrency: 1 }, { concurrency: 1, retry: 2, timeout: '1s' }] as const) {
      const { when, emit, settled, errors } = make({ clock });
      const seen: number[] = [];
      when(
        'a',
        async (n: number) => {
          if (n < 0) throw new Error('poison');
          seen.push(n);
        },
        options,
      );
      emit('a', -1);
      for (let i = 0; i < 100; i++) emit('a', i);
      await clock.flush();
      await settled();
      expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i));
      expect(errors).toHaveLength(1);
    }
  });

  it('is an event of the library, with all that is known', async () => {
    const { when, emit, errors } = make();
    const failures: { data: HandlerFailed; causationId: string | undefined }[] = [];
    when('rxbaton.handler_failed', (data, { causationId }) => failures.push({ data, causationId }));
    when('order_*', function charge() {
      throw Object.assign(new Error('declined', { cause: new TypeError('no card') }), { code: 'E_CARD' });
    });
    const id = emit('order_1', { amount: 5 });
    expect(failures).toMatchObject([
      {
        causationId: id,
        data: {
          name: 'order_1',
          handler: 'charge',
          event: { id, data: { amount: 5 } },
          error: {
            name: 'Error',
            message: 'declined',
            code: 'E_CARD',
            stack: expect.stringContaining('declined'),
            cause: { name: 'TypeError', message: 'no card' },
          },
        },
      },
    ]);
    expect(errors).toEqual(["Error: declined | The handler charge failed on 'order_1'."]);
  });

  it('feeds no other: an alert on `*_failed` that throws is called once', () => {
    const { when, emit, errors } = make();
    let alerts = 0;
    when('*_failed', () => {
      alerts++;
      throw new Error('alert');
    });
    when(/_failed/, () => {
      alerts++;
      throw new Error('alert');
    });
    emit('researcher_failed');
    expect([alerts, errors.length]).toEqual([2, 2]);
  });

  it('goes to onError alone when it fails on an event of the library', () => {
    const { when, emit, errors } = make();
    let calls = 0;
    when('rxbaton.*', () => {
      calls++;
      throw new Error('watcher');
    });
    when('a', () => {
      throw new Error('handler');
    });
    emit('a');
    expect(calls).toBe(1);
    expect(errors.map((error) => error.split(' |')[0])).toEqual(['Error: handler', 'Error: watcher']);
  });
});

describe('errors that have no receiver', () => {
  /** What reaches RxJS's hook for unhandled errors while `work` runs. */
  async function unhandled(work: () => void): Promise<string[]> {
    vi.useFakeTimers();
    const seen: string[] = [];
    config.onUnhandledError = (error) => seen.push(String(error));
    try {
      work();
      await vi.runAllTimersAsync();
      return seen;
    } finally {
      config.onUnhandledError = null;
      vi.useRealTimers();
    }
  }
  const boom = (): never => {
    throw new Error('boom');
  };

  it('include what a handler passes on from an agent, unless somebody heard of it as `{name}_failed`', async () => {
    const chained = (listen: boolean): Promise<string[]> =>
      unhandled(() => {
        const { when, emit, coordinate } = createCoordinator();
        const analyse = coordinate('analyse', async () => boom());
        when('collected', () => analyse());
        if (listen) when('*_failed', () => undefined);
        emit('collected');
      });
    expect(await chained(false)).toEqual(['Error: boom']);
    expect(await chained(true)).toEqual([]);
  });

  it('go where RxJS sends them', async () => {
    expect(
      await unhandled(() => {
        const { when, emit } = createCoordinator();
        when('a', boom);
        emit('a');
      }),
    ).toEqual(['Error: boom']);
  });

  it('are received by onError, or by whoever listens for them', async () => {
    expect(
      await unhandled(() => {
        const { when, emit } = createCoordinator({ onError: () => {} });
        when('a', boom);
        emit('a');
      }),
    ).toEqual([]);
    expect(
      await unhandled(() => {
        const { when, emit } = createCoordinator();
        when('rxbaton.handler_failed', () => {});
        when('a', boom);
        emit('a');
      }),
    ).toEqual([]);
  });

  it('include those of onError and of the logger themselves', async () => {
    expect(
      await unhandled(() => {
        const { when, emit } = createCoordinator({
          onError: () => {
            throw new Error('onError');
          },
          logger: {
            debug: boom,
            info: boom,
            warn: boom,
            error: () => {
              throw new Error('logger');
            },
          },
        });
        when('a', boom);
        emit('a');
      }),
    ).toEqual(['Error: logger', 'Error: onError']);
  });

  it('include those of a bare subscriber, which is not unsubscribed', async () => {
    let calls = 0;
    expect(
      await unhandled(() => {
        const { when, emit } = createCoordinator({ onError: () => {} });
        when('a').subscribe(() => {
          calls++;
          boom();
        });
        emit('a');
        emit('a');
      }),
    ).toEqual(['Error: boom', 'Error: boom']);
    expect(calls).toBe(2);
  });
});

describe('the logger', () => {
  it('is told of failures, facts first', () => {
    const lines: [object, string][] = [];
    const ignore = (): void => {};
    const { when, emit } = make({
      logger: { debug: ignore, info: ignore, warn: ignore, error: (facts, message) => lines.push([facts, message]) },
    });
    when('a', function broken() {
      throw new Error('boom');
    });
    emit('a');
    expect(lines).toEqual([
      [{ err: expect.objectContaining({ message: 'boom' }) }, "The handler broken failed on 'a'."],
    ]);
  });
});

describe('errors as data', () => {
  it('survive whatever was thrown', () => {
    const endless = new Error('endless');
    endless.cause = endless;
    const hostile = new Proxy(new Error('hostile'), {
      get: () => {
        throw new Error('no');
      },
    });
    expect(errorData('text')).toEqual({ name: 'NonError', message: 'text', stack: '' });
    expect(errorData(undefined).message).toBe('undefined');
    expect(errorData(Object.create(null)).message).toBe('a value that cannot be read');
    expect(errorData(hostile).message).toBe('a value that cannot be read');
    expect(() => JSON.stringify(errorData(endless))).not.toThrow();
    expect(errorData(new Error('x', { cause: 'text' })).cause).toEqual({
      name: 'NonError',
      message: 'text',
      stack: '',
    });
    expect(errorData(Object.assign(new Error('x'), { code: 42 })).code).toBe(42);
  });

  it('tell what is no instance of Error by its message: errors of other realms, objects of clients', () => {
    const foreign: unknown = runInNewContext("new RangeError('far away')");
    expect(foreign).not.toBeInstanceOf(Error);
    expect(errorData(foreign)).toMatchObject({ name: 'RangeError', message: 'far away' });
    expect(errorData({ message: 'no such row', code: 'PGRST116' })).toEqual({
      name: 'NonError',
      message: 'no such row',
      stack: '',
      code: 'PGRST116',
    });
    expect(errorData({ message: 42 }).message).toBe('[object Object]');
  });
});
