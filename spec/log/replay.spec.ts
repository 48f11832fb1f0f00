import { describe, expect, it } from 'vitest';
import { fc, test } from '@fast-check/vitest';
import { lastValueFrom, type Observable, of, take, tap, throwError, toArray } from 'rxjs';
import {
  ClosedError,
  ConfigError,
  createCoordinator,
  LogTrimmedError,
  memoryLog,
  replay,
  type CoordinatorEvent,
  type EventLog,
  type Position,
  type ReplayOptions,
} from 'rxbaton';
import { virtualTime } from 'rxbaton/testing';
import { persist } from '../../lib/log/persist.ts';

const event = (seq: number, timestamp: number, name = 'tick'): CoordinatorEvent => ({
  id: `id${seq}`,
  seq,
  name,
  data: { n: seq },
  timestamp,
});

/** A recording of events at these times. */
async function recording(times: readonly number[], names: readonly string[] = []): Promise<EventLog> {
  const log = memoryLog();
  const events = times.map((time, i) => event(i + 1, time, names[i]));
  if (events.length > 0) await log.append('events', events);
  return log;
}

const all = <T>(events: Observable<T>): Promise<T[]> => lastValueFrom(events.pipe(toArray()));
const seqs = async (events: Observable<CoordinatorEvent>): Promise<number[]> =>
  (await all(events)).map(({ seq }) => seq);

describe('replay', () => {
  it('emits the recorded events as they were, and completes', async () => {
    const log = await recording([1_000, 1_500]);
    expect(await all(replay(log))).toEqual([event(1, 1_000), event(2, 1_500)]);
  });

  it('is cold: each subscription reads anew, and none before', async () => {
    const log = await recording([1]);
    let reads = 0;
    const counted: EventLog = { ...log, read: (...args) => (reads++, log.read(...args)) };
    const events = replay(counted);
    expect(reads).toBe(0);
    await all(events);
    await log.append('events', [event(2, 2)]);
    expect(await seqs(events)).toEqual([1, 2]);
    expect(reads).toBe(2);
  });

  it('takes the promise of a log, and fails as it does', async () => {
    expect(await seqs(replay(recording([1, 2])))).toEqual([1, 2]);
    await expect(all(replay(Promise.reject(new Error('no log'))))).rejects.toThrow('no log');
  });

  it('of nothing is nothing', async () => {
    for (const speed of ['instant', 1] as const) {
      expect(await seqs(replay(memoryLog(), { speed }))).toEqual([]);
      expect(await seqs(replay(memoryLog(), { speed, from: new Date() }))).toEqual([]);
    }
  });

  it('reads the stream that it is told to', async () => {
    const log = memoryLog();
    await log.append('other', [event(7, 1)]);
    expect(await seqs(replay(log))).toEqual([]);
    expect(await seqs(replay(log, { stream: 'other' }))).toEqual([7]);
  });

  it.each<[string, object]>([
    ['an unknown option', { sped: 1 }],
    ['speed 0', { speed: 0 }],
    ['a speed below it', { speed: -1 }],
    ['a speed that is none', { speed: 'fast' }],
    ['NaN', { speed: NaN }],
    ['from 0', { from: 0 }],
    ['from no date', { from: new Date('never') }],
    ['from nothing', { from: {} }],
    ['to a function', { to: () => 1 }],
    ['no stream', { stream: '' }],
    ['names that are no list', { names: 'tick' }],
    ['a clock that is none', { clock: {} }],
    ['into what is no coordinator', { into: {} }],
    ['into null', { into: null }],
  ])('refuses %s at once', (_, options) => {
    expect(() => replay(memoryLog(), options as ReplayOptions)).toThrow(ConfigError);
  });

  it('refuses what is no log', () => {
    for (const bad of [undefined, null, {}, 'events.jsonl']) expect(() => replay(bad as never)).toThrow(ConfigError);
  });
});

