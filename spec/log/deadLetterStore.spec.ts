import { afterEach, describe, expect, it } from 'vitest';
import { fc, test } from '@fast-check/vitest';
import { lastValueFrom, toArray } from 'rxjs';
import { createCoordinator, type Coordinator, type CoordinatorOptions, type DeadLetter, type EventLog } from 'rxbaton';
import type { CoordinatorKernel } from '../../lib/events/CoordinatorKernel.ts';
import { deadLetterStore } from '../../lib/log/deadLetterStore.ts';
import { memoryLog } from '../../lib/log/memoryLog.ts';
import { persist, type PersistOptions } from '../../lib/log/persist.ts';

const broken = (): never => {
  throw new Error('broken');
};

const open: Coordinator[] = [];
afterEach(async () => {
  for (const coordinator of open.splice(0)) await coordinator.close({ deadline: 0 });
});

/** A process: what a coordinator with this log knows. */
function process(log: EventLog, options: CoordinatorOptions = {}, encode?: (event: unknown) => string) {
  const errors: string[] = [];
  const coordinator = createCoordinator({ onError: (error) => errors.push(String(error)), ...options });
  open.push(coordinator);
  const box = (coordinator as unknown as CoordinatorKernel).deadLetters;
  const store = deadLetterStore(log, { limit: box.limit, ...(encode === undefined ? {} : { encode }) });
  const leave = box.keepIn(store);
  return { ...coordinator, errors, leave };
}

const stored = async (log: EventLog): Promise<readonly unknown[]> =>
  (await lastValueFrom(log.read('dead-letters').pipe(toArray()))).map(({ event }) => event);

const numbers = async ({ deadLetters }: Pick<Coordinator, 'deadLetters'>): Promise<unknown[]> =>
  (await deadLetters.list()).map(({ event }) => event.data);

