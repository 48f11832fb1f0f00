import fc from 'fast-check';
import { firstValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  ClosedError,
  ConfigError,
  createCoordinator,
  LogUnavailableError,
  memoryLog,
  persist,
  type Coordinator,
  type CoordinatorEvent,
  type EventLog,
  type PersistFailed,
  type PersistOptions,
  type Receipt,
} from 'rxbaton';
import { virtualTime } from 'rxbaton/testing';
import { brokerOf } from '../../lib/events/broker.ts';
import type { CoordinatorKernel } from '../../lib/events/CoordinatorKernel.ts';
import { brokenLog, type BrokenLog } from '../support/brokenLog.ts';
import { deferred } from '../support/deferred.ts';
import { runs } from '../support/runs.ts';

type Outcome = 'not-applied' | 'unknown';

const away = (outcome: Outcome = 'not-applied'): LogUnavailableError =>
  new LogUnavailableError('The store does not answer.', { details: { outcome } });

function make() {
  const errors: unknown[] = [];
  const clock = virtualTime();
  const coordinator: Coordinator = createCoordinator({ clock, onError: (error) => errors.push(error) });
  return { ...coordinator, coordinator, clock, errors };
}

const data = async (log: EventLog): Promise<unknown[]> =>
  (await firstValueFrom(log.read('events').pipe(toArray()))).map(({ event }) => (event as CoordinatorEvent).data);

/** Each append in turn does what the list says; then all goes well. */
function script(log: BrokenLog, ...steps: ((append: () => Promise<Receipt>) => Promise<Receipt>)[]): void {
  log.next = (append) => (steps.shift() ?? ((go) => go()))(append);
}

const fails = (error: Error) => (): Promise<Receipt> => Promise.reject(error);
const loses =
  (error: unknown) =>
  async (append: () => Promise<Receipt>): Promise<Receipt> => {
    await append();
    throw error;
  };