describe('the range', () => {
  const times = [100, 200, 200, 300, 500];

  it.each<[string, ReplayOptions, number[]]>([
    ['a seq, inclusive', { from: 3 }, [3, 4, 5]],
    ['a position, exclusive', { from: '@3' as Position }, [4, 5]],
    ['a Date: the first event of then or later', { from: new Date(200) }, [2, 3, 4, 5]],
    ['a moment between two events', { from: { time: 201 } }, [4, 5]],
    ['a moment before all of them', { from: { time: new Date(0) } }, [1, 2, 3, 4, 5]],
    ['a moment after all of them', { from: { time: 501 } }, []],
    ['up to a seq, inclusive', { to: 2 }, [1, 2]],
    ['up to a position', { to: '@2' as Position }, [1, 2]],
    ['up to a moment, inclusive', { to: new Date(200) }, [1, 2, 3]],
    ['up to a moment before all of them', { to: { time: 99 } }, []],
    ['up to a moment after all of them', { to: { time: Infinity } }, [1, 2, 3, 4, 5]],
    ['between two moments', { from: { time: 150 }, to: { time: 350 } }, [2, 3, 4]],
    ['between two moments the wrong way round', { from: { time: 350 }, to: { time: 150 } }, []],
    ['from a seq to a moment', { from: 3, to: new Date(300) }, [3, 4]],
  ])('is %s', async (_, range, expected) => {
    const log = await recording(times);
    const clock = virtualTime();
    expect(await seqs(replay(log, range))).toEqual(expected);
    const paced = seqs(replay(log, { ...range, speed: 10, clock }));
    await clock.flush();
    expect(await paced).toEqual(expected);
  });

  it('of names costs nothing for the others', async () => {
    const log = await recording([1, 2, 3, 4], ['a', 'b', 'a', 'c']);
    expect(await seqs(replay(log, { names: ['a'] }))).toEqual([1, 3]);
    expect(await seqs(replay(log, { names: ['b', 'c'], from: new Date(2) }))).toEqual([2, 4]);
    expect(await seqs(replay(log, { names: [] }))).toEqual([]);
  });

  it('of a stream that was trimmed begins where it begins now; a seq before that is an error', async () => {
    const log = await recording(times);
    await log.trim('events', { before: 3 });
    expect(await seqs(replay(log))).toEqual([3, 4, 5]);
    expect(await seqs(replay(log, { from: new Date(0) }))).toEqual([3, 4, 5]);
    await expect(all(replay(log, { from: 2 }))).rejects.toThrow(LogTrimmedError);
  });

  it('ends where the stream ended when it was subscribed to, at any speed', async () => {
    const log = await recording([0, 100]);
    const clock = virtualTime();
    const seen = seqs(replay(log, { speed: 1, clock }));
    await clock.advance(50);
    await log.append('events', [event(3, 150)]);
    await clock.flush();
    expect(await seen).toEqual([1, 2]);
  });

  it('goes by the time of the log where events have none', async () => {
    const clock = virtualTime({ epoch: 1_000 });
    const log = memoryLog({ clock });
    await log.append('run', [{ name: 'begun' }]);
    await clock.advance(10);
    await log.append('run', [{ name: 'done' }]);
    const names = (await all(replay(log, { stream: 'run', from: new Date(1_005) }))).map(({ name }) => name);
    expect(names).toEqual(['done']);
  });

  test.prop([
    fc.array(fc.nat(20), { maxLength: 30 }),
    fc.integer({ min: -1, max: 21 }),
    fc.integer({ min: -1, max: 21 }),
  ])('between two moments has exactly the events between them', async (unsorted, from, to) => {
    const times = [...unsorted].sort((a, b) => a - b);
    const log = await recording(times);
    const expected = times.flatMap((time, i) => (time >= from && time <= to ? [i + 1] : []));
    expect(await seqs(replay(log, { from: { time: from }, to: { time: to } }))).toEqual(expected);
  });
});

