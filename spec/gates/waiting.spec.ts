import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { acquire, enter, hold, mutex, run, semaphore, type AcquireOptions, type Grant } from 'rxbaton';
import { withLock } from 'rxbaton/operators';
import { firstValueFrom, of } from 'rxjs';
import { errorOf, gateWorld } from '../support/gateWorld.ts';

const lock = mutex('db');

/** Every face of a gate as a promise that settles when its work is over. */
const faces: Record<string, (options: AcquireOptions) => Promise<unknown>> = {
  hold: (options) => firstValueFrom(hold(acquire(lock, options), () => of('in'))),
  withLock: (options) => firstValueFrom(of('in').pipe(withLock(lock, options))),
  run: (options) => run(lock, options, () => 'in'),
  enter: async (options) => {
    await using grant = await enter(lock, options);
    return grant.valid() ? 'in' : 'out';
  },
};

describe.each(Object.entries(faces))('%s', (_, face) => {
  it('is refused at once by timeout: 0 where the gate is not free, and enters where it is', async () => {
    const { within, ask } = gateWorld();
    const holder = ask(lock, { label: 'a' });
    const error = await errorOf(within(() => face({ timeout: 0 })));
    expect(error).toMatchObject({ code: 'RXB_BUSY', message: 'db is not free: held by a (for 0 ms).' });
    holder.leave();
    expect(await within(() => face({ timeout: 0 }))).toBe('in');
  });

  it('gives up after its timeout, naming the gate, the wait, the holders and how many wait', async () => {
    const { clock, within, ask, state } = gateWorld();
    ask(lock, { label: 'a' });
    ask(lock, { label: 'b' });
    const error = errorOf(within(() => face({ timeout: '5s' })));
    await clock.advance(4_999);
    expect(state(lock).waiting).toHaveLength(2);
    await clock.advance(1);
    expect(state(lock).waiting).toHaveLength(1);
    expect(await error).toMatchObject({
      code: 'RXB_ACQUIRE_TIMEOUT',
      message:
        'db did not open within 5 s: held by a (for 5 s); 1 waiting. Raise the timeout, or look at waits() to see who is in the way.',
      details: { gate: 'db', timeout: 5_000 },
    });
  });

  it('has no timer left once it is in', async () => {
    const { clock, within, ask } = gateWorld();
    const holder = ask(lock);
    const work = within(() => face({ timeout: '5s' }));
    holder.leave();
    expect([await work, clock.pending]).toEqual(['in', 0]);
  });

  it('is refused where its signal has aborted before, and takes no place in the queue', async () => {
    const { within, ask, activity } = gateWorld();
    ask(lock);
    const seen = activity();
    const reason = new Error('changed my mind');
    const error = await errorOf(within(() => face({ signal: AbortSignal.abort(reason) })));
    expect(error).toMatchObject({ code: 'RXB_ABORTED', message: 'Waiting for db was aborted.', cause: reason });
    expect(seen).toEqual([]);
  });

  it('leaves the queue when its signal aborts, and gives back nothing', async () => {
    const { within, ask, state } = gateWorld();
    const holder = ask(lock);
    const control = new AbortController();
    const error = errorOf(within(() => face({ signal: control.signal })));
    const next = ask(lock);
    control.abort('stop');
    expect(await error).toMatchObject({ code: 'RXB_ABORTED', cause: 'stop' });
    expect([holder.fate, next.fate, state(lock).waiting.length]).toEqual(['held', 'waiting', 1]);
  });

  it('leaves no listener and no timer, whether it was let in, timed out or aborted', async () => {
    const { clock, within, ask } = gateWorld();
    const { signal } = new AbortController();
    await within(() => face({ signal, timeout: '1s' }));
    const holder = ask(lock);
    const timesOut = errorOf(within(() => face({ signal, timeout: '1s' })));
    const enters = within(() => face({ signal, timeout: '2s' }));
    await clock.advance('1s');
    await timesOut;
    holder.leave();
    await enters;
    expect([getEventListeners(signal, 'abort').length, clock.pending]).toEqual([0, 0]);
  });
});

