import { firstValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  CodecError,
  createCoordinator,
  memoryLog,
  mutex,
  OverflowError,
  persist,
  run,
  within,
  type Codec,
  type Coordinator,
  type CoordinatorEvent,
  type CoordinatorOptions,
  type EventLog,
  type PersistDropped,
  type PersistFailed,
} from 'rxbaton';
import { virtualTime } from 'rxbaton/testing';
import { losslessCodec } from '../../lib/log/losslessCodec.ts';
import { brokenLog } from '../support/brokenLog.ts';
import { deferred } from '../support/deferred.ts';
import { unhandledErrors } from '../support/unhandled.ts';

type Told = [error: unknown, what: string];

function make(options: CoordinatorOptions = {}) {
  const told: Told[] = [];
  const coordinator: Coordinator = createCoordinator({
    clock: virtualTime({ epoch: 1_000 }),
    onError: (error, what) => told.push([error, what]),
    ...options,
  });
  return { coordinator, told, emit: coordinator.emit, when: coordinator.when, settled: coordinator.settled };
}

const kept = async (log: EventLog, stream = 'events'): Promise<CoordinatorEvent[]> =>
  (await firstValueFrom(log.read(stream).pipe(toArray()))).map(({ event }) => event as CoordinatorEvent);

const names = async (log: EventLog): Promise<string[]> => (await kept(log)).map(({ name }) => name);

/** Notes what it gets, in front of the log. */
const recorder = (): { texts: string[]; log: EventLog } => {
  const texts: string[] = [];
  const log = memoryLog({ codec: { ...losslessCodec, decode: (text) => (texts.push(text), JSON.parse(text)) } });
  return { texts, log };
};

describe('what is kept', () => {
  it('every event, in order, as it was', async () => {
    const { coordinator, emit, when, settled } = make();
    const log = memoryLog();
    persist(coordinator, log);
    const heard: CoordinatorEvent[] = [];
    when('*').subscribe((event) => heard.push(event));
    when('b', () => emit('c', { since: new Date(5), ids: new Set([1n]) }));
    emit('a', { n: 1 }, { sender: 'me "quoted"', runId: 'r', correlationId: 'c', traceparent: '00-ab-cd-01' });
    emit('b', [1, NaN]);
    emit('d');
    await settled();
    expect(await kept(log)).toEqual(heard);
    expect(await names(log)).toEqual(['a', 'b', 'c', 'd']);
    expect(heard[2]?.causationId).toBe(heard[1]?.id);
  });

  it('with its name first, so that readers of few names look no further', async () => {
    const { coordinator, emit, settled } = make();
    const { log, texts } = recorder();
    persist(coordinator, log);
    emit('say "hi"\n', { a: 1 });
    emit('a', undefined);
    await settled();
    await kept(log);
    expect(texts[0]).toMatch(/^\{"name":"say \\"hi\\"\\n","id":"\w{26}","timestamp":1000,"seq":1,"data":\{"a":1\}\}$/);
    expect(texts[1]).toMatch(/^\{"name":"a","id":"\w{26}","timestamp":1000,"seq":2\}$/);
  });

  it('in the words of the log, where that has a codec of its own: nothing gets past it', async () => {
    const { coordinator, emit, when, settled } = make();
    const texts: string[] = [];
    const codec: Codec = {
      encode: (value) => (texts.push(btoa(losslessCodec.encode(value))), texts.at(-1)!),
      decode: (text) => losslessCodec.decode(atob(text)),
    };
    const log = memoryLog({ codec });
    persist(coordinator, log, { redact: ['data.card'] });
    when('a', () => {
      throw new Error('broken');
    });
    emit('a', { card: '4111', at: new Date(5) });
    await settled();
    expect(texts).toHaveLength(2);
    expect(await kept(log)).toMatchObject([{ name: 'a', data: { card: '[redacted]', at: new Date(5) } }]);
    expect(await kept(log, 'dead-letters')).toMatchObject([{ letter: { event: { data: { card: '[redacted]' } } } }]);
  });

  it('is in the order of the bus where handlers emit', async () => {
    const { coordinator, emit, when, settled } = make();
    const log = memoryLog();
    when('a', () => {
      emit('b');
      emit('b');
    });
    when('b', () => emit('c'));
    persist(coordinator, log);
    emit('a');
    await settled();
    expect((await kept(log)).map(({ name, seq }) => `${name}${seq}`)).toEqual(['a1', 'b2', 'b3', 'c4', 'c5']);
  });

  it('is what the data says at the end of the turn, unless it is frozen', async () => {
    for (const freeze of [false, true]) {
      const { coordinator, emit, settled } = make({ freeze });
      const log = memoryLog();
      persist(coordinator, log);
      const data = { n: 1 };
      emit('a', data);
      const change = (): void => {
        data.n++;
      };
      if (freeze) expect(change).toThrow(TypeError);
      else change();
      await settled();
      if (!freeze) change();
      expect((await kept(log))[0]?.data).toEqual({ n: freeze ? 1 : 2 });
    }
  });

  it('is nothing that was emitted before, nor after the end', async () => {
    const { coordinator, emit, settled } = make();
    const log = memoryLog();
    emit('before');
    const persistence = persist(coordinator, log);
    emit('a');
    persistence.unsubscribe();
    emit('after');
    await settled();
    expect(await names(log)).toEqual(['a']);
    expect([persistence.kept, persistence.lost, persistence.pending]).toEqual([1, 0, 0]);
  });

  it('ends with `using`', async () => {
    const { coordinator, emit, settled } = make();
    const log = memoryLog();
    {
      using persistence = persist(coordinator, log);
      emit('a');
      expect(persistence.pending).toBe(1);
    }
    emit('b');
    await settled();
    expect(await names(log)).toEqual(['a']);
  });
});