describe('the pace', () => {
  /** When each event came, by the clock. */
  async function arrivals(times: readonly number[], options: ReplayOptions): Promise<[number, number][]> {
    const clock = virtualTime();
    const log = await recording(times);
    const seen: [number, number][] = [];
    replay(log, { clock, ...options }).subscribe(({ seq }) => seen.push([seq, clock.now()]));
    await clock.flush();
    return seen;
  }

  it('is that of the recording: the first event at once, the others when they are due', async () => {
    expect(await arrivals([5_000, 5_000, 5_250, 9_000], { speed: 1 })).toEqual([
      [1, 0],
      [2, 0],
      [3, 250],
      [4, 4_000],
    ]);
  });

  it('can be any multiple of it, faster and slower', async () => {
    expect(await arrivals([0, 100, 400], { speed: 10 })).toEqual([
      [1, 0],
      [2, 10],
      [3, 40],
    ]);
    expect((await arrivals([0, 100, 400], { speed: 0.5 })).at(-1)).toEqual([3, 800]);
  });

  it.each([undefined, 'instant' as const, Infinity])('of %o is none: nothing waits', async (speed) => {
    const clock = virtualTime();
    const log = await recording([0, 100, 1e12]);
    const options = { clock, ...(speed === undefined ? {} : { speed }) };
    expect(await seqs(replay(log, options))).toEqual([1, 2, 3]);
    expect([clock.now(), clock.pending]).toEqual([0, 0]);
  });

  it('counts from the first event: late timers do not add up', async () => {
    const clock = virtualTime();
    // A host whose timers are three milliseconds late.
    const late = {
      now: () => clock.now(),
      schedule: ((work: never, delay = 0, state: never) =>
        clock.schedule(work, delay + 3, state)) as typeof clock.schedule,
    };
    const seen: number[] = [];
    replay(await recording([0, 100, 200, 300]), { speed: 1, clock: late }).subscribe(() => seen.push(clock.now()));
    await clock.flush();
    expect(seen).toEqual([0, 103, 203, 303]);
  });

  it('never goes back: an event that is older than the one before comes with it', async () => {
    expect(await arrivals([100, 50, 120], { speed: 1 })).toEqual([
      [1, 0],
      [2, 0],
      [3, 20],
    ]);
  });

  it('waits for a month where nothing happened for a month', async () => {
    const month = 31 * 24 * 60 * 60 * 1_000;
    expect(await arrivals([0, month], { speed: 1 })).toEqual([
      [1, 0],
      [2, month],
    ]);
  });

  it('holds over the pages of a long recording', async () => {
    const times = Array.from({ length: 2_500 }, (_, i) => i * 10);
    const seen = await arrivals(times, { speed: 1 });
    expect(seen).toEqual(times.map((time, i) => [i + 1, time]));
  });

  it('is that of the clock of `into`, where no other is given', async () => {
    const clock = virtualTime();
    const coordinator = createCoordinator({ clock });
    const seen: number[] = [];
    coordinator.when('tick', () => seen.push(clock.now()));
    replay(await recording([0, 70]), { speed: 1, into: coordinator }).subscribe();
    await clock.flush();
    expect(seen).toEqual([0, 70]);
  });

  it('reads a page at a time, and the next one when that has been played', async () => {
    const log = await recording(Array.from({ length: 10_000 }, (_, i) => i));
    let delivered = 0;
    const counted: EventLog = {
      ...log,
      read: (...args) => log.read(...args).pipe(tap(() => delivered++)),
    };
    const clock = virtualTime();
    let seen = 0;
    let ahead = 0;
    replay(counted, { speed: 1, clock }).subscribe(() => {
      seen++;
      ahead = Math.max(ahead, delivered - seen);
    });
    await clock.advance(5_000);
    expect(seen).toBe(5_001);
    expect(ahead).toBeLessThanOrEqual(1_000);
    await clock.flush();
    expect(seen).toBe(10_000);
  });
});

describe('unsubscribing', () => {
  it('stops at once and frees the timer', async () => {
    const clock = virtualTime();
    const seen: number[] = [];
    const subscription = replay(await recording([0, 10, 20]), { speed: 1, clock }).subscribe(({ seq }) =>
      seen.push(seq),
    );
    await clock.advance(10);
    expect(clock.pending).toBe(1);
    subscription.unsubscribe();
    expect(clock.pending).toBe(0);
    await clock.flush();
    expect(seen).toEqual([1, 2]);
  });

  it.each(['instant', 1_000] as const)('in the middle reads no further, at speed %o', async (speed) => {
    const log = await recording(Array.from({ length: 5_000 }, (_, i) => i));
    let readers = 0;
    let delivered = 0;
    const counted: EventLog = {
      ...log,
      read: (...args) => {
        readers++;
        return log.read(...args).pipe(tap({ next: () => delivered++, finalize: () => readers-- }));
      },
    };
    const clock = virtualTime();
    const seen = seqs(replay(counted, { speed, clock }).pipe(take(3)));
    await clock.flush();
    expect(await seen).toEqual([1, 2, 3]);
    expect([readers, clock.pending]).toEqual([0, 0]);
    expect(delivered).toBeLessThanOrEqual(1_000);
  });

  it('before the log is there means that it is never read', async () => {
    let read = false;
    const log: EventLog = { ...memoryLog(), read: () => ((read = true), of()) };
    replay(Promise.resolve(log)).subscribe().unsubscribe();
    await new Promise(setImmediate);
    expect(read).toBe(false);
  });
});