describe('a log that cannot be reached', () => {
  it('is asked again by the clock, in order, while events wait', async () => {
    const { coordinator, emit, clock, errors, settled } = make();
    const log = brokenLog(memoryLog());
    script(log, fails(away()), fails(away()));
    const persistence = persist(coordinator, log, { retry: { attempts: 3, delay: 100, factor: 3 } });
    emit('a', 1);
    await clock.advance(50);
    emit('a', 2);
    await clock.advance(49);
    expect(log.appends).toHaveLength(1);
    await clock.advance(1);
    expect(log.appends).toHaveLength(2);
    await clock.advance(299);
    expect([log.appends.length, persistence.pending]).toEqual([2, 2]);
    await clock.advance(1);
    await settled();
    expect(await data(log)).toEqual([1, 2]);
    expect(errors).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('is given up at last, and what comes later is kept', async () => {
    const { coordinator, emit, when, clock, errors, settled } = make();
    const log = brokenLog(memoryLog());
    const failed: PersistFailed[] = [];
    when('rxbaton.persist_failed', (lost: PersistFailed) => failed.push(lost));
    script(log, fails(away()), fails(away()));
    const persistence = persist(coordinator, log, { retry: 2 });
    emit('a', 1);
    emit('b', 2);
    await clock.flush();
    await settled();
    emit('a', 3);
    await settled();
    expect(await data(log)).toEqual([3]);
    expect(errors).toEqual([expect.any(LogUnavailableError)]);
    expect(failed).toMatchObject([{ events: 2, names: ['a', 'b'], lost: 2, error: { code: 'RXB_LOG_UNAVAILABLE' } }]);
    expect([persistence.kept, persistence.lost]).toEqual([1, 2]);
  });

  it('gets half a minute by default', async () => {
    const { coordinator, emit, clock, settled } = make();
    const log = brokenLog(memoryLog());
    log.next = fails(away());
    const persistence = persist(coordinator, log);
    emit('a');
    await clock.flush();
    await settled();
    expect(log.appends).toHaveLength(10);
    expect(clock.now()).toBe(100 + 200 + 400 + 800 + 1_600 + 3_200 + 6_400 + 10_000 + 10_000);
    expect(persistence.lost).toBe(1);
  });

  it('any other refusal is final', async () => {
    const { coordinator, emit, errors, settled } = make();
    const log = brokenLog(memoryLog());
    persist(coordinator, log);
    await log.append('events', [], { close: true });
    emit('a');
    await settled();
    expect(errors.map((error) => (error as Error).name)).toEqual(['LogClosedError']);
  });

  it('a retry that throws is a failure of these events alone', async () => {
    const { coordinator, emit, errors, settled } = make();
    const log = brokenLog(memoryLog());
    script(log, fails(away()));
    persist(coordinator, log, {
      retry: {
        attempts: 2,
        when: () => {
          throw new Error('when');
        },
      },
    });
    emit('a', 1);
    await settled();
    emit('a', 2);
    await settled();
    expect(errors.map(String)).toEqual(['Error: when']);
    expect(await data(log)).toEqual([2]);
  });
});

describe('an unknown outcome', () => {
  it.each([
    ['that was good', loses(away('unknown'))],
    ['that was bad', fails(away('unknown'))],
  ])('%s: the events are there once', async (_, step) => {
    const { coordinator, emit, clock, settled } = make();
    const log = brokenLog(memoryLog());
    await log.append('events', [{ name: 'of somebody else', data: 0 }]);
    script(log, (append) => append(), step, fails(away()), step);
    const persistence = persist(coordinator, log);
    emit('a', 1);
    await settled();
    emit('a', { stop: new Date(2), opaque: undefined });
    emit('a', 3);
    await clock.flush();
    await settled();
    expect(await data(log)).toEqual([0, 1, { stop: new Date(2), opaque: undefined }, 3]);
    expect(persistence.kept).toBe(3);
    expect(log.appends.every(({ options }) => options?.commitId === undefined)).toBe(true);
  });

  it('of the very first commit, with what stands for what cannot be written', async () => {
    const { coordinator, emit, clock, settled } = make();
    const log = brokenLog(memoryLog());
    const ask = coordinator.coordinate('ask', async (_stop: () => void) => () => {});
    script(log, loses(away('unknown')));
    persist(coordinator, log);
    await ask(() => {});
    emit('a');
    await clock.flush();
    await settled();
    const names = (await firstValueFrom(log.read('events').pipe(toArray()))).map(
      ({ event }) => (event as { name: string }).name,
    );
    expect(names).toEqual(['ask_started', 'ask_complete', 'a']);
  });

  it('is repeated with the same commitId where answers may be late', async () => {
    const { coordinator, emit, clock, settled } = make();
    const log = brokenLog(memoryLog(), { multiWriter: true });
    script(log, loses(away('unknown')), loses(away('unknown')));
    persist(coordinator, log);
    emit('a', 1);
    await clock.flush();
    await settled();
    emit('a', 2);
    await settled();
    expect(await data(log)).toEqual([1, 2]);
    const ids = log.appends.map(({ options }) => options?.commitId);
    expect(ids).toEqual([expect.any(String), ids[0], ids[0], expect.any(String)]);
    expect(ids[3]).not.toBe(ids[0]);
  });
});

it('whatever happens to the log: once each, in order, or lost and told', async () => {
  const step = fc.constantFrom('well', 'fails', 'fails unknown', 'loses the answer', 'refuses');
  const turns = fc.array(fc.tuple(fc.nat(3), fc.nat(120)), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(step), turns, fc.boolean(), async (steps, emitted, multiWriter) => {
      const { coordinator, emit, clock, errors, settled, when } = make();
      const lost: number[] = [];
      when('rxbaton.persist_failed', ({ events }: PersistFailed) => lost.push(events));
      const log = brokenLog(memoryLog(), { multiWriter });
      const acts = {
        well: (append: () => Promise<Receipt>) => append(),
        fails: fails(away()),
        'fails unknown': fails(away('unknown')),
        'loses the answer': loses(away('unknown')),
        refuses: fails(new RangeError('no')),
      };
      script(log, ...steps.map((name) => acts[name]));
      const persistence = persist(coordinator, log, { retry: { attempts: 4, delay: 10 } });
      let n = 0;
      for (const [count, wait] of emitted) {
        for (let i = 0; i < count; i++) emit('a', ++n);
        await clock.advance(wait);
      }
      await clock.flush();
      await settled();
      const there = (await data(log)) as number[];
      expect(there).toEqual([...new Set(there)].sort((a, b) => a - b));
      expect(persistence.pending).toBe(0);
      expect(persistence.kept + persistence.lost).toBe(n);
      expect(persistence.lost).toBe(lost.reduce((a, b) => a + b, 0));
      // What was given up with an unknown outcome may be there all the same.
      expect(there.length).toBeGreaterThanOrEqual(persistence.kept);
      if (errors.length === 0) expect(there).toHaveLength(n);
    }),
    { numRuns: runs(150) },
  );
}, 120_000);

describe('the end', () => {
  it('settled waits until everything is in the log', async () => {
    const { coordinator, emit, settled } = make();
    const log = brokenLog(memoryLog());
    const gate = deferred();
    log.next = (append) => gate.promise.then(append);
    persist(coordinator, log);
    emit('a', 1);
    let done = false;
    const waiting = settled().then(() => (done = true));
    await new Promise(setImmediate);
    expect(done).toBe(false);
    gate.resolve();
    await waiting;
    expect(await data(log)).toEqual([1]);
  });

  it('close waits too, and ends the subscription', async () => {
    const { coordinator, emit, close } = make();
    const log = memoryLog();
    const persistence = persist(coordinator, log);
    emit('a', 1);
    expect(await close()).toEqual({ aborted: [], dropped: 0 });
    expect(await data(log)).toEqual([1]);
    expect(persistence.closed).toBe(true);
    expect(() => persist(coordinator, log)).toThrow(ClosedError);
    // The log belongs to somebody else.
    await log.append('events', [1]);
  });

  it('close waits no longer than its deadline; what is under way goes on, without another attempt', async () => {
    const { coordinator, emit, close, clock, errors } = make();
    const log = brokenLog(memoryLog());
    log.next = fails(away());
    const persistence = persist(coordinator, log);
    emit('a', 1);
    const closed = close({ deadline: 250 });
    await clock.advance(249);
    expect(log.appends).toHaveLength(2);
    await clock.advance(1);
    expect((await closed).aborted).toEqual(["persist('events')"]);
    await new Promise(setImmediate);
    expect(log.appends).toHaveLength(3);
    expect(errors).toEqual([expect.any(LogUnavailableError)]);
    expect([persistence.lost, persistence.pending, clock.pending]).toEqual([1, 0, 0]);
  });

  it('close waits no longer than its deadline for a log that never answers, whoever has brought it', async () => {
    for (const brings of ['persist', 'createCoordinator', 'configureBroker'] as const) {
      const clock = virtualTime();
      const log = brokenLog(memoryLog());
      log.next = () => new Promise(() => {});
      const coordinator = createCoordinator({ clock, ...(brings === 'createCoordinator' && { log }) });
      if (brings === 'persist') persist(coordinator, log);
      if (brings === 'configureBroker') {
        // As a log in files, which the broker closes.
        const owned = { given: {}, store: log, owned: true, persist: {}, open: () => log };
        await brokerOf(coordinator as unknown as CoordinatorKernel).choose(owned, null);
      }
      const stuck = coordinator.coordinate('stuck', () => new Promise(() => {}));
      stuck().catch(() => {});
      const closed = coordinator.close({ deadline: 250 });
      await clock.advance(250);
      const waited = brings === 'configureBroker' ? ['the log of the broker'] : [];
      expect((await closed).aborted).toEqual(['stuck', "persist('events')", ...waited]);
    }
  });

  it('what an aborted call says last still goes to the log', async () => {
    const { coordinator, close, coordinate } = make();
    const log = memoryLog();
    const persistence = persist(coordinator, log);
    const stuck = coordinate('stuck', () => new Promise(() => {}));
    stuck().catch(() => {});
    await close({ deadline: 0 });
    await persistence.stop();
    expect(
      (await firstValueFrom(log.read('events').pipe(toArray()))).map(({ event }) => (event as { name: string }).name),
    ).toEqual(['stuck_started', 'stuck_cancelled', 'stuck_abandoned']);
  });

  it('unsubscribe lets what was taken arrive, and stop says when', async () => {
    const { coordinator, emit } = make();
    const log = brokenLog(memoryLog());
    const gate = deferred();
    log.next = (append) => gate.promise.then(append);
    const persistence = persist(coordinator, log);
    emit('a', 1);
    let stopped = false;
    const stop = persistence.stop().then(() => (stopped = true));
    emit('a', 2);
    await new Promise(setImmediate);
    expect([persistence.closed, stopped, persistence.pending]).toEqual([true, false, 1]);
    gate.resolve();
    await stop;
    expect(await data(log)).toEqual([1]);
    await persistence.stop();
  });
});

describe('the promise of a log', () => {
  it('events wait for it', async () => {
    const { coordinator, emit, settled } = make();
    const log = memoryLog();
    const open = deferred<EventLog>();
    persist(coordinator, open.promise);
    emit('a', 1);
    await new Promise(setImmediate);
    emit('a', 2);
    open.resolve(log);
    await settled();
    expect(await data(log)).toEqual([1, 2]);
  });

  it('that is broken is told at once, and of all that was to go there', async () => {
    const { coordinator, emit, errors, settled } = make();
    const open = deferred<EventLog>();
    const persistence = persist(coordinator, open.promise);
    open.reject(new RangeError('no directory'));
    await new Promise(setImmediate);
    expect(errors.map(String)).toEqual(['RangeError: no directory']);
    emit('a');
    await settled();
    expect(errors).toHaveLength(2);
    expect(persistence.lost).toBe(1);
  });
});

it('two logs keep the same, each at its own pace', async () => {
  const { coordinator, emit, settled } = make();
  const [fast, slow] = [memoryLog(), brokenLog(memoryLog())];
  const gate = deferred();
  slow.next = (append) => gate.promise.then(append);
  const one = persist(coordinator, fast);
  const two = persist(coordinator, slow);
  emit('a', 1);
  await new Promise(setImmediate);
  expect([one.kept, two.kept]).toEqual([1, 0]);
  gate.resolve();
  await settled();
  expect(await data(slow)).toEqual([1]);
});

describe('an alert that emits', () => {
  it.each<[string, PersistOptions, (log: BrokenLog) => void]>([
    ['on a failure', {}, (log) => (log.next = fails(new RangeError('no')))],
    ['on a full buffer', { maxBuffer: 2 }, (log) => (log.next = () => new Promise(() => {}))],
    [
      'on what was dropped',
      { maxBuffer: 2, overflow: 'drop-newest' },
      (log) => (log.next = () => new Promise(() => {})),
    ],
    [
      'on what it pushes out',
      { maxBuffer: 2, overflow: 'drop-oldest' },
      (log) => (log.next = () => new Promise(() => {})),
    ],
  ])('%s is not told of its own loss, at once or later', async (_, options, breaks) => {
    const { coordinator, emit, when } = make();
    const log = brokenLog(memoryLog());
    breaks(log);
    const persistence = persist(coordinator, log, options);
    let told = 0;
    const alert = async (): Promise<void> => {
      if (told++ > 50) return;
      emit('alert', 'now');
      await Promise.resolve();
      emit('alert', 'later');
    };
    when('rxbaton.persist_failed', alert);
    when('rxbaton.persist_dropped', alert);
    when('alert', (data) => {
      if (data === 'now') emit('of the alert');
    });
    for (let i = 0; i < 3; i++) emit('a');
    await new Promise(setImmediate);
    expect(told).toBe(1);
    const before = persistence.lost;
    emit('a');
    await new Promise(setImmediate);
    expect(told).toBe(2);
    expect(persistence.lost).toBeGreaterThan(before);
  });
});

it('what it says about failures belongs to no call and has no cause', async () => {
  for (const context of ['on', 'off'] as const) {
    const coordinator: Coordinator = createCoordinator({ context, onError: () => {} });
    const told: CoordinatorEvent[] = [];
    coordinator.when('rxbaton.persist_failed').subscribe((event) => told.push(event));
    persist(coordinator, memoryLog());
    coordinator.when('a', () => coordinator.emit('b', () => 1));
    await coordinator.coordinate('call', async () => {
      // In a turn of its own.
      await coordinator.coordinate('inner', async () => {})();
      coordinator.emit('a');
    })();
    await coordinator.settled();
    expect(told).toHaveLength(1);
    expect(told[0]).not.toHaveProperty('runId');
    expect(told[0]).not.toHaveProperty('causationId');
  }
});

describe('refuses', () => {
  it.each<[PersistOptions, RegExp]>([
    [{ colour: 1 } as PersistOptions, /persist\(\) has no option 'colour'/],
    [{ stream: '' }, /stream/],
    [{ names: 7 as never }, /when\(\) needs a name/],
    [{ names: [''] }, /needs a name/],
    [{ maxBuffer: 0 }, /maxBuffer must be a positive integer/],
    [{ overflow: 'block' as never }, /overflow must be one of/],
    [{ record: { args: 1 as never } }, /record\.args must be true or false/],
    [{ record: { result: 1 as never } }, /record\.result must be true or false/],
    [{ record: { results: false } as never }, /record has no option 'results'/],
    [{ durability: 'disk' as never }, /durability must be one of/],
    [{ durability: 'sync' }, /cannot promise the durability 'sync'/],
    [{ retry: 0 }, /retry\.attempts must be a positive integer/],
    [{ onError: 1 as never }, /onError must be a function/],
  ])('%j', (options, message) => {
    const { coordinator } = make();
    expect(() => persist(coordinator, memoryLog(), options)).toThrow(message);
    expect(() => persist(coordinator, memoryLog(), options)).toThrow(ConfigError);
  });

  it('what is no coordinator, and what is no log', () => {
    const { coordinator } = make();
    expect(() => persist({} as never, memoryLog())).toThrow(/needs a coordinator/);
    expect(() => persist(null as never, memoryLog())).toThrow(/needs a coordinator/);
    expect(() => persist(coordinator, {} as never)).toThrow(/needs a log/);
    expect(() => persist(coordinator, undefined as never)).toThrow(/needs a log/);
  });
});