describe('names', () => {
  const selected = async (options: Parameters<typeof persist>[2]): Promise<string[]> => {
    const { coordinator, emit, when, settled } = make();
    const log = memoryLog();
    persist(coordinator, log, options);
    when('order_failed', () => {
      throw new Error('on purpose');
    });
    emit('order_paid', 1);
    emit('order_failed', 2);
    emit('tick', 3);
    await within(coordinator, () => run(mutex('db'), () => 1));
    await settled();
    return names(log);
  };

  it('by default: all but those of the library', async () => {
    expect(await selected({})).toEqual(['order_paid', 'order_failed', 'tick']);
  });

  it('select like those of when, and what two of them mean is kept once', async () => {
    expect(await selected({ names: 'order_*' })).toEqual(['order_paid', 'order_failed']);
    expect(await selected({ names: ['order_*', /paid/, 'tick'] })).toEqual(['order_paid', 'order_failed', 'tick']);
    expect(await selected({ names: ({ data }) => Number(data) > 2 })).toEqual(['tick']);
    expect(await selected({ names: ['order_paid', ({ data }) => Number(data) > 1] })).toHaveLength(3);
  });

  it('have those of the library where they are spelled', async () => {
    expect(await selected({ names: 'rxbaton.handler_failed' })).toEqual(['rxbaton.handler_failed']);
    expect(await selected({ names: ['tick', 'rxbaton.gate.*'] })).toEqual([
      'tick',
      'rxbaton.gate.granted',
      'rxbaton.gate.released',
    ]);
  });

  it('a predicate that throws is reported, and harms nobody', async () => {
    const { coordinator, emit, told, settled } = make();
    const log = memoryLog();
    persist(coordinator, log, {
      names: [
        () => {
          throw new Error('predicate');
        },
      ],
    });
    emit('a');
    await settled();
    expect(await kept(log)).toEqual([]);
    expect(told.map(([error]) => String(error))).toEqual(['Error: predicate']);
  });
});