describe('a log that fails', () => {
  const failing = async (): Promise<EventLog> => ({
    ...(await recording([1, 2])),
    read: () => throwError(() => new Error('cannot be read')),
  });

  it.each(['instant', 1] as const)('is an error of the Observable, at speed %o', async (speed) => {
    await expect(all(replay(failing(), { speed }))).rejects.toThrow('cannot be read');
    await expect(all(replay(failing(), { speed, from: new Date(1) }))).rejects.toThrow('cannot be read');
  });

  it('that answers at once is no problem', async () => {
    const stored = await all((await recording([0, 5])).read('events'));
    const log: EventLog = { ...(await recording([0, 5])), read: () => of(...stored) };
    const clock = virtualTime();
    const subscription = replay(log, { speed: 1, clock }).subscribe();
    await clock.advance(1);
    expect(clock.pending).toBe(1);
    subscription.unsubscribe();
    expect(clock.pending).toBe(0);
  });
});

describe('into a coordinator', () => {
  it('goes only what is an event of one: numbers to come are safe', async () => {
    for (const wrong of [{ name: 'a' }, { ...event(1, 1), seq: '1' }, { ...event(1, 1), timestamp: NaN }, 7]) {
      const log = memoryLog();
      await log.append('events', [wrong]);
      const coordinator = createCoordinator();
      await expect(all(replay(log, { into: coordinator }))).rejects.toThrow(ConfigError);
      const seen: number[] = [];
      coordinator.when('b', (_, { seq }) => void seen.push(seq));
      coordinator.emit('b');
      expect(seen).toEqual([1]);
    }
  });

  it('delivers the events as they were, in order, before they are emitted', async () => {
    const log = await recording([1_000, 2_000]);
    const coordinator = createCoordinator();
    const story: unknown[] = [];
    coordinator.when('tick', (data, heard) => story.push(data, heard));
    coordinator.when('*').subscribe(({ seq }) => story.push(`stream ${seq}`));
    await replay(log, { into: coordinator }).forEach(({ seq }) => void story.push(`emitted ${seq}`));
    expect(story).toEqual([
      { n: 1 },
      event(1, 1_000),
      'stream 1',
      'emitted 1',
      { n: 2 },
      event(2, 2_000),
      'stream 2',
      'emitted 2',
    ]);
  });

  it('does nothing before it is subscribed to', async () => {
    const coordinator = createCoordinator();
    const seen: unknown[] = [];
    coordinator.when('tick', (data) => seen.push(data));
    replay(await recording([1]), { into: coordinator });
    await new Promise(setImmediate);
    expect(seen).toEqual([]);
  });

  it('lets handlers emit what is new: later numbers, no earlier times, the recorded event as its cause', async () => {
    const coordinator = createCoordinator({ clock: virtualTime() });
    const fresh: CoordinatorEvent[] = [];
    coordinator.when('tick', ({ n }) => void coordinator.emit('tock', n));
    coordinator.when('tock', (_, heard) => fresh.push(heard));
    await all(replay(await recording([1_000, 2_000]), { into: coordinator, speed: 'instant' }));
    expect(fresh).toMatchObject([
      { name: 'tock', data: 1, seq: 2, timestamp: 1_000, causationId: 'id1', correlationId: 'id1' },
      { name: 'tock', data: 2, seq: 3, timestamp: 2_000, causationId: 'id2', correlationId: 'id2' },
    ]);
  });

  it('goes through the one mailbox: what a handler emits comes before the next recorded event', async () => {
    const coordinator = createCoordinator();
    const names: string[] = [];
    coordinator.when('tick', () => void coordinator.emit('tock'));
    coordinator.when('*', (_, { name }) => names.push(name));
    await all(replay(await recording([1, 2]), { into: coordinator }));
    expect(names).toEqual(['tick', 'tock', 'tick', 'tock']);
  });

  it('is persisted by nobody: the same log takes what is new, and nothing twice', async () => {
    const log = await recording([1, 2]);
    const coordinator = createCoordinator();
    persist(coordinator, log);
    coordinator.when('tick', ({ n }) => void coordinator.emit('tock', n));
    await all(replay(log, { into: coordinator }));
    await coordinator.settled();
    const names = (await all(log.read('events'))).map((stored) => (stored.event as CoordinatorEvent).name);
    expect(names).toEqual(['tick', 'tick', 'tock', 'tock']);
  });

  it('is waited for by settled, as far as handlers go', async () => {
    const coordinator = createCoordinator();
    let done = 0;
    coordinator.when('tick', async () => {
      await new Promise(setImmediate);
      done++;
    });
    await all(replay(await recording([1, 2]), { into: coordinator }));
    await coordinator.settled();
    expect(done).toBe(2);
  });

  it('that is closed is an error', async () => {
    const coordinator = createCoordinator();
    await coordinator.close();
    await expect(all(replay(await recording([1]), { into: coordinator }))).rejects.toThrow(ClosedError);
  });

  it('keeps what a handler gave up on as a dead letter, like any other', async () => {
    const coordinator = createCoordinator({ onError: () => {} });
    coordinator.when('tick', () => {
      throw new Error('still');
    });
    await all(replay(await recording([1]), { into: coordinator }));
    expect((await coordinator.deadLetters.list()).map(({ event: { id } }) => id)).toEqual(['id1']);
  });

  it('freezes what it delivers, where that was asked for', async () => {
    const coordinator = createCoordinator({ freeze: true });
    const frozen: boolean[] = [];
    coordinator.when('tick', (data, heard) => frozen.push(Object.isFrozen(data), Object.isFrozen(heard)));
    await all(replay(await recording([1]), { into: coordinator }));
    expect(frozen).toEqual([true, true]);
  });

  it("delivers the library's own events too", async () => {
    const log = memoryLog();
    await log.append('events', [{ ...event(1, 1, 'rxbaton.gate.granted'), data: { gate: 'db' } }]);
    const coordinator = createCoordinator();
    const gates: unknown[] = [];
    coordinator.when('rxbaton.gate.*', ({ gate }) => gates.push(gate));
    await all(replay(log, { into: coordinator }));
    expect(gates).toEqual(['db']);
  });
});

