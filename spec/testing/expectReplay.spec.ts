import { describe, expect, it } from 'vitest';
import { delay, timer } from 'rxjs';
import {
  ConfigError,
  coordinate,
  createCoordinator,
  emit,
  memoryLog,
  mutex,
  persist,
  rateLimiter,
  run,
  settled,
  when,
  within,
  type Clock,
  type CoordinatorEvent,
  type EventLog,
  type PersistOptions,
} from 'rxbaton';
import { expectReplay, virtualTime, type ExpectReplayOptions, type ReplaySetup } from 'rxbaton/testing';

/** Records what a program does while a story happens to it, in virtual time. */
async function record(
  program: ReplaySetup,
  story: (clock: ReturnType<typeof virtualTime>) => unknown,
  options: PersistOptions = {},
): Promise<EventLog> {
  const clock = virtualTime({ epoch: 1_700_000_000_000 });
  const coordinator = createCoordinator({ clock, onError: () => {} });
  const log = memoryLog();
  await within(coordinator, () => program(coordinator, clock));
  persist(coordinator, log, options);
  await within(coordinator, () => story(clock));
  await clock.advance('1h');
  await coordinator.settled();
  return log;
}

const failure = async (
  log: EventLog | readonly CoordinatorEvent[],
  program: ReplaySetup,
  options: ExpectReplayOptions = {},
): Promise<string> =>
  expectReplay(log, options, program).then(
    () => 'as recorded',
    (error: unknown) => (error as Error).message,
  );

/** A shop in which an order is charged and then shipped. */
const shop: ReplaySetup = () => {
  when('order_placed', ({ id, total }) => emit('order_charged', { id, total }));
  when('order_charged', ({ id }) => emit('order_shipped', { id }));
};

const orders = async (clock: ReturnType<typeof virtualTime>) => {
  emit('order_placed', { id: 'a', total: 30 });
  await clock.advance(5_000);
  emit('order_placed', { id: 'b', total: 10 });
};