describe('calls', () => {
  const called = async (options: Parameters<typeof persist>[2]): Promise<CoordinatorEvent[]> => {
    const { coordinator, settled, told } = make();
    const log = memoryLog();
    persist(coordinator, log, options);
    class Client {
      socket = 1;
    }
    const ask = coordinator.coordinate(
      'ask',
      async (_client: Client, { signal: _ }: { signal: AbortSignal }, n: number) => ({
        n,
        stop: () => {},
      }),
    );
    await ask(new Client(), { signal: new AbortController().signal }, 7);
    await settled();
    expect(told).toEqual([]);
    return kept(log);
  };

  it('are kept with what can be written of their arguments and results', async () => {
    expect((await called({})).map(({ name, data }) => [name, data])).toMatchObject([
      ['ask_started', { args: [{ $opaque: 'Client' }, { signal: { $opaque: 'AbortSignal' } }, 7] }],
      ['ask_complete', { result: { n: 7, stop: { $opaque: 'Function' } }, waited: 0 }],
    ]);
  });

  it('record: without them where that is wanted', async () => {
    const [started, complete] = await called({ record: { args: false } });
    expect(Object.keys(started?.data as object)).toEqual(['timestamp']);
    expect(complete?.data).toHaveProperty('result');
    const [first, second] = await called({ record: { result: false } });
    expect(first?.data).toHaveProperty('args');
    expect(second?.data).not.toHaveProperty('result');
    expect(second?.data).toHaveProperty('duration');
  });

  it('record: without them also where the library speaks of such an event', async () => {
    const { coordinator, when, settled } = make();
    const log = memoryLog();
    persist(coordinator, log, { names: 'rxbaton.handler_failed', record: { args: false, result: false } });
    when('ask_*', () => {
      throw new Error('broken');
    });
    await coordinator.coordinate('ask', async (question: string) => `answer to ${question}`)('geheim');
    await settled();
    const told = (await kept(log)).map(({ data }) => data as { name: string; event: CoordinatorEvent });
    expect(told.map(({ name, event }) => [name, event.name])).toEqual([
      ['ask_started', 'ask_started'],
      ['ask_complete', 'ask_complete'],
    ]);
    expect(told[1]!.event.data).toMatchObject({ waited: 0 });
    expect(JSON.stringify(told)).not.toContain('geheim');
  });

  it('record leaves the data of other events alone', async () => {
    const { coordinator, emit, settled } = make();
    const log = memoryLog();
    persist(coordinator, log, { record: { args: false, result: false } });
    emit('ask_started', { args: [1] });
    emit('ask_complete', { result: 1 }, { sender: 'you' });
    await settled();
    expect((await kept(log)).map(({ data }) => data)).toEqual([{ args: [1] }, { result: 1 }]);
  });
});

describe('what cannot be written', () => {
  it('is an error with its path, and the only event that is not kept', async () => {
    const { coordinator, emit, when, told, settled } = make();
    const log = memoryLog();
    const persistence = persist(coordinator, log);
    const failed: PersistFailed[] = [];
    when('rxbaton.persist_failed', (data: PersistFailed) => failed.push(data));
    emit('a', 1);
    emit('b', { items: [1, { client: () => 1 }] });
    emit('c', 3);
    await settled();
    expect(await names(log)).toEqual(['a', 'c']);
    expect([persistence.kept, persistence.lost]).toEqual([2, 1]);
    expect(told).toHaveLength(1);
    expect(told[0]?.[0]).toBeInstanceOf(CodecError);
    expect((told[0]?.[0] as CodecError).details['path']).toBe('data.items[1].client');
    expect(told[0]?.[1]).toBe("persist('events') could not keep an event.");
    expect(failed).toEqual([
      { stream: 'events', events: 1, names: ['b'], lost: 1, error: expect.objectContaining({ code: 'RXB_CODEC' }) },
    ]);
  });

  it('what the library says about it is never kept itself', async () => {
    const { coordinator, emit, when, settled } = make();
    const log = memoryLog();
    const failed: unknown[] = [];
    persist(coordinator, log, { names: ['*', 'rxbaton.*'] });
    when('rxbaton.persist_failed', (data) => failed.push(data));
    emit('a', () => 1);
    await settled();
    expect(await names(log)).toEqual([]);
    expect(failed).toHaveLength(1);
  });

  it('of the events of the library is left out', async () => {
    const { coordinator, emit, when, settled } = make();
    const log = memoryLog();
    persist(coordinator, log, { names: 'rxbaton.*' });
    when('a', () => {
      throw new Error('on purpose');
    });
    emit('a', { client: () => 1 });
    await settled();
    expect(await kept(log)).toMatchObject([
      { name: 'rxbaton.handler_failed', data: { name: 'a', event: { data: { client: { $opaque: 'Function' } } } } },
    ]);
  });
});

