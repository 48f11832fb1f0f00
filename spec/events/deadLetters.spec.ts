import { describe, expect, it } from 'vitest';
import { defer, NEVER, throwError } from 'rxjs';
import {
  ClosedError,
  ConfigError,
  coordinate,
  createCoordinator,
  deadLetters,
  emit,
  OverflowError,
  settled,
  when,
  type CoordinatorOptions,
} from 'rxbaton';
import { isolated, virtualTime } from 'rxbaton/testing';
import { deferred } from '../support/deferred.ts';

function desk(options: CoordinatorOptions = {}) {
  const errors: string[] = [];
  const coordinator = createCoordinator({ onError: (error) => errors.push(String(error)), ...options });
  return { ...coordinator, coordinator, errors };
}

const broken = (): never => {
  throw new Error('broken');
};

/** A handler that fails until it is mended. */
function flaky(made: (data: unknown) => unknown = () => undefined) {
  const seen: unknown[] = [];
  const state = { mended: false, seen };
  return Object.assign(state, {
    store: (data: unknown) => {
      seen.push(data);
      if (!state.mended) broken();
      return made(data);
    },
  });
}

describe('an event that a handler gave up on', () => {
  it('is kept with what it failed with, when, and at which handler', async () => {
    const { when, emit, settled, deadLetters } = desk({ clock: virtualTime({ epoch: 5_000 }) });
    when('order', function charge() {
      throw Object.assign(new Error('no money'), { code: 'E_FUNDS' });
    });
    when('order', () => {});
    const id = emit('order', { total: 3 }, { sender: 'shop' });
    await settled();
    expect(await deadLetters.list()).toEqual([
      {
        id: expect.stringMatching(/^[0-9A-Z]{26}$/),
        handler: 'charge',
        event: { id, seq: 1, name: 'order', data: { total: 3 }, sender: 'shop', timestamp: 5_000 },
        error: { name: 'Error', message: 'no money', code: 'E_FUNDS', stack: expect.any(String) },
        failedAt: 5_000,
        failures: 1,
      },
    ]);
  });

  it('is reported as ever', async () => {
    const { when, emit, settled, errors } = desk();
    const failed: unknown[] = [];
    when('rxbaton.handler_failed', ({ handler }) => failed.push(handler));
    when('order', broken);
    emit('order');
    await settled();
    expect([errors, failed]).toEqual([['Error: broken'], ['broken']]);
  });

  it('is kept once its retries are used up, and not before', async () => {
    const clock = virtualTime();
    const { when, emit, deadLetters } = desk({ clock });
    when('order', broken, { retry: { attempts: 3, delay: 10, factor: 1 } });
    emit('order');
    await clock.advance(19);
    expect(await deadLetters.list()).toEqual([]);
    await clock.advance(1);
    expect(await deadLetters.list()).toHaveLength(1);
  });

  it.each<[string, () => unknown]>([
    ['throws', broken],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['returns a stream that errors', () => throwError(() => new Error('broken'))],
  ])('is kept where the handler %s', async (_, handler) => {
    const { when, emit, settled, deadLetters } = desk();
    when('order', handler);
    emit('order');
    await settled();
    expect((await deadLetters.list()).map(({ error }) => error.message)).toEqual(['broken']);
  });

  it('is kept where it took too long, or found the queue full', async () => {
    const clock = virtualTime();
    const { when, emit, deadLetters } = desk({ clock });
    when('slow', () => NEVER, { timeout: 5, concurrency: 1, maxQueue: 1 });
    for (let i = 0; i < 3; i++) emit('slow', i);
    await clock.advance(10);
    const letters = await deadLetters.list();
    expect(letters.map(({ error, event }) => [error.name, event.data])).toEqual([
      ['OverflowError', 2],
      ['CallTimeoutError', 0],
      ['CallTimeoutError', 1],
    ]);
    expect(OverflowError.name).toBe('OverflowError');
  });

  it('is kept for each handler that gave up on it', async () => {
    const { when, emit, settled, deadLetters } = desk();
    const one = () => broken();
    const two = () => broken();
    when('order', one);
    when('order', two);
    emit('order');
    await settled();
    const letters = await deadLetters.list();
    expect(letters.map(({ handler }) => handler)).toEqual(['one', 'two']);
    expect(new Set(letters.map(({ id }) => id)).size).toBe(2);
  });

  it("is not kept where it is one of the library's own: an alert is no work", async () => {
    const { when, emit, settled, deadLetters } = desk();
    when('rxbaton.handler_failed', broken);
    when('order', broken);
    emit('order');
    await settled();
    expect((await deadLetters.list()).map(({ event }) => event.name)).toEqual(['order']);
  });

  it('is not kept for streams, which nobody could run again', async () => {
    const { when, emit, settled, deadLetters } = desk();
    when((event) => event.name === 'order' && broken()).subscribe();
    emit('order');
    await settled();
    expect(await deadLetters.list()).toEqual([]);
  });
});

