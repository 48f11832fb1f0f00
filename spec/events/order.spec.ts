import { describe, expect, it } from 'vitest';
import { isObservable, Subscription, take } from 'rxjs';
import { createCoordinator, ConfigError, type CoordinatorEvent, type ErrorData, when as bareWhen } from 'rxbaton';
import { EventBus, type BusOwner, type Sink } from '../../lib/events/EventBus.ts';
import { compile } from '../../lib/events/patterns.ts';

describe('the mailbox', () => {
  it('calls every handler before emit returns', () => {
    const { when, emit } = createCoordinator();
    const seen: string[] = [];
    when('a', () => seen.push('first'));
    when('*', () => seen.push('second'));
    when('a').subscribe(() => seen.push('third'));
    when('a', () => seen.push('fourth'));
    emit('a');
    expect(seen).toEqual(['first', 'second', 'third', 'fourth']);
  });

  it('keeps the order of registration, also for patterns that were there before the name', () => {
    const { when, emit } = createCoordinator();
    const seen: number[] = [];
    when('x*', () => seen.push(1));
    when('xa', () => seen.push(2));
    when(/x/, () => seen.push(3));
    when('xa', () => seen.push(4));
    emit('xa');
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  it('delivers what a handler emits when the current event has reached everybody: all see one same order', () => {
    const { when, emit } = createCoordinator();
    const logs: string[][] = [[], [], []];
    when('*', (_, { name }) => {
      logs[0]!.push(name);
      if (name === 'a') {
        emit('b');
        emit('c');
        logs[0]!.push('emitted');
      }
      if (name === 'b') emit('d');
    });
    when('*', (_, { name }) => logs[1]!.push(name));
    when('*').subscribe(({ name }) => logs[2]!.push(name));
    emit('a');
    expect(logs).toEqual([
      ['a', 'emitted', 'b', 'c', 'd'],
      ['a', 'b', 'c', 'd'],
      ['a', 'b', 'c', 'd'],
    ]);
  });

  it('needs no stack for a chain of 100,000 events', () => {
    const { when, emit } = createCoordinator();
    let left = 100_000;
    when('next', () => {
      if (--left > 0) emit('next');
    });
    emit('next');
    expect(left).toBe(0);
  });

  it('asks who subscribes during a delivery from the next event on', () => {
    const { when, emit } = createCoordinator();
    const seen: string[] = [];
    when(
      'a',
      () => {
        emit('b');
        when('*', (_, { name }) => seen.push(name));
      },
      { once: true },
    );
    emit('a');
    expect(seen).toEqual(['b']);
  });

  it('skips who leaves during a delivery', () => {
    const { when, emit } = createCoordinator();
    const seen: string[] = [];
    const others: Subscription[] = [];
    when('a', () => {
      for (const other of others) other.unsubscribe();
    });
    others.push(
      when('a', () => seen.push('named')),
      when('*', () => seen.push('pattern')),
    );
    when('a', () => seen.push('stays'));
    emit('a');
    emit('a');
    expect(seen).toEqual(['stays', 'stays']);
  });

  it('keeps order and membership while many come and go', () => {
    const { when, emit } = createCoordinator();
    const seen: number[] = [];
    const all = Array.from({ length: 100 }, (_, i) => when(i % 3 === 0 ? 'a*' : 'ab', () => seen.push(i)));
    all.forEach((subscription, i) => {
      if (i % 4 !== 1) subscription.unsubscribe();
    });
    emit('ab');
    expect(seen).toEqual(all.map((_, i) => i).filter((i) => i % 4 === 1));
    for (const subscription of all) subscription.unsubscribe();
    emit('ab');
    expect(seen).toHaveLength(25);
  });

  it('wakes nobody by a name that is not theirs', () => {
    const { when, emit } = createCoordinator();
    const woken: string[] = [];
    for (const name of ['b_failed', 'a_failed_twice', 'a_complete', 'xa_failed', 'b*_failed'])
      when(name, () => woken.push(name));
    when('*_failed', (_, { name }) => woken.push(`*_failed: ${name}`));
    emit('a_failed');
    expect(woken).toEqual(['*_failed: a_failed']);
  });

  it('keeps nothing of names that were used once, nor of those who left', () => {
    const owner = {
      resume: (_: unknown, fn: (argument: never) => void, argument: never) => {
        fn(argument);
      },
      failed: () => {},
    };
    const bus = new EventBus(owner as BusOwner);
    const sink = (): Sink => ({ name: '', closed: false, accepts: null, deliver: () => {} });
    const [everything, named] = [compile('*'), compile('named')];
    bus.add(everything, sink());
    for (let i = 0; i < 10_000; i++) {
      const passer = sink();
      bus.add(named, passer);
      bus.remove(named, passer);
    }
    expect(bus.topic('named').sinks.length).toBeLessThanOrEqual(2);
    const topic = bus.topic('once');
    for (let i = 0; i < 10_000; i++) bus.topic(`once ${i}`);
    expect(bus.topic('once')).not.toBe(topic);
  });

  it('forgets names that nobody asked for by name, and patterns still find them', () => {
    const { when, emit } = createCoordinator();
    let seen = 0;
    when('order_*', () => seen++);
    when('kept', () => seen++);
    for (let i = 0; i < 20_000; i++) emit(`order_${i}`);
    emit('order_1');
    emit('kept');
    expect(seen).toBe(20_002);
  });
});

describe('an event', () => {
  it('has an id, a seq, a name, data and a timestamp, and nothing that it was not given', () => {
    const { when, emit } = createCoordinator();
    const events: CoordinatorEvent[] = [];
    when('a').subscribe((event) => events.push(event));
    const data = { x: 1 };
    const before = Date.now();
    const id = emit('a', data);
    expect(events).toStrictEqual([{ id, seq: 1, name: 'a', data, timestamp: expect.any(Number) }]);
    expect(events[0]!.timestamp).toBeGreaterThanOrEqual(before);
    expect(JSON.parse(JSON.stringify(events[0]))).toEqual({ ...events[0] });
    expect(structuredClone(events[0])).toEqual(events[0]);
  });

  it('carries what emit was told', () => {
    const { when, emit } = createCoordinator();
    const events: CoordinatorEvent[] = [];
    when('*').subscribe((event) => events.push(event));
    emit('cause', 0, { sender: 'collector', traceparent: '00-1-2-01' });
    const id = emit('effect', 1, { cause: events[0]!, runId: 'run', sender: 'me' });
    emit('chosen', 2, { cause: events[1]!, correlationId: 'mine' });
    expect(events[0]).toMatchObject({ sender: 'collector', traceparent: '00-1-2-01' });
    expect(events[1]).toMatchObject({
      id,
      sender: 'me',
      runId: 'run',
      causationId: events[0]!.id,
      correlationId: events[0]!.id,
    });
    expect(events[2]).toMatchObject({ causationId: id, correlationId: 'mine' });
  });

  it('takes a seq and has an id even if nobody wants it', () => {
    const { when, emit } = createCoordinator();
    const ids = [emit('unheard'), emit('unheard')];
    const seqs: number[] = [];
    when('heard', (_, { seq }) => seqs.push(seq));
    ids.push(emit('heard'));
    expect(seqs).toEqual([3]);
    expect([...new Set(ids)].sort()).toEqual(ids);
  });

  it('cannot have a name that is empty, a pattern, or one of the library', () => {
    const { emit } = createCoordinator();
    for (const name of ['', 'a*', 'rxbaton.handler_failed', 'rxbaton.mine', null, 7])
      expect(() => (emit as (name: unknown) => string)(name)).toThrow(ConfigError);
    expect(() => emit('a', 1, { sendr: 'x' } as never)).toThrow("emit('a') has no option 'sendr'");
    expect(() => emit('a', 1, { cause: emit('b') } as never)).toThrow("emit('a').cause must be an event");
    expect(() => emit('a', 1, { cause: null })).not.toThrow();
    for (const option of ['sender', 'runId', 'correlationId', 'traceparent'])
      for (const value of [7, null])
        expect(() => emit('a', 1, { [option]: value })).toThrow(`emit('a').${option} must be a text, not ${value}`);
    expect(() => emit('a', 1, { sender: 7 as never })).toThrow(ConfigError);
    expect(() => emit('a', 1, { sender: '', runId: undefined } as object)).not.toThrow();
  });

  it('is frozen to its depth with `freeze`, and not otherwise', () => {
    const make = (freeze: boolean): unknown[] => {
      const { when, emit } = createCoordinator({ freeze });
      let all: unknown[] = [];
      when('a', (data, event) => {
        all = [event, data, data.list, data.list[0], data.self];
      });
      const data = { list: [{ x: 1 }], self: null as unknown, map: new Map() };
      data.self = data;
      emit('a', data);
      return all;
    };
    expect(make(true).every(Object.isFrozen)).toBe(true);
    expect(make(false).some(Object.isFrozen)).toBe(false);
  });

  it.each([true, false])(
    'never freezes the arguments and results of calls with `freeze`; listened to: %s',
    async (listened) => {
      const { when, coordinate } = createCoordinator({ freeze: true, onError: () => {} });
      const made: unknown[] = [];
      if (listened)
        when('agent_*', (data: Record<string, unknown>, event) => {
          made.push(event, data, data['args'] ?? data['error'] ?? data);
          if (data['error'] !== undefined) made.push((data['error'] as ErrorData).cause);
        });
      const agent = coordinate('agent', async (given: { list: number[] }, fails: boolean) => {
        if (fails) throw new Error('failed', { cause: { message: 'why' } });
        return { given };
      });
      const given = { list: [1] };
      const result = await agent(given, false);
      await agent(given, true).catch(() => {});
      expect([given, given.list, result].some(Object.isFrozen)).toBe(false);
      expect([made.length, made.every(Object.isFrozen)]).toEqual([listened ? 13 : 0, true]);
    },
  );
});

describe('when without a handler', () => {
  it('is an Observable that listens from subscribe to unsubscribe', () => {
    const { when, emit } = createCoordinator();
    const seen: number[] = [];
    const stream = when('a');
    emit('a', 1);
    const subscription = stream.subscribe(({ data }) => seen.push(data));
    stream.pipe(take(1)).subscribe(({ data }) => seen.push(data * 10));
    emit('a', 2);
    emit('a', 3);
    subscription.unsubscribe();
    emit('a', 4);
    expect(seen).toEqual([2, 20, 3]);
  });

  it('has no options, for nobody would read them', () => {
    const coordinator = createCoordinator();
    for (const when of [coordinator.when, bareWhen] as ((...args: unknown[]) => unknown)[]) {
      expect(() => when('a', undefined, { once: true })).toThrow(ConfigError);
      expect(() => when('a', undefined, {})).toThrow('when() has options for its handler, but no handler');
      expect(isObservable(when('a', undefined, undefined))).toBe(true);
    }
  });

  it('takes predicates on the event', () => {
    const { when, emit } = createCoordinator();
    const seen: unknown[] = [];
    when((event) => event.sender === 'me').subscribe(({ data }) => seen.push(data));
    when(
      ({ data }) => data === 2,
      (data) => seen.push(data * 100),
    );
    emit('a', 1);
    emit('b', 2, { sender: 'me' });
    expect(seen).toEqual([2, 200]);
  });
});