describe('what was recorded and replayed', () => {
  test.prop([
    fc.array(
      fc.record({
        name: fc.constantFrom('a', 'b', 'c'),
        data: fc.anything({ withDate: true, withMap: true, withSet: true, withBigInt: true, withTypedArray: true }),
        sender: fc.option(fc.string(), { nil: undefined }),
        wait: fc.nat(1_000),
      }),
      { maxLength: 20 },
    ),
    fc.constantFrom('instant' as const, 1, 7.5),
  ])('is the same sequence of events', async (emitted, speed) => {
    const clock = virtualTime({ epoch: 1_700_000_000_000 });
    const coordinator = createCoordinator({ clock });
    const log = memoryLog();
    const persisted = persist(coordinator, log);
    const live: CoordinatorEvent[] = [];
    coordinator.when('*').subscribe((one) => live.push(one));
    for (const { name, data, sender, wait } of emitted) {
      coordinator.emit(name, data, sender === undefined ? {} : { sender });
      await clock.advance(wait);
    }
    await coordinator.settled();
    fc.pre(persisted.lost === 0);

    const into = createCoordinator({ clock: virtualTime() });
    const replayed: CoordinatorEvent[] = [];
    into.when('*').subscribe((one) => replayed.push(one));
    const other = virtualTime();
    const done = all(replay(log, { into, speed, clock: other }));
    await other.flush();
    await done;
    expect(replayed).toEqual(live);
  });
});