describe('the bound', () => {
  async function flooded(options: CoordinatorOptions, count: number) {
    const warnings: unknown[] = [];
    const quiet = () => {};
    const logger = { debug: quiet, info: quiet, error: quiet, warn: (facts: object) => void warnings.push(facts) };
    const { when, emit, settled, deadLetters } = desk({ logger, ...options });
    when('order', broken);
    for (let i = 0; i < count; i++) emit('order', i);
    await settled();
    const kept = (await deadLetters.list()).map(({ event }) => event.data);
    return { kept, dropped: deadLetters.dropped, warnings };
  }

  it('is 1,000: the oldest are let go, counted, and spoken of once', async () => {
    const { kept, dropped, warnings } = await flooded({}, 1_003);
    expect(kept).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 3));
    expect([dropped, warnings]).toEqual([3, [{ limit: 1_000 }]]);
  });

  it('can be another one, or none at all', async () => {
    expect(await flooded({ deadLetters: 2 }, 3)).toMatchObject({ kept: [1, 2], dropped: 1 });
    expect(await flooded({ deadLetters: 0 }, 3)).toEqual({ kept: [], dropped: 0, warnings: [] });
  });

  it.each([-1, 1.5, Infinity, '5', null])('can not be %o', (bad) => {
    expect(() => createCoordinator({ deadLetters: bad as never })).toThrow(ConfigError);
  });
});

