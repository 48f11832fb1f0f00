import { describe, expect, it, vi } from 'vitest';
import { timer } from 'rxjs';
import { createCoordinator, emit, run, when, within, type CoordinatorEvent } from 'rxbaton';
import { virtualTime } from 'rxbaton/testing';
import { currentKernel } from '../../lib/events/defaultCoordinator.ts';

const recorded = (options: Parameters<typeof createCoordinator>[0] = {}) => {
  const coordinator = createCoordinator(options);
  const events = new Map<string, CoordinatorEvent>();
  coordinator.when('*').subscribe((event) => events.set(event.name, event));
  const causes = (): Record<string, string | undefined> =>
    Object.fromEntries(
      [...events.values()].map(({ name, causationId }) => [
        name,
        [...events.values()].find(({ id }) => id === causationId)?.name,
      ]),
    );
  return { ...coordinator, coordinator, events, causes };
};

describe('the current coordinator', () => {
  it('is that of an ended call for what the call has left behind, gates included', async () => {
    const clock = virtualTime();
    const { when, coordinate, gates, settled } = createCoordinator({ clock });
    const seen: unknown[] = [];
    when('out', (data) => seen.push(data));
    const agent = coordinate('agent', () => {
      timer(1, clock).subscribe(() => {
        emit('out', 'bare');
        void run('db', () => {
          emit('out', gates.backend.find('db') === null ? 'elsewhere' : 'in its db');
        });
      });
    });
    await agent();
    await clock.advance(1);
    await settled();
    expect(seen).toEqual(['bare', 'in its db']);
  });
});

describe('causation', () => {
  it('follows awaits and timers, and the correlation is that of the first event', async () => {
    const clock = virtualTime();
    const { when, emit, settled, events, causes } = recorded({ clock });
    when('a', async () => {
      emit('b');
      await Promise.resolve();
      emit('c');
      timer(10, clock).subscribe(() => emit('d'));
    });
    when('c', async () => {
      await null;
      emit('e');
    });
    const first = emit('a');
    await clock.advance(10);
    await settled();
    expect(causes()).toEqual({ a: undefined, b: 'a', c: 'a', d: 'a', e: 'c' });
    expect(events.get('a')!.correlationId).toBeUndefined();
    for (const name of ['b', 'c', 'd', 'e']) expect(events.get(name)!.correlationId).toBe(first);
  });

  it('is that of the event itself for events that waited in a queue, and for retries', async () => {
    const clock = virtualTime();
    const { when, emit, causes } = recorded({ clock, onError: () => {} });
    let tries = 0;
    when(
      'in*',
      async (n: number) => {
        await null;
        if (++tries === 1) throw new Error('once');
        emit(`out ${n}`);
      },
      { concurrency: 1, retry: { attempts: 2, delay: 10 } },
    );
    for (const n of [1, 2, 3]) emit(`in ${n}`, n);
    await clock.flush();
    expect(causes()).toMatchObject({ 'out 1': 'in 1', 'out 2': 'in 2', 'out 3': 'in 3' });
  });

  it('can be told, and can be denied', () => {
    const { when, emit, events } = recorded();
    emit('other');
    when('a', () => {
      emit('told', 0, { cause: events.get('other')! });
      emit('denied', 0, { cause: null });
    });
    emit('a');
    expect(events.get('told')!.causationId).toBe(events.get('other')!.id);
    expect(events.get('denied')!.causationId).toBeUndefined();
    expect(events.get('denied')!.correlationId).toBeUndefined();
  });

  it('does not leak out of a handler', () => {
    const { when, emit, causes } = recorded();
    when('a', () => {});
    emit('a');
    emit('b');
    expect(causes()).toEqual({ a: undefined, b: undefined });
  });
});

describe("context: 'off'", () => {
  it('knows causes and the coordinator until the first await', async () => {
    const { coordinator, causes } = recorded({ context: 'off' });
    coordinator.when('a', async () => {
      emit('b');
      expect(currentKernel()).toBe(within(coordinator, currentKernel));
      await null;
      coordinator.emit('c');
    });
    coordinator.emit('a');
    await coordinator.settled();
    expect(causes()).toEqual({ a: undefined, b: 'a', c: undefined });
  });

  it('makes no AsyncLocalStorage, ever', async () => {
    // A fresh copy of the library: the storage is made once in a process.
    vi.resetModules();
    const asked = vi.spyOn(process, 'getBuiltinModule');
    const times = (): number => asked.mock.calls.filter(([id]) => id === 'node:async_hooks').length;
    const fresh = await import('rxbaton');
    for (const [context, made] of [
      ['off', 0],
      ['on', 1],
    ] as const) {
      const coordinator = fresh.createCoordinator({ context });
      await fresh.within(coordinator, async () => {
        coordinator.when('a', async () => {
          await null;
          coordinator.emit('b');
        });
        coordinator.emit('a');
      });
      await coordinator.settled();
      await coordinator.close();
      expect(times()).toBe(made);
    }
    asked.mockRestore();
  });

  it('mixes with coordinators that track, inside and outside', () => {
    const on = recorded();
    const off = recorded({ context: 'off' });
    on.when('outer', () => {
      off.emit('inner');
      emit('after inner');
    });
    off.when('inner', () => {
      emit('from inner');
      on.emit('across');
    });
    on.when('across', () => {
      emit('from across');
    });
    on.emit('outer');
    expect([...on.events.keys()]).toEqual(['outer', 'across', 'after inner', 'from across']);
    expect([...off.events.keys()]).toEqual(['inner', 'from inner']);
    // A cause may be an event of another coordinator: ids are unique among all of them.
    expect(off.events.get('inner')!.causationId).toBe(on.events.get('outer')!.id);
    expect(on.events.get('across')!.causationId).toBe(off.events.get('inner')!.id);
  });

  it('gives way to a coordinator that tracks, inside one that does not', async () => {
    const on = recorded();
    const off = recorded({ context: 'off' });
    off.when('outer', () => {
      on.emit('inner');
      emit('after inner');
    });
    on.when('inner', async () => {
      emit('before await');
      await null;
      emit('after await');
    });
    off.emit('outer');
    await on.settled();
    expect([...off.events.keys()]).toEqual(['outer', 'after inner']);
    expect([...on.events.keys()]).toEqual(['inner', 'before await', 'after await']);
  });
});

describe('within', () => {
  it('says which coordinator bare functions mean, across awaits, and only there', async () => {
    const one = recorded();
    const two = recorded();
    const seen: string[] = [];
    await within(one.coordinator, async () => {
      when('a', (_, { name }) => {
        seen.push(name);
        emit('b');
      });
      await null;
      within(two.coordinator, () => emit('elsewhere'));
      emit('a');
    });
    expect(seen).toEqual(['a']);
    expect([[...one.events.keys()], [...two.events.keys()]]).toEqual([['a', 'b'], ['elsewhere']]);
  });

  it('returns and throws what the function does, and wants a coordinator', () => {
    const { coordinator } = recorded();
    expect(within(coordinator, () => 5)).toBe(5);
    expect(() =>
      within(coordinator, () => {
        throw new Error('mine');
      }),
    ).toThrow('mine');
    expect(() => within({} as never, () => 5)).toThrow('within() needs a coordinator');
  });
});