describe('signal', () => {
  it('changes nothing once the grant is there', () => {
    const { ask } = gateWorld();
    const control = new AbortController();
    const holder = ask(lock);
    const a = ask(lock, { signal: control.signal });
    const b = ask(lock, { signal: control.signal });
    holder.leave();
    a.leave();
    expect(b.fate).toBe('held');
    control.abort();
    expect([b.fate, b.grant.valid()]).toEqual(['held', true]);
  });

  it('has no listener left after 10,000 requests', () => {
    const { ask } = gateWorld();
    const control = new AbortController();
    let holder = ask(lock, { signal: control.signal });
    for (let i = 0; i < 10_000; i++) {
      const next = ask(lock, { signal: control.signal });
      holder.leave();
      holder = next;
    }
    expect(holder.fate).toBe('held');
    expect(getEventListeners(control.signal, 'abort')).toEqual([]);
  });

  it('of many waiters takes them all out in one turn, and lets nobody in', () => {
    const { ask, state } = gateWorld();
    const control = new AbortController();
    const holder = ask(lock);
    const waiters = [1, 2, 3].map(() => ask(lock, { signal: control.signal }));
    control.abort();
    expect(waiters.map(({ fate }) => fate)).toEqual(['RXB_ABORTED', 'RXB_ABORTED', 'RXB_ABORTED']);
    expect([holder.fate, state(lock).waiting]).toEqual(['held', []]);
  });
});

describe('timeout', () => {
  it('longer than a host timer can be is still kept', async () => {
    const { clock, ask } = gateWorld();
    ask(lock);
    const patient = ask(lock, { timeout: '30d' });
    await clock.advance('29d');
    expect(patient.fate).toBe('waiting');
    await clock.advance('1d');
    expect(patient.fate).toBe('RXB_ACQUIRE_TIMEOUT');
  });

  it('of Infinity is no timeout', async () => {
    const { clock, ask } = gateWorld();
    const holder = ask(lock);
    const patient = ask(lock, { timeout: Infinity });
    expect(clock.pending).toBe(0);
    holder.leave();
    expect(patient.fate).toBe('held');
  });

  it('of the head lets those behind it in, where they fit', async () => {
    const { clock, ask } = gateWorld();
    const pool = semaphore('pool', { permits: 3 });
    ask(pool, { cost: 2 });
    const heavy = ask(pool, { cost: 2, timeout: 10 });
    const light = ask(pool);
    await clock.advance(10);
    expect([heavy.fate, light.fate]).toEqual(['RXB_ACQUIRE_TIMEOUT', 'held']);
  });

  it('names at most five holders', async () => {
    const { clock, ask } = gateWorld();
    const pool = semaphore('pool', { permits: 7 });
    for (let i = 1; i <= 7; i++) ask(pool, { label: `h${i}` });
    const late = ask(pool, { timeout: 10 });
    await clock.advance(10);
    expect((late.error as Error).message).toContain('h4 (for 10 ms), h5 (for 10 ms) and 2 more.');
  });
});

describe('priority', () => {
  it('goes before arrival, and arrival decides within one priority', () => {
    const { ask } = gateWorld();
    const holder = ask(lock);
    const order: string[] = [];
    const priorities = [0, 5, -4096, 5, 4095, 0];
    const waiters = priorities.map((priority, i) => ask(lock, { priority, label: `${i}:${priority}` }));
    holder.leave();
    for (let left = waiters.length; left > 0; left--) {
      const i = waiters.findIndex(({ fate }) => fate === 'held');
      order.push(`${i}:${priorities[i]}`);
      waiters[i]!.leave();
    }
    expect(order).toEqual(['4:4095', '1:5', '3:5', '0:0', '5:0', '2:-4096']);
  });

  it('takes nothing from who holds, and decides who is the head', () => {
    const { ask } = gateWorld();
    const pool = semaphore('pool', { permits: 2 });
    ask(pool);
    const heavy = ask(pool, { cost: 2 });
    const urgent = ask(pool, { priority: 1 });
    expect([heavy.fate, urgent.fate]).toEqual(['waiting', 'held']);
  });
});

describe('label', () => {
  it('is what inspect, waits and errors call a request; without one it is anonymous', () => {
    const { ask, state } = gateWorld();
    ask(lock, { label: 'a' });
    ask(lock);
    expect(state(lock)).toMatchObject({ holders: [{ who: 'a' }], waiting: [{ who: 'anonymous' }] });
  });

  it('of a request inside a call is the call, unless it says otherwise', async () => {
    const { coordinator, state, within } = gateWorld();
    const seen = coordinator.coordinate('researcher', async () => {
      await run(lock, () => run('other', { label: 'mine' }, () => [state(lock), state('other')])).then((states) => {
        expect(states[0]?.holders[0]?.who).toMatch(/^researcher#/);
        expect(states[1]?.holders[0]?.who).toBe('mine');
      });
    });
    await within(() => seen());
  });
});

describe('waited', () => {
  it('is the time in the queue, and stays the same', async () => {
    const { clock, ask } = gateWorld();
    const holder = ask(lock);
    const grants: Grant[] = [];
    const waiter = ask(lock);
    await clock.advance(120);
    holder.leave();
    grants.push(waiter.grant);
    await clock.advance(50);
    expect([grants[0]?.waited, holder.grant.waited]).toEqual([120, 0]);
  });
});