describe('replay', () => {
  it('has that handler take the event again, and nobody else; done, it is a letter no more', async () => {
    const { when, emit, settled, deadLetters, errors } = desk();
    const charge = flaky();
    const others: unknown[] = [];
    when('order', charge.store);
    when('*', (data) => others.push(data));
    emit('order', 1);
    await settled();
    const [letter] = await deadLetters.list();
    charge.mended = true;
    expect(await deadLetters.replay(letter!.id)).toEqual({ handled: 1, failed: 0, left: 0 });
    expect([charge.seen, others, errors.length]).toEqual([[1, 1], [1], 1]);
    expect(await deadLetters.list()).toEqual([]);
  });

  it('that fails keeps the letter, with the new error and one failure more', async () => {
    const clock = virtualTime();
    const { when, emit, deadLetters } = desk({ clock });
    let attempt = 0;
    when('order', function charge() {
      throw new Error(`attempt ${++attempt}`);
    });
    emit('order', 1);
    const [before] = await deadLetters.list();
    await clock.advance(7);
    expect(await deadLetters.replay(before!.id)).toEqual({ handled: 0, failed: 1, left: 0 });
    expect(await deadLetters.list()).toEqual([
      { ...before, error: expect.objectContaining({ message: 'attempt 2' }), failedAt: 7, failures: 2 },
    ]);
  });

  it.each(['sync', 'async', 'stream'])('waits for a handler that is %s', async (kind) => {
    const { when, emit, settled, deadLetters } = desk();
    const work = deferred();
    const charge = flaky(() =>
      kind === 'sync' ? undefined : kind === 'async' ? work.promise : defer(() => work.promise),
    );
    when('order', charge.store);
    emit('order', 1);
    await settled();
    charge.mended = true;
    let resolved = false;
    const replayed = deadLetters.replay('all').finally(() => (resolved = true));
    await new Promise(setImmediate);
    expect(resolved).toBe(kind === 'sync');
    work.resolve();
    expect(await replayed).toEqual({ handled: 1, failed: 0, left: 0 });
  });

  it('keeps to the terms of the handler: concurrency, queue, retry', async () => {
    const clock = virtualTime();
    const { when, emit, deadLetters } = desk({ clock });
    const running = { now: 0, most: 0, calls: 0 };
    let mended = false;
    when(
      'order',
      async (n: number) => {
        running.calls++;
        running.most = Math.max(running.most, ++running.now);
        await new Promise<void>((resolve) => void clock.schedule(() => resolve(), 5));
        running.now--;
        if (!mended || (n === 2 && running.calls < 13)) broken();
      },
      { concurrency: 1, retry: { attempts: 2, delay: 1 } },
    );
    for (let i = 0; i < 4; i++) emit('order', i);
    await clock.flush();
    mended = true;
    expect(running.calls).toBe(8);
    emit('order', 99);
    const replayed = deadLetters.replay('all');
    await clock.flush();
    // One at a time, behind what was there before, and the third of them needed its second attempt.
    expect(await replayed).toEqual({ handled: 4, failed: 0, left: 0 });
    expect(running).toEqual({ now: 0, most: 1, calls: 14 });
  });

  it('of all goes in their order', async () => {
    const { when, emit, settled, deadLetters } = desk();
    const charge = flaky();
    when('order', charge.store, { concurrency: 1 });
    for (let i = 0; i < 5; i++) emit('order', i);
    await settled();
    charge.seen.length = 0;
    charge.mended = true;
    expect(await deadLetters.replay('all')).toEqual({ handled: 5, failed: 0, left: 0 });
    expect(charge.seen).toEqual([0, 1, 2, 3, 4]);
  });

  it('asked for twice at once is one', async () => {
    const { when, emit, settled, deadLetters } = desk();
    const work = deferred();
    const charge = flaky(() => work.promise);
    when('order', charge.store);
    emit('order', 1);
    await settled();
    charge.mended = true;
    const both = Promise.all([deadLetters.replay('all'), deadLetters.replay('all')]);
    await new Promise(setImmediate);
    work.resolve();
    expect(await both).toEqual(Array(2).fill({ handled: 1, failed: 0, left: 0 }));
    expect(charge.seen).toEqual([1, 1]);
  });

  it('of one letter of an event is not that of another handler', async () => {
    const { when, emit, settled, deadLetters } = desk();
    const work = deferred();
    const [one, two] = [flaky(() => work.promise), flaky()];
    when('order', function first(data) {
      return one.store(data);
    });
    when('order', function second(data) {
      two.store(data);
    });
    emit('order', 1);
    await settled();
    one.mended = true;
    const replayed = deadLetters.replay('all');
    await new Promise(setImmediate);
    const failures = async () => (await deadLetters.list()).map((letter) => [letter.handler, letter.failures]);
    expect(await failures()).toEqual([
      ['first', 1],
      ['second', 2],
    ]);
    work.resolve();
    expect(await replayed).toEqual({ handled: 1, failed: 1, left: 0 });
    expect(await failures()).toEqual([['second', 2]]);
  });

  it('runs for the event: what the handler emits has it as its cause', async () => {
    const { when, emit, settled, deadLetters } = desk();
    const charge = flaky(() => void emit('charged'));
    const causes: unknown[] = [];
    when('charged', (_, { causationId }) => causes.push(causationId));
    when('order', charge.store);
    const id = emit('order', 1);
    await settled();
    charge.mended = true;
    await deadLetters.replay('all');
    expect(causes).toEqual([id]);
  });

  it('inside a handler comes when the current event has reached everybody', async () => {
    const { when, emit, settled, deadLetters } = desk();
    const story: unknown[] = [];
    const charge = flaky((data) => void story.push(['replayed', data]));
    when('order', charge.store);
    emit('order', 1);
    await settled();
    charge.mended = true;
    when('again', () => {
      void deadLetters.replay('all');
      story.push('first');
    });
    when('again', () => story.push('second'));
    emit('again');
    await settled();
    expect(story).toEqual(['first', 'second', ['replayed', 1]]);
  });

  it('is waited for by settled', async () => {
    const { when, emit, settled, deadLetters } = desk();
    const charge = flaky(() => new Promise(setImmediate));
    when('order', charge.store);
    emit('order', 1);
    await settled();
    charge.mended = true;
    void deadLetters.replay('all');
    await settled();
    expect(await deadLetters.list()).toEqual([]);
  });

  it('asks the predicate of the handler once more', async () => {
    const { when, emit, settled, deadLetters } = desk();
    const seen: unknown[] = [];
    let answer: () => boolean = broken;
    when(
      ({ name }) => name === 'order' && answer(),
      (data) => seen.push(data),
    );
    emit('order', 1);
    emit('order', 2);
    await settled();
    const [first] = await deadLetters.list();
    answer = () => true;
    await deadLetters.replay(first!.id);
    answer = broken;
    expect(await deadLetters.replay('all')).toMatchObject({ failed: 1 });
    answer = () => false;
    expect(await deadLetters.replay('all')).toMatchObject({ handled: 1 });
    expect([seen, await deadLetters.list()]).toEqual([[1], []]);
  });
});