describe('redact', () => {
  it('hides places of the data, in the log alone', async () => {
    const { coordinator, emit, when, settled } = make();
    const { log, texts } = recorder();
    persist(coordinator, log, { redact: ['data.apiKey', 'data.*.token', '**.password', 'data.args.0.key'] });
    const heard: unknown[] = [];
    when('*', (data) => heard.push(data));
    const data = {
      apiKey: 'k1',
      a: { token: 'k2', apiKey: 'shown' },
      deep: [{ down: new Map([['password', 'k3']]), token: 'shown too' }],
      cause: new Error('e', { cause: { password: 'k4' } }),
      token: 'shown again',
    };
    emit('a', data);
    emit('b', { args: [{ key: 'k5' }, { key: 'second' }] });
    emit('c', { plain: true });
    await settled();
    await kept(log);
    const text = texts.join('\n');
    expect(text).not.toMatch(/k\d/);
    for (const shown of ['shown', 'shown too', 'shown again', 'second']) expect(text).toContain(`"${shown}"`);
    expect(text.match(/\[redacted\]/g)).toHaveLength(5);
    expect(heard[0]).toBe(data);
    expect(data.apiKey).toBe('k1');
  });

  it('reaches into the event that an event of the library is about', async () => {
    const { coordinator, emit, when, settled } = make();
    const { log, texts } = recorder();
    persist(coordinator, log, { names: 'rxbaton.*', redact: ['data.apiKey'] });
    when('a', () => {
      throw new Error('on purpose');
    });
    emit('a', { apiKey: 'k1' });
    await settled();
    await kept(log);
    expect(texts.join()).toContain('[redacted]');
    expect(texts.join()).not.toContain('k1');
  });

  it.each([['apiKey'], [''], ['data'], ['data.'], ['data..a'], [7]])('refuses %j', (path) => {
    const { coordinator } = make();
    expect(() => persist(coordinator, memoryLog(), { redact: [path as string] })).toThrow(/redact\[0\] must be a path/);
  });

  it('refuses what is no list', () => {
    const { coordinator } = make();
    expect(() => persist(coordinator, memoryLog(), { redact: 'data.a' as never })).toThrow(/redact must be a list/);
  });
});

describe('commits', () => {
  it('one for each turn', async () => {
    const { coordinator, emit, settled } = make();
    const log = brokenLog(memoryLog());
    persist(coordinator, log);
    for (let i = 0; i < 10; i++) emit('a', i);
    await settled();
    emit('a', 10);
    await settled();
    expect(log.appends.map(({ events }) => events)).toEqual([10, 1]);
    expect(log.appends[0]?.options).toEqual({});
  });

  it('one at a time: what comes meanwhile makes up the next', async () => {
    const { coordinator, emit, settled } = make();
    const log = brokenLog(memoryLog());
    const gate = deferred();
    log.next = async (append) => {
      await gate.promise;
      return append();
    };
    const persistence = persist(coordinator, log);
    for (let turn = 0; turn < 5; turn++) {
      emit('a', turn);
      await Promise.resolve();
      await Promise.resolve();
    }
    expect(log.appends).toHaveLength(1);
    expect([persistence.kept, persistence.pending]).toEqual([0, 5]);
    gate.resolve();
    await settled();
    expect(log.appends.map(({ events }) => events)).toEqual([1, 4]);
    expect((await kept(log)).map(({ data }) => data)).toEqual([0, 1, 2, 3, 4]);
  });

  it('no larger than the log takes', async () => {
    const { coordinator, emit, told, settled } = make();
    const log = brokenLog(memoryLog({ maxCommitBytes: 1_000 }));
    persist(coordinator, log);
    for (let i = 0; i < 20; i++) emit('a', '\u20ac'.repeat(50));
    emit('large', 'x'.repeat(1_001));
    emit('b');
    await settled();
    expect(log.appends.length).toBeGreaterThan(10);
    expect(await names(log)).toEqual([...Array<string>(20).fill('a'), 'b']);
    expect(told.map(([error]) => (error as Error).name)).toEqual(['LogTooLargeError']);
  });

  it('carry what was asked for', async () => {
    const { coordinator, emit, settled } = make();
    const log = brokenLog(memoryLog());
    persist(coordinator, log, { stream: 'audit', durability: 'memory' });
    emit('a');
    await settled();
    expect(log.appends).toEqual([{ stream: 'audit', events: 1, options: { durability: 'memory' } }]);
    expect(await kept(log, 'audit')).toHaveLength(1);
  });
});

