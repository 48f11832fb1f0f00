import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, map, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ClosedError,
  ConfigError,
  configure,
  configureBroker,
  createCoordinator,
  describeConfig,
  emit,
  LogLockedError,
  memoryLog,
  settled,
  when,
  within,
  type ConfigureBroker,
  type CoordinatorEvent,
  type EventLog,
} from 'rxbaton';
import { fileLog } from 'rxbaton/adapters/file';
import { resetDefault } from 'rxbaton/testing';
import { deferred } from '../support/deferred.ts';
import { environment, restoresEnvironment } from '../support/environment.ts';

restoresEnvironment();
beforeEach(() => {
  environment({});
  resetDefault();
});
afterEach(resetDefault);

/** The data of the events in a log, in order. */
const dataIn = (log: EventLog): Promise<unknown[]> =>
  lastValueFrom(
    log.read('events').pipe(
      map(({ event }) => (event as CoordinatorEvent).data),
      toArray(),
    ),
  );

/** A log whose disk needs a moment for each commit. */
function slow(): EventLog {
  const log = memoryLog();
  return {
    ...log,
    append: async (...given) => {
      await new Promise((resolve) => setImmediate(resolve));
      return log.append(...given);
    },
  };
}

describe('configureBroker', () => {
  it('keeps what is emitted from the call on', async () => {
    emit('a', 0);
    const ready = configureBroker('memory');
    emit('a', 1);
    const log = await ready;
    emit('a', 2);
    await settled();
    expect(await dataIn(log)).toEqual([1, 2]);
  });

  it('moves from one log to another between two events, and keeps the subscriptions', async () => {
    const seen: unknown[] = [];
    when('*', (data) => void seen.push(data));
    const one = await configureBroker('memory');
    emit('a', 1);
    const changed = configureBroker('memory');
    emit('a', 2);
    const two = await changed;
    emit('a', 3);
    await configureBroker('none');
    emit('a', 4);
    await settled();
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(await dataIn(one)).toEqual([1]);
    expect(await dataIn(two)).toEqual([2, 3]);
  });

  it('changes between two events inside a handler too', async () => {
    const one = await configureBroker('memory');
    let changed: Promise<EventLog> | undefined;
    when('change', (data) => {
      emit('a', `${String(data)} before`);
      changed = configureBroker('memory');
      emit('a', `${String(data)} after`);
    });
    emit('change', 'x');
    await settled();
    const two = await changed!;
    const all = [...(await dataIn(one)), ...(await dataIn(two))];
    expect(all).toEqual(['x', 'x before', 'x after']);
  });

  it('leaves events with the old log until the new one is open, and resolves when the old one has all of them', async () => {
    const gate = deferred<EventLog>();
    const disk = deferred();
    const inner = memoryLog();
    const old: EventLog = {
      ...inner,
      append: async (...args) => {
        await disk.promise;
        return inner.append(...args);
      },
    };
    await configureBroker(old);
    let done = false;
    const changed = configureBroker(gate.promise).then((log) => {
      done = true;
      return log;
    });
    emit('a', 1);
    const next = memoryLog();
    gate.resolve(next);
    await gate.promise;
    await Promise.resolve();
    emit('a', 2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    disk.resolve();
    expect(await changed).toBe(next);
    await settled();
    expect([await dataIn(inner), await dataIn(next)]).toEqual([[1], [2]]);
  });

  it('changes nothing when the new log cannot be opened', async () => {
    const log = await configureBroker('memory', { keep: 5 });
    const before = describeConfig();
    const gate = deferred<EventLog>();
    const changed = configureBroker(gate.promise);
    emit('a', 1);
    gate.reject(new Error('no such disk'));
    await expect(changed).rejects.toThrow('no such disk');
    emit('a', 2);
    await settled();
    expect(await dataIn(log)).toEqual([1, 2]);
    expect(describeConfig()).toEqual(before);
  });

  it('takes calls one after the other, also when one of them fails', async () => {
    const [first, second] = [deferred<EventLog>(), deferred<EventLog>()];
    const logs = [memoryLog(), memoryLog(), memoryLog()] as const;
    await configureBroker(logs[0]);
    const one = configureBroker(first.promise);
    const two = configureBroker(second.promise);
    const three = configureBroker(logs[1]);
    const four = configureBroker('none');
    const five = configureBroker(logs[2]);
    second.resolve(logs[0]);
    emit('a', 1);
    first.reject(new Error('no'));
    await expect(one).rejects.toThrow('no');
    expect(await Promise.all([two, three, four, five])).toEqual([logs[0], logs[1], null, logs[2]]);
    emit('a', 2);
    await settled();
    expect(await Promise.all(logs.map(dataIn))).toEqual([[1], [], [2]]);
  });

  it('keeps the order when it goes on in the same log with other options', async () => {
    const log = slow();
    await configureBroker(log);
    emit('a', 1);
    await new Promise((resolve) => setImmediate(resolve));
    emit('a', 2);
    void configureBroker(log, { redact: ['**.secret'] });
    emit('a', 3);
    await settled();
    expect(await dataIn(log)).toEqual([1, 2, 3]);
  });

  it('closes no log of yours', async () => {
    const log = memoryLog();
    await configureBroker(log);
    await configureBroker('none');
    await expect(log.append('x', [1])).resolves.toMatchObject({ lastSeq: 1 });
  });

  it('means the coordinator of the running code', async () => {
    const coordinator = createCoordinator();
    const log = await within(coordinator, () => configureBroker('memory'));
    emit('a', 'default');
    coordinator.emit('a', 'its own');
    await coordinator.settled();
    expect(await dataIn(log)).toEqual(['its own']);
    expect(within(coordinator, describeConfig).backend).toMatchObject({ value: 'memory', from: 'explicit' });
    expect(describeConfig().backend).toEqual({ value: 'none', from: 'default' });
  });

  it('is told apart from a log that the coordinator was made with', async () => {
    const backend = (): unknown => describeConfig().backend;
    configure({ log: memoryLog() });
    expect(backend()).toEqual({ value: 'custom', from: 'explicit', by: 'configure()' });
    const coordinator = createCoordinator({ log: memoryLog(), logger: console });
    await within(coordinator, async () => {
      expect(backend()).toEqual({ value: 'custom', from: 'explicit', by: 'createCoordinator()' });
      expect(describeConfig().logger).toEqual({ value: 'yours', from: 'explicit', by: 'createCoordinator()' });
      await configureBroker('none');
      expect(backend()).toEqual({ value: 'none', from: 'explicit', by: 'configureBroker()' });
    });
  });

  it('keeps the last `keep` events in memory, 10,000 by default', async () => {
    const log = await configureBroker('memory', { keep: 2 });
    for (let i = 0; i < 5; i++) emit('a', i);
    await settled();
    expect(await dataIn(log)).toEqual([3, 4]);
    const usual = await configureBroker('memory');
    await usual.append(
      'x',
      Array.from({ length: 10_001 }, (_, i) => i),
    );
    expect(await usual.head('x')).toMatchObject({ firstSeq: 2 });
  });

  it('hands the options of `persist` on', async () => {
    const log = await configureBroker('memory', { stream: 'bus' });
    emit('a');
    await settled();
    expect(await log.head('bus')).toMatchObject({ lastSeq: 1 });
    const own = memoryLog();
    await configureBroker(own, { stream: 'mine' });
    emit('a');
    await settled();
    expect(await own.head('mine')).toMatchObject({ lastSeq: 1 });
  });

  it.each([
    ['fiel', {}, "one of 'memory', 'file', 'redis', 'none', not \"fiel\". Did you mean 'file'?"],
    ['inmemory', {}, "Did you mean 'memory'?"],
    [undefined, {}, "one of 'memory', 'file', 'redis', 'none', not undefined"],
    [{}, {}, 'configureBroker(log) needs a log, or the promise of one'],
    [{ then: 1 }, {}, 'needs a log, or the promise of one'],
    ['memory', { kep: 1 }, "configureBroker('memory') has no option 'kep'. It has: keep"],
    ['memory', { keep: 0 }, "configureBroker('memory').keep must be a positive integer"],
    ['memory', { directory: 'x' }, "has no option 'directory'"],
    ['file', { dir: 'x' }, "configureBroker('file') has no option 'dir'. It has: directory"],
    ['file', { directory: '' }, "configureBroker('file').directory must be a text that is not empty"],
    ['none', { keep: 1 }, "configureBroker('none') has no option 'keep'. It has none."],
    ['redis', { uri: 'x' }, "configureBroker('redis') has no option 'uri'. It has: url, password, database, prefix"],
    ['redis', { url: 'http://u:geheim@h' }, "configureBroker('redis').url must be a URL with a host"],
    ['redis', { password: 5 }, "configureBroker('redis').password must be a text"],
    ['redis', { database: 16 }, "configureBroker('redis').database must be an integer from 0 to 15"],
    ['redis', { prefix: '' }, "configureBroker('redis').prefix must be a text of 1 to 50 characters"],
    ['redis', { url: 'redis://h' }, 'There is no log in Redis in this version'],
    ['none', null, 'takes an object of options'],
    ['redis://:geheim@h', {}, "one of 'memory', 'file', 'redis', 'none', not redis://:***@h"],
    ['memory', { durability: 'sync' }, "cannot promise the durability 'sync'"],
  ])('refuses %o with %o at once', (to, options, message) => {
    const call = (): unknown => configureBroker(to as never, options as never);
    expect(call).toThrow(message);
    expect(call).toThrow(ConfigError);
    expect(call).not.toThrow('geheim');
  });

  it('refuses a log on its way that cannot promise the durability, and changes nothing', async () => {
    const log = await configureBroker('memory');
    await expect(configureBroker(Promise.resolve(memoryLog()), { durability: 'sync' })).rejects.toThrow(ConfigError);
    emit('a', 1);
    await settled();
    expect(await dataIn(log)).toEqual([1]);
  });

  it('takes the failure of a log that waits for its turn for its own', async () => {
    const first = deferred<EventLog>();
    const one = configureBroker(first.promise);
    const two = configureBroker(Promise.reject(new Error('no')));
    const refused = expect(two).rejects.toThrow('no');
    await new Promise(setImmediate);
    first.resolve(memoryLog());
    await one;
    await refused;
  });

  it('leaves a refusal that nobody waits for to be an unhandled rejection', async () => {
    const { promise, reject } = deferred<EventLog>();
    const unhandled = new Promise((resolve) => process.once('unhandledRejection', resolve));
    const listeners = process.listeners('unhandledRejection').slice(0, -1);
    for (const each of listeners) process.off('unhandledRejection', each);
    try {
      await configureBroker('memory');
      void configureBroker(promise);
      reject(new Error('nobody'));
      expect(await unhandled).toMatchObject({ message: 'nobody' });
    } finally {
      for (const each of listeners) process.on('unhandledRejection', each);
    }
  });
});

describe('in files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rxbaton-broker-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Each test has a coordinator of its own, and closes it. */
  async function lab(
    body: (tools: { emit(n: number): void; to: ConfigureBroker; done(): Promise<void> }) => Promise<void>,
  ) {
    const coordinator = createCoordinator();
    const to = ((...given: Parameters<ConfigureBroker>) =>
      within(coordinator, () => configureBroker(...given))) as ConfigureBroker;
    await body({ emit: (n) => void coordinator.emit('n', n), to, done: () => coordinator.settled() });
    await coordinator.close();
  }

  async function dataAt(directory: string): Promise<unknown[]> {
    const log = await fileLog({ directory });
    const data = await dataIn(log);
    await log.close();
    return data;
  }

  it('moves from folder to folder, and lets go of the old one', async () => {
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    await lab(async ({ emit, to }) => {
      void to('file', { directory: a });
      emit(1);
      const changed = to('file', { directory: b });
      emit(2);
      await changed;
      emit(3);
      expect(await dataAt(a)).toEqual([1, 2]);
    });
    expect(await dataAt(b)).toEqual([3]);
  });

  it('goes on in the same folder with other options', async () => {
    await lab(async ({ emit, to }) => {
      void to('file', { directory: folder });
      emit(1);
      const changed = to('file', { directory: folder, fsync: 'never' });
      emit(2);
      expect((await changed).capabilities.durability).toEqual(['memory']);
      emit(3);
    });
    expect(await dataAt(folder)).toEqual([1, 2, 3]);
  });

  it('goes back to the same folder when it cannot be opened with other options', async () => {
    await lab(async ({ emit, to, done }) => {
      await to('file', { directory: folder });
      emit(1);
      const changed = to('file', { directory: folder, fsync: 'alwys' as never });
      emit(2);
      await expect(changed).rejects.toThrow("fileLog.fsync must be one of 'always'");
      emit(3);
      await done();
    });
    expect(await dataAt(folder)).toEqual([1, 2, 3]);
  });

  it('stays where it was when a folder belongs to somebody else', async () => {
    const [mine, theirs] = [join(folder, 'mine'), join(folder, 'theirs')];
    const other = await fileLog({ directory: theirs });
    await lab(async ({ emit, to }) => {
      await to('file', { directory: mine });
      const changed = to('file', { directory: theirs });
      emit(1);
      await expect(changed).rejects.toBeInstanceOf(LogLockedError);
      emit(2);
    });
    await other.close();
    expect([await dataAt(mine), await dataAt(theirs)]).toEqual([[1, 2], []]);
  });

  it('opens nothing for a coordinator that is closed, and closes what it opens for one that closes meanwhile', async () => {
    const coordinator = createCoordinator();
    const to = (directory: string): Promise<unknown> =>
      within(coordinator, () => configureBroker('file', { directory: join(folder, directory) }));
    await to('first');
    const late = expect(to('late')).rejects.toThrow(ClosedError);
    await coordinator.close();
    await late;
    await expect(to('later')).rejects.toThrow(ClosedError);
    for (const each of ['first', 'late', 'later']) expect(await dataAt(join(folder, each))).toEqual([]);
  });

  it('refuses files that cannot promise the durability, and lets go of them', () =>
    lab(async ({ emit, to, done }) => {
      const wanted = { directory: folder, fsync: 'never', durability: 'sync' } as const;
      await expect(to('file', wanted)).rejects.toThrow(ConfigError);
      await to('file', { directory: folder });
      emit(1);
      await done();
      await to('none');
      expect(await dataAt(folder)).toEqual([1]);
    }));

  it('close() of the coordinator writes what is pending and lets go of the folder', async () => {
    await lab(async ({ emit, to }) => {
      void to('file', { directory: folder });
      for (let i = 1; i <= 100; i++) emit(i);
    });
    expect(await dataAt(folder)).toHaveLength(100);
  });
});