describe('dead letters in a log', () => {
  it('outlive the process: the next one lists them and can replay them into the handler of that name', async () => {
    const log = memoryLog();
    const before = process(log);
    before.when('order', function charge() {
      broken();
    });
    before.emit('order', { at: new Date(5), tags: new Set(['a']) }, { sender: 'shop' });
    await before.settled();
    const letters = await before.deadLetters.list();
    await before.close();

    const after = process(log);
    expect(await after.deadLetters.list()).toEqual(letters);
    const seen: unknown[] = [];
    after.when('order', function charge(data, { id }) {
      seen.push(data, id);
    });
    expect(await after.deadLetters.replay('all')).toEqual({ handled: 1, failed: 0, left: 0 });
    expect(seen).toEqual([{ at: new Date(5), tags: new Set(['a']) }, letters[0]?.event.id]);
    await after.close();
    expect(await process(log).deadLetters.list()).toEqual([]);
  });

  it('are written when settled() resolves', async () => {
    const log = memoryLog();
    const { when, emit, settled } = process(log);
    when('order', broken);
    emit('order', 1);
    await settled();
    expect(await stored(log)).toEqual([
      { name: 'dead_letter_kept', letter: expect.objectContaining({ handler: 'broken', failures: 1 }) },
    ]);
  });

  it('that failed again, or were discarded, are so in the next process too', async () => {
    const log = memoryLog();
    const { when, emit, settled, deadLetters } = process(log);
    when('order', broken);
    for (let i = 0; i < 3; i++) emit('order', i);
    await settled();
    const [first, second] = await deadLetters.list();
    await deadLetters.replay(first!.id);
    await deadLetters.discard(second!.id);
    const after = await process(log).deadLetters.list();
    expect(after.map(({ event, failures }) => [event.data, failures])).toEqual([
      [0, 2],
      [2, 1],
    ]);
  });

  it('of earlier runs come first and count for the bound', async () => {
    const log = memoryLog();
    const before = process(log);
    before.when('order', broken);
    for (let i = 0; i < 3; i++) before.emit('order', i);
    await before.settled();
    const after = process(log, { deadLetters: 4 });
    after.when('order', broken);
    after.emit('order', 3);
    after.emit('order', 4);
    await after.settled();
    expect(await numbers(after)).toEqual([1, 2, 3, 4]);
    expect(await numbers(process(log, { deadLetters: 4 }))).toEqual([1, 2, 3, 4]);
  });

  it('that were let go for newer ones do not come back, also when those are gone', async () => {
    const log = memoryLog();
    const { when, emit, settled, deadLetters } = process(log, { deadLetters: 2 });
    when('order', broken);
    for (let i = 0; i < 3; i++) {
      emit('order', i);
      await settled();
    }
    const [, last] = await deadLetters.list();
    await deadLetters.discard(last!.id);
    expect(await numbers({ deadLetters })).toEqual([1]);
    expect(await numbers(process(log, { deadLetters: 2 }))).toEqual([1]);
  });

  it('leave no trace behind for ever: a start writes anew what is mostly about the past', async () => {
    const log = memoryLog();
    const { when, emit, settled, deadLetters } = process(log);
    when('order', broken);
    for (let i = 0; i < 100; i++) emit('order', i);
    await settled();
    for (const { id, event } of await deadLetters.list()) if (event.data !== 50) await deadLetters.discard(id);
    expect(await stored(log)).toHaveLength(199);
    expect(await numbers(process(log))).toEqual([50]);
    expect(await stored(log)).toEqual([expect.objectContaining({ name: 'dead_letter_kept' })]);
    const again = process(log);
    expect(await again.deadLetters.discard('all')).toBe(1);
    expect(await numbers(process(log))).toEqual([]);
    expect(await stored(log)).toEqual([]);
    expect(await numbers(process(log))).toEqual([]);
  });

  it('of two coordinators in one log: neither loses what the other has to say', async () => {
    const log = memoryLog();
    const one = process(log);
    one.when('order', broken);
    for (let i = 0; i < 9; i++) one.emit('order', i);
    await one.settled();
    for (const { id, event } of (await one.deadLetters.list()).slice(1))
      if (event.data !== 8) await one.deadLetters.discard(id);
    // It speaks while the other one has read what there was, and is about to write that anew.
    const [said] = await one.deadLetters.list();
    const between: EventLog = {
      ...log,
      append: async (...given) => {
        if (said !== undefined) await one.deadLetters.discard(said.id).catch(() => {});
        return log.append(...given);
      },
    };
    expect(await numbers(process(between))).toEqual([0, 8]);
    expect(await numbers(process(log))).toEqual([8]);
  });

  it('that were there before the log go to it', async () => {
    const log = memoryLog();
    const coordinator = createCoordinator({ onError: () => {} });
    open.push(coordinator);
    coordinator.when('order', broken);
    coordinator.emit('order', 1);
    await coordinator.settled();
    const box = (coordinator as unknown as CoordinatorKernel).deadLetters;
    box.keepIn(deadLetterStore(log, { limit: 10 }));
    await coordinator.settled();
    expect(await numbers(process(log))).toEqual([1]);
  });

  it('go there no more when that has ended', async () => {
    const log = memoryLog();
    const { when, emit, settled, leave } = process(log);
    when('order', broken);
    emit('order', 1);
    await settled();
    leave();
    emit('order', 2);
    await settled();
    expect(await numbers(process(log))).toEqual([1]);
  });

  it('say what cannot be written by its type', async () => {
    const log = memoryLog();
    const before = process(log);
    before.when('order', broken);
    before.emit('order', { client: () => {}, id: 1 });
    await before.settled();
    expect(before.errors).toEqual(['Error: broken']);
    expect(await numbers(process(log))).toEqual([{ client: expect.anything(), id: 1 }]);
  });

  it('are read when somebody asks, and not before', async () => {
    const log = memoryLog();
    const before = process(log);
    before.when('order', broken);
    before.emit('order', 1);
    await before.settled();
    let reads = 0;
    const counted: EventLog = { ...log, read: (...args) => (reads++, log.read(...args)) };
    const after = process(counted);
    after.when('order', broken);
    after.emit('order', 2);
    await after.settled();
    expect(reads).toBe(0);
    expect(await numbers(after)).toEqual([1, 2]);
    expect(await numbers(after)).toEqual([1, 2]);
    expect(reads).toBe(1);
  });

  it('are those of persist: in its log, with what it redacts, as long as it persists', async () => {
    const log = memoryLog();
    const start = (options: PersistOptions = {}) => {
      const coordinator = createCoordinator({ onError: () => {} });
      open.push(coordinator);
      coordinator.when('order', broken);
      return { ...coordinator, persisted: persist(coordinator, Promise.resolve(log), options) };
    };
    const one = start({ redact: ['data.card'] });
    one.emit('order', { card: '4111' });
    await one.settled();
    await one.persisted.stop();
    one.emit('order', 'too late');
    await one.settled();
    expect(await numbers(start())).toEqual([{ card: '[redacted]' }]);
    expect(await numbers(start({ stream: 'mine' }))).toEqual([]);
    const mine = start({ stream: 'mine' });
    mine.emit('order', 5);
    await mine.settled();
    expect(await numbers(start({ stream: 'mine' }))).toEqual([5]);
    expect(await lastValueFrom(log.streams().pipe(toArray()))).toEqual([
      'dead-letters',
      'events',
      'mine',
      'mine.dead-letters',
    ]);
  });

  it('that are under way are there when persisting has stopped: the log may be closed', async () => {
    const log = memoryLog();
    const slow: EventLog = {
      ...log,
      append: async (...given) => {
        await new Promise(setImmediate);
        return log.append(...given);
      },
    };
    const errors: string[] = [];
    const coordinator = createCoordinator({ onError: (error) => errors.push(String(error)) });
    open.push(coordinator);
    const persistence = persist(coordinator, slow, { names: 'nothing' });
    coordinator.when('order', broken);
    coordinator.emit('order', 1);
    await Promise.resolve();
    coordinator.emit('order', 2);
    await persistence.stop();
    expect(await stored(log)).toHaveLength(2);
    await log.close();
    await coordinator.settled();
    expect(errors).toEqual(['Error: broken', 'Error: broken']);
  });

  it('that are forgotten while the log is read do not come back', async () => {
    const log = memoryLog();
    const before = process(log);
    before.when('order', broken);
    before.emit('order', 1);
    before.emit('order', 2);
    await before.settled();
    const [first] = await before.deadLetters.list();
    const store = deadLetterStore(log, { limit: 10 });
    const loading = store.load();
    void store.forget([first!.id]);
    expect((await loading).map(({ event }) => event.data)).toEqual([2]);
  });

  it('are not kept by persist where none are kept at all', async () => {
    const log = memoryLog();
    const coordinator = createCoordinator({ onError: () => {}, deadLetters: 0 });
    open.push(coordinator);
    persist(coordinator, log);
    coordinator.when('order', broken);
    coordinator.emit('order', 1);
    await coordinator.settled();
    expect(await lastValueFrom(log.streams().pipe(toArray()))).toEqual(['events']);
  });

  it('are encoded as they are told to be', async () => {
    const log = memoryLog();
    const before = process(log, {}, () => '{"id":"x","name":"order","data":"hidden"}');
    before.when('order', broken);
    before.emit('order', 'secret');
    await before.settled();
    expect(await numbers(process(log))).toEqual(['hidden']);
  });
});

