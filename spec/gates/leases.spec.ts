import { describe, expect, it } from 'vitest';
import { LeaseLostError, mutex, run, semaphore } from 'rxbaton';
import { deferred } from '../support/deferred.ts';
import { errorOf, gateWorld } from '../support/gateWorld.ts';

describe('a lease with ttl and renew: false', () => {
  const lock = mutex('db', { ttl: '30s', renew: false });

  it('is lost exactly when its ttl lapses, and the next holder has a higher fence', async () => {
    const { clock, ask } = gateWorld();
    const a = ask(lock);
    const b = ask(lock);
    const { signal } = a.grant;
    await clock.advance(29_999);
    expect([a.fate, b.fate, signal.aborted]).toEqual(['held', 'waiting', false]);
    await clock.advance(1);
    expect([a.fate, b.fate, signal.aborted]).toEqual(['RXB_LEASE_LOST', 'held', true]);
    expect(signal.reason).toMatchObject({ code: 'RXB_LEASE_LOST', details: { reason: 'expired' } });
    expect(b.grant.fence).toBeGreaterThan(a.grant.fence!);
    expect([a.grant.valid(), a.grant.extend()]).toEqual([false, false]);
  });

  it('says in its error who lost what and why', async () => {
    const { clock, ask } = gateWorld();
    const a = ask(lock, { label: 'writer' });
    await clock.advance('30s');
    expect(a.error).toBeInstanceOf(LeaseLostError);
    expect(a.error).toMatchObject({
      message: 'writer lost db: expired. Give it a longer ttl, extend() the grant, or let it renew.',
      details: { gate: 'db', reason: 'expired', fence: a.grant.fence },
    });
  });

  it('starts its ttl when it is granted, not when it was asked for', async () => {
    const { clock, ask } = gateWorld();
    const a = ask(lock);
    const b = ask(lock);
    await clock.advance('20s');
    a.leave();
    await clock.advance('29s');
    expect(b.fate).toBe('held');
    await clock.advance('1s');
    expect(b.fate).toBe('RXB_LEASE_LOST');
  });

  it('lets several lapse, each in its own time, and fills their places at once', async () => {
    const { clock, ask } = gateWorld();
    const pool = semaphore('pool', { permits: 2, ttl: 10, renew: false });
    const a = ask(pool);
    await clock.advance(4);
    const b = ask(pool);
    const c = ask(pool);
    const d = ask(pool);
    await clock.advance(6);
    expect([a, b, c, d].map(({ fate }) => fate)).toEqual(['RXB_LEASE_LOST', 'held', 'held', 'waiting']);
    await clock.advance(4);
    expect([b, c, d].map(({ fate }) => fate)).toEqual(['RXB_LEASE_LOST', 'held', 'held']);
  });

  it('can be moved by extend: by its ttl, or by what is said; longer or shorter', async () => {
    const { clock, ask, state } = gateWorld();
    const a = ask(lock);
    await clock.advance('20s');
    expect([a.grant.extend(), state(lock).holders[0]?.left]).toEqual([true, 30_000]);
    expect([a.grant.extend('2m'), state(lock).holders[0]?.left]).toEqual([true, 120_000]);
    expect([a.grant.extend(5), state(lock).holders[0]?.left]).toEqual([true, 5]);
    await clock.advance(5);
    expect(a.fate).toBe('RXB_LEASE_LOST');
  });

  it('can be extended for ever, and then leaves no timer', async () => {
    const { clock, ask } = gateWorld();
    const a = ask(lock);
    void a.grant.extend(Infinity);
    await clock.advance('7d');
    expect([a.fate, clock.pending]).toEqual(['held', 0]);
    void a.grant.extend(5);
    await clock.advance(5);
    expect(a.fate).toBe('RXB_LEASE_LOST');
  });

  it('rejects the run that lost it, and the run that comes next does not wait for it', async () => {
    const { clock, within } = gateWorld();
    const stuck = deferred();
    const first = errorOf(within(() => run(lock, () => stuck.promise)));
    const second = within(() => run(lock, ({ waited }) => waited));
    await clock.advance('30s');
    expect([(await first).code, await second]).toEqual(['RXB_LEASE_LOST', 30_000]);
  });

  it('stays lost when its work ends later: nothing of the next holder is given back', async () => {
    const { clock, within, ask, state } = gateWorld();
    const stuck = deferred();
    const first = errorOf(within(() => run(lock, () => stuck.promise)));
    const next = ask(lock);
    const third = ask(lock);
    await clock.advance('30s');
    expect(next.fate).toBe('held');
    stuck.resolve();
    await first;
    expect([next.fate, third.fate, state(lock).available]).toEqual(['held', 'waiting', 0]);
  });
});

describe('a lease with ttl that renews', () => {
  it('is kept as long as it is held, needs no timer, and has no end', async () => {
    const { clock, ask, state } = gateWorld();
    const lock = mutex('db', { ttl: '30s' });
    const a = ask(lock);
    const b = ask(lock);
    await clock.advance('1h');
    expect([a.fate, b.fate, clock.pending]).toEqual(['held', 'waiting', 0]);
    expect(state(lock).holders[0]?.left).toBe(Infinity);
    expect([a.grant.extend(), a.grant.extend(5)]).toEqual([true, true]);
    await clock.advance('1h');
    expect(a.fate).toBe('held');
  });
});

describe('the signal of a lease', () => {
  it('tells why it aborted, also to who looks later', async () => {
    const { clock, ask } = gateWorld();
    const lost = ask(mutex('db', { ttl: 10, renew: false }));
    await clock.advance(10);
    const given = ask('x');
    given.leave();
    expect([lost.grant.signal.reason, given.grant.signal.reason]).toEqual([
      expect.objectContaining({ code: 'RXB_LEASE_LOST' }),
      'released',
    ]);
  });
});

describe('force', () => {
  it('takes the lease of one fence, tells its holder why, and lets the next one in', () => {
    const { ask, open } = gateWorld();
    const gate = open(semaphore('pool', { permits: 2 }));
    const [a, b, c] = [ask(gate), ask(gate, { label: 'b' }), ask(gate)];
    const { signal } = b.grant;
    expect(gate.force(b.grant.fence!, 'by the operator')).toBe(1);
    expect([a?.fate, b?.fate, c?.fate, signal.reason]).toEqual(['held', 'RXB_LEASE_LOST', 'held', b.error]);
    expect(b.error).toMatchObject({
      message: 'b lost pool: by the operator.',
      details: { gate: 'pool', reason: 'forced', note: 'by the operator', fence: b.grant.fence },
    });
  });

  it('takes all leases, and none of those who come in for them', () => {
    const { ask, open } = gateWorld();
    const gate = open(semaphore('pool', { permits: 2 }));
    const all = [ask(gate), ask(gate), ask(gate), ask(gate), ask(gate)];
    expect(gate.force('all', 'emptied')).toBe(2);
    expect(all.map(({ fate }) => fate)).toEqual(['RXB_LEASE_LOST', 'RXB_LEASE_LOST', 'held', 'held', 'waiting']);
  });

  it('finds nobody under a fence that is over', () => {
    const { ask, open } = gateWorld();
    const gate = open(mutex('db'));
    const a = ask(gate);
    const b = ask(gate);
    a.leave();
    expect(gate.force(a.grant.fence!, 'late')).toBe(0);
    expect(b.fate).toBe('held');
  });
});