type Step = { emit: number } | { to: 'log' | 'pending' | 'failing' | 'again' } | { turn: true };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ emit: fc.integer({ min: 1, max: 3 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({ to: fc.constantFrom('log' as const, 'pending', 'failing', 'again') }),
    },
    { weight: 2, arbitrary: fc.constant({ turn: true as const }) },
  ),
  { maxLength: 30 },
);

it('through any changes, each event is in one log, in order, and every subscriber gets all', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const coordinator = createCoordinator({ onError: (error) => expect.fail(String(error)) });
      const logs: EventLog[] = [slow()];
      const seen: unknown[] = [];
      coordinator.when('n', (data) => void seen.push(data));
      const choose = (to: EventLog | PromiseLike<EventLog>): Promise<unknown> =>
        within(coordinator, () => configureBroker(to));
      const pending: Promise<unknown>[] = [choose(logs[0]!)];
      let emitted = 0;
      for (const step of plan) {
        if ('emit' in step) for (let i = 0; i < step.emit; i++) coordinator.emit('n', ++emitted);
        else if ('turn' in step) await new Promise((resolve) => setImmediate(resolve));
        else {
          const log = slow();
          logs.push(log);
          const later = new Promise<EventLog>((resolve, reject) => {
            setImmediate(() => {
              if (step.to === 'failing') reject(new Error('planned'));
              else resolve(log);
            });
          });
          if (step.to === 'log') pending.push(choose(log));
          else if (step.to === 'again') pending.push(choose(logs[logs.length - 2]!));
          else if (step.to === 'pending') pending.push(choose(later));
          else pending.push(choose(later).catch(() => undefined));
        }
      }
      await Promise.all(pending);
      await coordinator.settled();
      const kept = (await Promise.all(logs.map(dataIn))) as number[][];
      for (const each of kept) expect(each).toEqual([...each].sort((a, b) => a - b));
      expect(kept.flat().sort((a, b) => a - b)).toEqual(seen);
      expect(seen).toEqual(Array.from({ length: emitted }, (_, i) => i + 1));
    }),
  );
});