describe('a replay that does not come to its end leaves the letter', () => {
  it('where the handler is unsubscribed meanwhile, in its queue or at work', async () => {
    const { when, emit, settled, deadLetters } = desk();
    const charge = flaky(() => NEVER);
    const subscription = when('order', charge.store, { concurrency: 1 });
    emit('order', 1);
    emit('order', 2);
    await settled();
    charge.mended = true;
    const replayed = deadLetters.replay('all');
    await new Promise(setImmediate);
    subscription.unsubscribe();
    expect(await replayed).toEqual({ handled: 0, failed: 2, left: 0 });
    expect((await deadLetters.list()).map(({ failures }) => failures)).toEqual([1, 1]);
  });

  it.each(['drop-oldest', 'drop-newest', 'error'] as const)('where the queue is full: %s', async (overflow) => {
    const { when, emit, settled, deadLetters } = desk();
    const charge = flaky(() => NEVER);
    when('order', charge.store, { concurrency: 1, maxQueue: 1, overflow });
    for (let i = 0; i < 3; i++) emit('order', i);
    await settled();
    charge.mended = true;
    emit('order', 9);
    const letters = await deadLetters.list();
    const replays = letters.map(({ id }) => deadLetters.replay(id));
    await new Promise(setImmediate);
    // One waits, the others found no room.
    const lost = letters.filter((_, i) => (overflow === 'drop-oldest' ? i < 2 : i > 0));
    for (const { id } of lost)
      expect(await replays[letters.findIndex((one) => one.id === id)]).toMatchObject({ failed: 1 });
    expect(await deadLetters.list()).toHaveLength(3);
    const failures = (await deadLetters.list()).map((one) => one.failures);
    expect(failures).toEqual(overflow === 'error' ? [1, 2, 2] : [1, 1, 1]);
  });

  it('where the coordinator closes before it is done', async () => {
    const { when, emit, settled, deadLetters, close } = desk();
    const charge = flaky(() => NEVER);
    when('order', charge.store);
    emit('order', 1);
    await settled();
    charge.mended = true;
    const replayed = deadLetters.replay('all');
    await new Promise(setImmediate);
    await close({ deadline: 0 });
    expect(await replayed).toEqual({ handled: 0, failed: 1, left: 0 });
    expect(await deadLetters.list()).toHaveLength(1);
    await expect(deadLetters.replay('all')).rejects.toThrow(ClosedError);
    expect(await deadLetters.discard('all')).toBe(1);
  });

  it('where a handler of one event is busy with it', async () => {
    const { when, emit, settled, deadLetters } = desk();
    const work = deferred();
    const order = flaky();
    when('order', order.store, { once: true });
    emit('order', 1);
    await settled();
    let calls = 0;
    const again = Object.defineProperty(() => (calls++, work.promise), 'name', { value: 'store' });
    when('order', again, { once: true });
    emit('order', 2);
    expect(await deadLetters.replay('all')).toEqual({ handled: 0, failed: 1, left: 0 });
    expect(calls).toBe(1);
    work.resolve();
  });
});

