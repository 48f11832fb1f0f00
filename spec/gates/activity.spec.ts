import { describe, expect, it } from 'vitest';
import {
  allOf,
  cyclicBarrier,
  hold,
  mutex,
  quota,
  rateLimiter,
  run,
  semaphore,
  type GateActivity,
  type GateState,
} from 'rxbaton';
import { EMPTY, NEVER } from 'rxjs';
import { createHost } from '../../lib/gates/host.ts';
import { open } from '../../lib/gates/open.ts';
import { virtualTime } from '../../lib/testing/index.ts';
import { deferred } from '../support/deferred.ts';
import { errorOf, gateWorld } from '../support/gateWorld.ts';

const lock = mutex('db');
const epoch = 1_700_000_000_000;

describe('gate activity', () => {
  it('tells of queueing, granting and giving back, with all there is to know', async () => {
    const { clock, ask, activity } = gateWorld({ epoch });
    const seen = activity();
    const a = ask(lock, { label: 'a' });
    await clock.advance(10);
    const b = ask(lock, { label: 'b', priority: 3 });
    await clock.advance(20);
    a.leave();
    const of = { gate: 'db', kind: 'mutex', cost: 1 };
    const [first, second] = [a.grant.fence, b.grant.fence];
    expect(seen).toEqual([
      { action: 'granted', ...of, at: epoch, who: 'a', priority: 0, fence: first, waited: 0 },
      { action: 'queued', ...of, at: epoch + 10, who: 'b', priority: 3, fence: null },
      { action: 'released', ...of, at: epoch + 30, who: 'a', priority: 0, fence: first, held: 30 },
      { action: 'granted', ...of, at: epoch + 30, who: 'b', priority: 3, fence: second, waited: 20 },
    ]);
  });

  it('tells of those who leave, time out, are refused or lose their lease, and why', async () => {
    const { clock, ask, open: openHere, activity } = gateWorld();
    const gate = openHere(semaphore('pool', { permits: 2, ttl: 50, renew: false }));
    ask(gate, { label: 'lapses' });
    ask(gate, { label: 'forced' });
    const seen = activity();
    ask(gate, { label: 'leaves' }).leave();
    ask(gate, { label: 'busy', timeout: 0 });
    ask(gate, { label: 'greedy', cost: 3 });
    ask(gate, { label: 'late', timeout: 20 });
    await clock.advance(20);
    void gate.force(2, 'by the operator');
    await clock.advance(30);
    expect(seen.map(({ action, who, reason, held }) => [action, who, reason ?? held])).toEqual([
      ['queued', 'leaves', undefined],
      ['left', 'leaves', undefined],
      ['queued', 'busy', undefined],
      ['refused', 'busy', 'RXB_BUSY'],
      ['refused', 'greedy', 'RXB_LIMIT_IMPOSSIBLE'],
      ['queued', 'late', undefined],
      ['left', 'late', undefined],
      ['lost', 'forced', 'by the operator'],
      ['lost', 'lapses', 'expired'],
    ]);
  });

  it('tells of a change and of a deadlock, with its cycle', async () => {
    const { open: openHere, within, activity } = gateWorld({ epoch });
    const seen = activity();
    void openHere(semaphore('pool', { permits: 2 })).change({ permits: 3 });
    await within(() => run(lock, { label: 'a' }, () => errorOf(run(lock, { label: 'b' }, () => {}))));
    expect(seen).toContainEqual({ action: 'changed', gate: 'pool', kind: 'semaphore', at: epoch });
    expect(seen.filter(({ who }) => who === 'b')).toMatchObject([
      { action: 'queued' },
      { action: 'deadlock', cycle: [{ waiter: 'b', gate: 'db', holders: ['a'], since: 0 }] },
      { action: 'refused', reason: 'RXB_DEADLOCK' },
    ]);
  });

  it('tells of tokens, quotas, keys and barriers', () => {
    const { ask, activity } = gateWorld();
    const seen = activity();
    ask(rateLimiter('api', { limit: 5, per: 100 }), { cost: 2, key: 'ada' });
    ask(quota('hours', { limit: 5, per: 100 }), { cost: 3 }).leave();
    const meet = cyclicBarrier('meet', { parties: 2 });
    ask(meet);
    ask(meet);
    ask(meet);
    ask(meet).leave();
    ask(meet).leave();
    expect(
      seen.map(({ action, gate, kind, key, cost, fence }) => [action, gate, kind, key, cost, fence === null]),
    ).toEqual([
      ['granted', 'api', 'limiter', 'ada', 2, true],
      ['granted', 'hours', 'quota', undefined, 3, false],
      ['released', 'hours', 'quota', undefined, 3, false],
      ['queued', 'meet', 'barrier', undefined, 1, true],
      ['queued', 'meet', 'barrier', undefined, 1, true],
      ['granted', 'meet', 'barrier', undefined, 1, true],
      ['granted', 'meet', 'barrier', undefined, 1, true],
      ['queued', 'meet', 'barrier', undefined, 1, true],
      ['queued', 'meet', 'barrier', undefined, 1, true],
      ['granted', 'meet', 'barrier', undefined, 1, true],
      ['granted', 'meet', 'barrier', undefined, 1, true],
      ['queued', 'meet', 'barrier', undefined, 1, true],
      ['left', 'meet', 'barrier', undefined, 1, true],
    ]);
  });

  it('tells of every gate of an allOf, in the same words', () => {
    const { ask, activity } = gateWorld();
    const busy = ask('b');
    const seen = activity();
    const both = ask(allOf('a', { gate: semaphore('pool', { permits: 4 }), cost: 2 }, 'b'), { label: 'all' });
    busy.leave();
    both.leave();
    expect(seen.filter(({ who }) => who === 'all').map(({ action, gate, cost }) => [action, gate, cost])).toEqual(
      ['queued', 'granted', 'released'].flatMap((action) => [
        [action, 'a', 1],
        [action, 'b', 1],
        [action, 'pool', 2],
      ]),
    );
  });

  it('tells of one grant and one release of a reentrant mutex, however often its work comes back', async () => {
    const { within, activity } = gateWorld();
    const seen = activity();
    const reentrant = mutex('db', { reentrant: true });
    await within(() => run(reentrant, () => run(reentrant, () => run(reentrant, () => 1))));
    expect(seen.map(({ action }) => action)).toEqual(['granted', 'released']);
  });

  it('is an event of the bus, in order, with its own name', () => {
    const { ask, coordinator } = gateWorld();
    const names: string[] = [];
    coordinator.when('rxbaton.gate.*').subscribe(({ name, data }) => names.push(`${name} ${data.gate}`));
    ask(lock).leave();
    expect(names).toEqual(['rxbaton.gate.granted db', 'rxbaton.gate.released db']);
  });
});