describe('a full buffer', () => {
  const fill = async (overflow: 'error' | 'drop-oldest' | 'drop-newest', listen: boolean) => {
    const { coordinator, emit, when, told, settled } = make();
    const log = brokenLog(memoryLog());
    const gate = deferred();
    log.next = async (append) => {
      await gate.promise;
      return append();
    };
    const events: { name: string; data: PersistDropped | PersistFailed }[] = [];
    if (listen) when('rxbaton.persist_*').subscribe((event) => events.push(event as never));
    const persistence = persist(coordinator, log, { maxBuffer: 3, overflow });
    emit('n', 1);
    await Promise.resolve();
    await Promise.resolve();
    for (let i = 2; i <= 5; i++) emit('n', i);
    expect(persistence.pending).toBe(3);
    await Promise.resolve();
    emit('m', 6);
    gate.resolve();
    await settled();
    return { told, events, persistence, data: (await kept(log)).map(({ data }) => data) };
  };

  it("'error': what comes is refused, once told for each turn", async () => {
    const { told, events, data, persistence } = await fill('error', true);
    expect(data).toEqual([1, 2, 3]);
    expect(told.map(([error]) => (error as OverflowError).details['events'])).toEqual([2, 1]);
    expect(told[0]?.[0]).toBeInstanceOf(OverflowError);
    expect(events.map(({ name, data }) => [name, data.events, data.names, data.lost])).toEqual([
      ['rxbaton.persist_failed', 2, ['n'], 2],
      ['rxbaton.persist_failed', 1, ['m'], 3],
    ]);
    expect([persistence.kept, persistence.lost]).toEqual([3, 3]);
  });

  it("'drop-newest': what comes is dropped", async () => {
    const { told, events, data } = await fill('drop-newest', true);
    expect(data).toEqual([1, 2, 3]);
    expect(told.map(([, what]) => what)).toEqual([
      "persist('events') dropped 2 events.",
      "persist('events') dropped an event.",
    ]);
    expect(events.map(({ name, data }) => [name, data])).toEqual([
      ['rxbaton.persist_dropped', { stream: 'events', events: 2, names: ['n'], policy: 'drop-newest', lost: 2 }],
      ['rxbaton.persist_dropped', { stream: 'events', events: 1, names: ['m'], policy: 'drop-newest', lost: 3 }],
    ]);
  });

  it("'drop-oldest': what waits longest and is not under way is dropped", async () => {
    const { data, persistence } = await fill('drop-oldest', false);
    expect(data).toEqual([1, 5, 6]);
    expect(persistence.lost).toBe(3);
  });

  it('the newest is dropped where all others are under way', async () => {
    const { coordinator, emit, settled } = make();
    const log = brokenLog(memoryLog());
    const gate = deferred();
    log.next = (append) => gate.promise.then(append);
    persist(coordinator, log, { maxBuffer: 1, overflow: 'drop-oldest' });
    emit('a', 1);
    await Promise.resolve();
    await Promise.resolve();
    emit('a', 2);
    gate.resolve();
    await settled();
    expect((await kept(log)).map(({ data }) => data)).toEqual([1]);
  });

  it('1,000,000 events in one turn take the place of 10', async () => {
    const { coordinator, emit, settled } = make({ context: 'off' });
    const log = memoryLog();
    const persistence = persist(coordinator, log, { maxBuffer: 10, overflow: 'drop-oldest' });
    for (let i = 0; i < 1_000_000; i++) emit('a', i);
    expect(persistence.pending).toBe(10);
    await settled();
    expect((await kept(log)).map(({ data }) => data)).toEqual(Array.from({ length: 10 }, (_, i) => 999_990 + i));
    expect(persistence.lost).toBe(999_990);
  }, 30_000);
});

describe('without anybody who hears of failures', () => {
  const unhandled = unhandledErrors();
  const silent = (): Coordinator => createCoordinator();
  /** Behind the timers in which they are reported. */
  const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

  it('what is lost goes where unhandled errors go, unless it was dropped as agreed', async () => {
    const coordinator = silent();
    persist(coordinator, memoryLog(), { maxBuffer: 1, overflow: 'drop-newest' });
    coordinator.emit('a', () => 1);
    coordinator.emit('a', 2);
    await coordinator.settled();
    await later();
    expect(unhandled.map((error) => (error as Error).name)).toEqual(['CodecError']);
  });

  it('somebody who listens for it has heard of it', async () => {
    const coordinator = silent();
    persist(coordinator, memoryLog());
    coordinator.when('rxbaton.persist_failed', () => {});
    coordinator.emit('a', () => 1);
    await coordinator.settled();
    await later();
    expect(unhandled).toEqual([]);
  });

  it('a log that keeps the failure of a handler has not heard of it', async () => {
    const coordinator = silent();
    persist(coordinator, memoryLog(), { names: 'rxbaton.*' });
    coordinator.when('a', () => {
      throw new Error('on purpose');
    });
    coordinator.emit('a');
    await coordinator.settled();
    await later();
    expect(unhandled).toHaveLength(1);
  });

  it('an onError of its own gets it, and may throw', async () => {
    const coordinator = silent();
    const told: string[] = [];
    persist(coordinator, memoryLog(), {
      onError: (error, what) => {
        told.push(what);
        throw error;
      },
    });
    coordinator.emit('a', () => 1);
    await coordinator.settled();
    await later();
    expect(told).toEqual(["persist('events') could not keep an event."]);
    expect(unhandled.map((error) => (error as Error).name)).toEqual(['CodecError']);
  });
});