describe('expectReplay', () => {
  it('accepts a program that does what it did', async () => {
    await expectReplay(await record(shop, orders), shop);
    await expectReplay(record(shop, orders), {}, shop);
  });

  it('takes plain events too', async () => {
    const events: CoordinatorEvent[] = [];
    const log = await record(shop, orders);
    await log.read('events').forEach(({ event }) => void events.push(event as CoordinatorEvent));
    await expectReplay(events, shop);
    expect(await failure(events.slice(0, -1), shop)).toContain('1 new (+)');
  });

  it('draws what is missing, new and changed, with what led to it', async () => {
    const log = await record(shop, orders);
    const now: ReplaySetup = () => {
      when('order_placed', ({ id, total }) => {
        emit('order_charged', { id, total: id === 'a' ? total : total * 2 });
        if (id === 'a') emit('mail_sent', { to: 'a' });
      });
      when('order_charged', ({ id }) => id === 'b' && emit('order_shipped', { id }));
    };
    expect(await failure(log, now)).toBe(
      [
        'The replay came out another way: 1 changed, 1 missing (-), 1 new (+).',
        '',
        '  order_placed { id: "a", total: 30 }',
        '    order_charged { id: "a", total: 30 }',
        '-     order_shipped { id: "a" }',
        '+   mail_sent { to: "a" }',
        '  order_placed { id: "b", total: 10 }',
        '~   order_charged { id: "b", total: 10 }',
        '        data.total: 10 became 20',
        '      order_shipped { id: "b" }',
      ].join('\n'),
    );
  });

  it('draws no more than it has to of a long recording', async () => {
    const many = async (): Promise<void> => {
      for (let i = 0; i < 500; i++) emit('order_placed', { id: i, total: 1 });
    };
    const log = await record(shop, many);
    const message = await failure(log, () => {
      when('order_placed', ({ id, total }) => emit('order_charged', { id, total }));
      when('order_charged', ({ id }) => emit('order_shipped', { id: id === 250 ? 'lost' : id }));
    });
    expect(message.split('\n')).toEqual([
      'The replay came out another way: 1 changed, 0 missing (-), 0 new (+).',
      '',
      '  ... 750 as recorded',
      '  order_placed { id: 250, total: 1 }',
      '    order_charged { id: 250, total: 1 }',
      '~     order_shipped { id: 250 }',
      '          data.id: 250 became "lost"',
      '  order_placed { id: 251, total: 1 }',
      '  ... 746 as recorded',
    ]);
  });

  it('finds an event that is done twice', async () => {
    const log = await record(shop, orders);
    const twice: ReplaySetup = (coordinator, clock) => {
      shop(coordinator, clock);
      when('order_placed', ({ id, total }) => emit('order_charged', { id, total }));
    };
    expect(await failure(log, twice)).toContain('0 changed, 0 missing (-), 4 new (+)');
  });

  it('finds what comes of nothing', async () => {
    const log = await record(shop, orders);
    const message = await failure(log, (coordinator, clock) => {
      shop(coordinator, clock);
      timer(1_000, clock).subscribe(() => coordinator.emit('tick', 1, { cause: null }));
    });
    expect(message).toContain('0 changed, 0 missing (-), 1 new (+)');
    expect(message).toContain('\n+ tick 1');
  });

  it('plays at the pace of the recording, in virtual time: what depends on time comes out alike', async () => {
    const limited: ReplaySetup = (coordinator) => {
      const api = rateLimiter('api', { limit: 1, per: '3h' });
      when('asked', async (n: number) => {
        await run(api, async () => {});
        // What the clock says, to the second.
        coordinator.emit('answered', { n, after: Math.round(coordinator.gates.env.clock.now() / 1_000) });
      });
    };
    const story = async (clock: ReturnType<typeof virtualTime>) => {
      for (let n = 0; n < 3; n++) {
        emit('asked', n);
        await clock.advance('4h');
      }
    };
    // In real time it would take until the evening.
    await expectReplay(await record(limited, story), limited);
  });

  it('waits for retries, and for real work', async () => {
    let calls = 0;
    const flaky: ReplaySetup = () => {
      calls = 0;
      when(
        'order_placed',
        async ({ id }) => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          if (++calls % 3 !== 0) throw new Error('down');
          emit('order_charged', { id });
        },
        { concurrency: 1, retry: { attempts: 3, delay: '1m' } },
      );
    };
    const log = memoryLog();
    const placed = (id: string, seq: number): CoordinatorEvent => ({
      id: `p${id}`,
      seq,
      name: 'order_placed',
      data: { id },
      timestamp: seq * 1_000,
    });
    const charged = (id: string, seq: number): CoordinatorEvent => ({
      ...placed(id, seq),
      id: `c${id}`,
      name: 'order_charged',
      causationId: `p${id}`,
      correlationId: `p${id}`,
    });
    await log.append('events', [placed('a', 1), placed('b', 2), charged('a', 3), charged('b', 4)]);
    await expectReplay(log, flaky);
    expect(calls).toBe(6);
  });

  it('lets what happened until the last event happen, though nobody waits for it', async () => {
    const delayed: ReplaySetup = (coordinator, clock) => {
      when('order_placed', ({ id }, event) => {
        timer(2_000, clock)
          .pipe(delay(3_000, clock))
          .subscribe(() => coordinator.emit('reminded', { id }, { cause: event }));
      });
    };
    const log = await record(delayed, () => emit('order_placed', { id: 'a' }));
    await expectReplay(log, delayed);
    expect(await failure(log, () => {})).toContain('1 missing (-)');
  });

  it('leaves nothing behind: the coordinator is closed, and bare functions mean the one of before', async () => {
    const log = await record(shop, orders);
    let inside: { readonly settled: () => Promise<void>; readonly emit: (name: string) => string } | undefined;
    await expectReplay(log, (coordinator, clock) => {
      inside = coordinator;
      shop(coordinator, clock);
    });
    expect(() => inside?.emit('late')).toThrow(/close/);
    await settled();
  });

  it('fails where the setup fails', async () => {
    const log = await record(shop, orders);
    await expect(
      expectReplay(log, () => {
        throw new Error('no setup');
      }),
    ).rejects.toThrow('no setup');
  });

  it('comes to an end where a program has none', { timeout: 30_000 }, async () => {
    const log = await record(shop, orders);
    const endless: ReplaySetup = (_, clock) => {
      when('order_placed', () => new Promise(() => {}));
      timer(0, 1_000, clock).subscribe();
    };
    expect(await failure(log, endless)).toMatch(/comes to no end: 100000 timers/);
  });
});