describe('a log that fails', () => {
  /** Fails as long as it is told to. */
  function failing() {
    const log = memoryLog();
    const state = { broken: true };
    const append: EventLog['append'] = (...args) =>
      state.broken ? Promise.reject(new Error('disk full')) : log.append(...args);
    return { log, state, failing: { ...log, append } as EventLog };
  }

  it('is reported, and changes nothing in memory; what it missed goes with the next write', async () => {
    const { log, state, failing: bad } = failing();
    const { when, emit, settled, deadLetters, errors } = process(bad);
    when('order', broken);
    emit('order', 1);
    emit('order', 2);
    await settled();
    expect(new Set(errors)).toEqual(new Set(['Error: broken', 'Error: disk full']));
    expect(await numbers({ deadLetters })).toEqual([1, 2]);
    const [first] = await deadLetters.list();
    await deadLetters.discard(first!.id);
    state.broken = false;
    emit('order', 3);
    await settled();
    expect(await numbers(process(log))).toEqual([2, 3]);
  });

  it('does not fill the memory with what it missed', async () => {
    const { log, state, failing: bad } = failing();
    const { when, emit, settled } = process(bad, { deadLetters: 3 });
    when('order', broken);
    for (let i = 0; i < 50; i++) emit('order', i);
    await settled();
    state.broken = false;
    emit('order', 50);
    await settled();
    expect(await stored(log)).toHaveLength(3);
    expect(await numbers(process(log, { deadLetters: 3 }))).toEqual([48, 49, 50]);
  });

  it('when it is read, keeps nobody from using what is in memory', async () => {
    const log = memoryLog();
    await log.close();
    const { when, emit, settled, deadLetters, errors } = process(log);
    when('order', broken);
    emit('order', 1);
    await settled();
    expect(await numbers({ deadLetters })).toEqual([1]);
    expect(errors.some((error) => error.startsWith('ClosedError'))).toBe(true);
  });
});

/** One command after the other; whatever they are, a new process knows what the old one knew. */
const command = fc.oneof(
  { weight: 4, arbitrary: fc.constant('fail' as const) },
  fc.record({ discard: fc.nat(5) }),
  fc.record({ replay: fc.nat(5), works: fc.boolean() }),
  fc.constant('restart' as const),
  fc.constant('settle' as const),
);

test.prop([fc.array(command, { maxLength: 40 }), fc.integer({ min: 1, max: 6 })])(
  'a new process knows what the old one knew',
  async (commands, deadLetters) => {
    const log = memoryLog();
    const expected: number[] = [];
    let works = false;
    let count = 0;
    const start = (): ReturnType<typeof process> => {
      const started = process(log, { deadLetters });
      started.when('order', function charge() {
        if (!works) broken();
      });
      return started;
    };
    let here = start();
    const idAt = async (index: number): Promise<DeadLetter | undefined> => (await here.deadLetters.list())[index];
    for (const one of commands) {
      if (one === 'fail') {
        works = false;
        here.emit('order', ++count);
        expected.push(count);
        if (expected.length > deadLetters) expected.shift();
      } else if (one === 'restart') {
        await here.settled();
        here = start();
      } else if (one === 'settle') await here.settled();
      else if ('discard' in one) {
        const letter = await idAt(one.discard);
        if (letter !== undefined) await here.deadLetters.discard(letter.id);
        expected.splice(one.discard, 1);
      } else {
        const letter = await idAt(one.replay);
        works = one.works;
        if (letter !== undefined) await here.deadLetters.replay(letter.id);
        if (works) expected.splice(one.replay, 1);
      }
    }
    await here.settled();
    expect(await numbers(here)).toEqual(expected);
    expect(await numbers(start())).toEqual(expected);
  },
);