describe('while nobody listens', () => {
  it('nothing is built: not even the calendar is read', () => {
    const clock = virtualTime();
    let read = 0;
    const host = createHost({ clock: { ...clock, now: () => clock.now(), wall: () => ++read } });
    const gate = open(lock, host);
    const first = gate.acquire().subscribe();
    gate.acquire().subscribe().unsubscribe();
    gate.acquire({ timeout: 0 }).subscribe({ error: () => {} });
    first.unsubscribe();
    expect(read).toBe(0);
    (host.env as { activity: unknown }).activity = () => {};
    gate.acquire().subscribe().unsubscribe();
    expect(read).toBe(2);
  });
});

/** Gates with a listener that acts on what it hears. */
function meddled(meddle: (activity: GateActivity, gate: ReturnType<typeof open>) => void) {
  const clock = virtualTime();
  const seen: string[] = [];
  const host = createHost({ clock });
  const gate = open(semaphore('pool', { permits: 1 }), host);
  (host.env as { activity: unknown }).activity = (activity: GateActivity) => {
    seen.push(`${activity.action} ${activity.who}`);
    meddle(activity, gate);
  };
  const state = () => gate.inspect() as GateState;
  return { gate, seen, state, clock };
}

describe('a listener that comes back to the gate', () => {
  it.each(['queued', 'granted', 'released', 'left', 'lost', 'refused', 'changed'] as const)(
    'and asks for it when it hears of %s waits like everybody, and there is never more than one inside',
    (when) => {
      let inside = 0;
      let most = 0;
      const order: string[] = [];
      let asked = 0;
      const { gate, state } = meddled(({ action, who }) => {
        if (action === when && who !== 'meddler' && asked++ === 0) subscriptions.push(track('meddler'));
      });
      const subscriptions: { unsubscribe(): void }[] = [];
      const track = (label: string) => {
        let counted = false;
        const subscription = hold(gate.acquire({ label }), () => {
          counted = true;
          order.push(label);
          most = Math.max(most, ++inside);
          return NEVER;
        }).subscribe({ error: () => {} });
        subscription.add(() => {
          if (counted) inside--;
        });
        return subscription;
      };
      const [a, b, c] = [track('a'), track('b'), track('c')];
      gate.acquire({ label: 'busy', timeout: 0 }).subscribe({ error: () => {} });
      c.unsubscribe();
      void gate.change({ permits: 1 });
      void gate.force('all', 'forced');
      a.unsubscribe();
      b.unsubscribe();
      subscriptions.forEach((one) => {
        one.unsubscribe();
      });
      expect([most, state().holders, state().waiting, state().available]).toEqual([1, [], [], 1]);
      // When a is granted nobody else has asked yet; later there is always somebody before the meddler.
      expect(order.slice(0, 2)).toEqual(['a', when === 'granted' ? 'meddler' : 'b']);
    },
  );

  it('and forces free what was just granted: the work does not start, and the consumer hears of the loss', () => {
    const { gate, state } = meddled(({ action, who }, it) => {
      if (action === 'granted' && who === 'a') void it.force('all', 'not you');
    });
    const log: string[] = [];
    hold(gate.acquire({ label: 'a' }), () => {
      log.push('started');
      return EMPTY;
    }).subscribe({ error: (error: unknown) => log.push((error as Error).message) });
    expect([log, state().available]).toEqual([['a lost pool: not you.'], 1]);
  });

  it('and takes back the request that was just granted: the work does not start', () => {
    const log: string[] = [];
    const { gate, state } = meddled(({ action, who }) => {
      if (action === 'granted' && who === 'b') b.unsubscribe();
    });
    const a = gate.acquire({ label: 'a' }).subscribe();
    const b = hold(gate.acquire({ label: 'b' }), () => {
      log.push('started');
      return EMPTY;
    }).subscribe({ complete: () => log.push('end') });
    gate.acquire({ label: 'c' }).subscribe(() => log.push('c'));
    a.unsubscribe();
    expect([log, state().holders]).toMatchObject([['c'], [{ who: 'c' }]]);
  });

  it('and takes back a token that was just granted: it is not spent', () => {
    const clock = virtualTime();
    const host = createHost({ clock });
    const gate = open(rateLimiter('api', { limit: 1, per: 100 }), host);
    const log: string[] = [];
    void gate.pauseUntil(10);
    const call = gate.acquire().subscribe(() => log.push('called'));
    (host.env as { activity: unknown }).activity = ({ action }: GateActivity) => {
      if (action === 'granted') call.unsubscribe();
    };
    void gate.change({ pauseUntil: 0 });
    expect([log, gate.inspect()]).toMatchObject([[], { available: 1 }]);
  });

  it('and throws harms nobody', async () => {
    const { coordinator, within, problems, state } = gateWorld();
    coordinator.when('rxbaton.gate.*', () => {
      throw new Error('listener');
    });
    const work = deferred();
    const running = within(() => run(lock, () => work.promise));
    work.resolve();
    await running;
    expect(state(lock).available).toBe(1);
    expect(problems.length).toBeGreaterThan(0);
  });

  it('is heard by nobody after the last one has gone', () => {
    const { coordinator, ask } = gateWorld();
    const seen: unknown[] = [];
    const listener = coordinator.when('rxbaton.gate.*', (data) => seen.push(data));
    ask(lock).leave();
    listener.unsubscribe();
    ask(lock).leave();
    expect(seen).toHaveLength(2);
    expect(coordinator.gates.env.activity).toBeNull();
  });
});