describe('what is not compared', () => {
  const noTopic = () => new Error('no such topic');
  const unknown = () => new Error('no such topic');
  /** Which machine it runs on. */
  let host: { readonly latency: number; readonly fail: () => Error; readonly clock: Clock };
  const research = coordinate('researcher', async (topic: string) => {
    await new Promise((resolve) => timer(host.latency, host.clock).subscribe(() => resolve(undefined)));
    if (topic === 'bad') throw host.fail();
    return { topic, at: Math.random() };
  });
  const on =
    (latency: number, fail: () => Error): ReplaySetup =>
    (_, clock) => {
      host = { latency, fail, clock };
      when('asked', (topic: string) => research(topic).catch(() => {}));
      when(research.complete, ({ result }) => emit('answered', result));
    };
  const agents = on(20, unknown);
  const questions = () => {
    emit('asked', 'rivers');
    emit('asked', 'bad');
  };

  it('are ids, times, durations and stacks of calls; their results are', async () => {
    const log = await record(on(10, noTopic), questions);
    expect(await failure(log, agents)).toContain('data.result.at: ');
    await expectReplay(log, { ignore: ['data.result.at', 'data.at'] }, agents);
    await expectReplay(log, { ignore: ['**.at'] }, agents);
    expect(await failure(log, () => {}, { ignore: ['**.at'] })).toContain('0 changed, 5 missing (-), 0 new (+)');
  });

  it('is what the recording has redacted', async () => {
    const log = await record(on(10, noTopic), questions, { redact: ['**.at'] });
    await expectReplay(log, agents);
  });

  it('is who is faster; with order total it is', async () => {
    const racing =
      (first: number, second: number): ReplaySetup =>
      (_, clock) => {
        when('asked', async () => {
          const wait = (ms: number) => new Promise<void>((resolve) => void timer(ms, clock).subscribe(() => resolve()));
          await Promise.all([wait(first).then(() => emit('one')), wait(second).then(() => emit('two'))]);
        });
      };
    const log = await record(racing(10, 20), () => emit('asked'));
    await expectReplay(log, { order: 'total' }, racing(10, 20));
    await expectReplay(log, racing(20, 10));
    expect(await failure(log, racing(20, 10), { order: 'total' })).toMatch(
      /^The replay came out in another order: the second of these came first\.\n\n {2}one undefined\n {2}two undefined$/,
    );
  });

  it('is which of two of one name comes first, with all that they led to', async () => {
    const racing =
      (...waits: readonly number[]): ReplaySetup =>
      (_, clock) => {
        when('go', () => {
          for (const n of [0, 1, 2]) timer(waits[n]!, clock).subscribe(() => emit('found', n));
        });
        when('found', (n: number) => emit('told', n));
      };
    const log = await record(racing(10, 20, 30), () => emit('go'));
    await expectReplay(log, racing(30, 20, 10));
    expect(await failure(log, racing(30, 20, 10), { order: 'total' })).toContain('another order');
  });

  it('is gate activity, unless it is named', async () => {
    const locked: ReplaySetup = () => {
      when('asked', () => run(mutex('db'), async () => {}));
    };
    const log = await record(locked, () => emit('asked'), { names: ['*', 'rxbaton.gate.*'] });
    await expectReplay(log, () => {});
    const names = ['rxbaton.gate.granted'];
    expect(await failure(log, () => {}, { names })).toContain('1 missing (-)');
    await expectReplay(log, { names, ignore: ['**.at', '**.fence', '**.who'] }, locked);
  });
});