describe('a handler that is not the one that failed', () => {
  it('takes over by its name, where it listens to such events', async () => {
    const { when, emit, settled, deadLetters } = desk();
    const before = when('order', function store() {
      broken();
    });
    emit('order', 1);
    await settled();
    before.unsubscribe();
    const [letter] = await deadLetters.list();
    await expect(deadLetters.replay(letter!.id)).rejects.toThrow(/^No handlers called store listen to 'order' now/);
    expect(await deadLetters.replay('all')).toEqual({ handled: 0, failed: 0, left: 1 });

    const seen: unknown[] = [];
    when('invoice', function store(data) {
      seen.push(['invoice', data]);
    });
    expect(await deadLetters.replay('all')).toEqual({ handled: 0, failed: 0, left: 1 });
    when('ord*', function store(data) {
      seen.push(['order', data]);
    });
    expect(await deadLetters.replay(letter!.id)).toEqual({ handled: 1, failed: 0, left: 0 });
    expect(seen).toEqual([['order', 1]]);
  });

  it('is not guessed at where several have the name', async () => {
    const { when, emit, settled, deadLetters } = desk();
    const before = when('order', (data) => broken.call(data));
    emit('order', 1);
    await settled();
    before.unsubscribe();
    const seen: unknown[] = [];
    for (let i = 0; i < 2; i++) when('order', (data) => seen.push(data));
    const [letter] = await deadLetters.list();
    await expect(deadLetters.replay(letter!.id)).rejects.toThrow(
      /^2 handlers called when\('order'\) listen to 'order'/,
    );
    expect(await deadLetters.replay('all')).toEqual({ handled: 0, failed: 0, left: 1 });
    expect(seen).toEqual([]);
  });
});

describe('discard', () => {
  it('forgets one, or all', async () => {
    const { when, emit, settled, deadLetters } = desk();
    when('order', broken);
    for (let i = 0; i < 3; i++) emit('order', i);
    await settled();
    const [first] = await deadLetters.list();
    expect(await deadLetters.discard(first!.id)).toBe(1);
    expect((await deadLetters.list()).map(({ event }) => event.data)).toEqual([1, 2]);
    expect(await deadLetters.discard('all')).toBe(2);
    expect(await deadLetters.list()).toEqual([]);
    expect(deadLetters.dropped).toBe(0);
  });

  it('holds for a letter that is being replayed, also where that fails', async () => {
    const { when, emit, settled, deadLetters } = desk();
    const work = deferred();
    const charge = flaky(() => work.promise);
    when('order', charge.store);
    emit('order', 1);
    await settled();
    charge.mended = true;
    const replayed = deadLetters.replay('all');
    await new Promise(setImmediate);
    await deadLetters.discard('all');
    work.reject(new Error('again'));
    expect(await replayed).toMatchObject({ failed: 1 });
    expect(await deadLetters.list()).toEqual([]);
  });

  it.each(['replay', 'discard'] as const)('and replay refuse what is no letter: %s', async (what) => {
    const { deadLetters } = desk();
    await expect(deadLetters[what]('nonsense')).rejects.toThrow(/There is no dead letter 'nonsense'/);
    await expect(deadLetters[what](undefined as never)).rejects.toThrow(ConfigError);
  });
});

it('bare deadLetters() are those of the coordinator of the running code', () =>
  isolated(
    async (coordinator) => {
      when('asked_complete', broken);
      await coordinate('asked', async () => 1)();
      emit('order');
      await settled();
      expect(deadLetters()).toBe(coordinator.deadLetters);
      expect((await deadLetters().list()).map(({ event }) => event.name)).toEqual(['asked_complete']);
    },
    { onError: () => {} },
  ));