describe('failures of handlers', () => {
  const failing: ReplaySetup = () => {
    when('order_placed', function charge() {
      throw new Error('no money');
    });
  };

  it('are named below the differences', async () => {
    const log = await record(shop, orders);
    expect(await failure(log, failing)).toMatch(
      /\n\nFailures during the replay:\n {2}The handler charge failed on 'order_placed'\. Error: no money\n/,
    );
  });

  it('are compared where they were recorded', async () => {
    const log = await record(failing, () => emit('order_placed', { id: 'a' }), {
      names: ['*', 'rxbaton.handler_failed'],
    });
    await expectReplay(log, failing);
    expect(await failure(log, () => {})).toContain('- rxbaton.handler_failed'.replace('- ', '-   '));
  });

  it('that alerts answer are part of the chain that they belong to', async () => {
    const alerting: ReplaySetup = (coordinator, clock) => {
      failing(coordinator, clock);
      when('rxbaton.handler_failed', ({ name }) => emit('alerted', { name }));
    };
    const log = await record(alerting, () => emit('order_placed', { id: 'a' }));
    await expectReplay(log, alerting);
    expect(await failure(log, failing)).toContain('-   alerted { name: "order_placed" }');
  });
});

describe('causes and names', () => {
  it('are what was led to by nothing else in the recording', async () => {
    const log = await record(shop, orders);
    await log.trim('events', { before: 3 });
    // The charge of the first order is gone: its shipment now stands for itself.
    await expectReplay(log, shop);
  });

  it('can be named: then these are played and all others have to come out', async () => {
    const log = await record(shop, orders);
    const shipping: ReplaySetup = () => {
      when('order_charged', ({ id }) => emit('order_shipped', { id }));
    };
    await expectReplay(log, { causes: ['order_ch*'], names: ['order_shipped'] }, shipping);
    expect(await failure(log, shipping, { causes: ['order_charged'] })).toContain('2 missing (-)');
  });

  it('can be compared in part', async () => {
    const log = await record(shop, orders);
    const half: ReplaySetup = () => {
      when('order_placed', ({ id, total }) => emit('order_charged', { id, total }));
    };
    await expectReplay(log, { names: ['order_charged'] }, half);
    expect(await failure(log, half)).toContain('2 missing (-)');
  });

  it('are those of the stream that is asked for', async () => {
    const log = await record(shop, orders, { stream: 'mine' });
    await expectReplay(log, { stream: 'mine' }, shop);
    await expect(expectReplay(log, shop)).rejects.toThrow(ConfigError);
  });

  it('must be there: a replay of nothing proves nothing', async () => {
    await expect(expectReplay(memoryLog(), shop)).rejects.toThrow(/no causes/);
    await expect(expectReplay(record(shop, orders), { causes: ['order_plcd'] }, shop)).rejects.toThrow(/no causes/);
  });
});

it.each<[string, unknown]>([
  ['an unknown option', { ignored: [] }],
  ['a path that is none', { ignore: ['token'] }],
  ['an order that is none', { order: 'none' }],
  ['names that are no list', { names: 'a' }],
  ['causes that are no list', { causes: /a/ }],
])('refuses %s', async (_, options) => {
  const log = await record(shop, orders);
  await expect(expectReplay(log, options as ExpectReplayOptions, shop)).rejects.toThrow(ConfigError);
});

it('refuses to go without a setup', async () => {
  await expect(expectReplay(memoryLog(), {} as never)).rejects.toThrow(ConfigError);
});
