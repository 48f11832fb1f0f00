import { describe, expect, it } from 'vitest';
import { mutex, quota, rateLimiter, semaphore } from 'rxbaton';
import { gateWorld } from '../support/gateWorld.ts';

describe('key', () => {
  it('has a queue of its own, apart from the others and from the gate without a key', () => {
    const { ask, state } = gateWorld();
    const lock = mutex('customer');
    const holders = [ask(lock), ask(lock, { key: 'ada' }), ask(lock, { key: 'bob' })];
    const waiter = ask(lock, { key: 'ada' });
    expect([...holders, waiter].map(({ fate }) => fate)).toEqual(['held', 'held', 'held', 'waiting']);
    expect(state(lock, 'ada')).toMatchObject({ name: 'customer', key: 'ada', holders: [{}], waiting: [{}] });
    expect([state(lock), state(lock, 'bob')]).toMatchObject([{ waiting: [] }, { waiting: [] }]);
    expect('key' in state(lock)).toBe(false);
    holders[2]?.leave();
    expect(waiter.fate).toBe('waiting');
    holders[1]?.leave();
    expect(waiter.fate).toBe('held');
  });

  it('has an account of its own, with the settings of the gate', async () => {
    const { clock, ask, state } = gateWorld();
    const spec = rateLimiter('api', { limit: 2, per: 100, strategy: 'token-bucket' });
    const fates = ['a', 'a', 'a', 'b', 'b', 'b'].map((key) => ask(spec, { key }));
    expect(fates.map(({ fate }) => fate)).toEqual(['spent', 'spent', 'waiting', 'spent', 'spent', 'waiting']);
    expect([state(spec, 'a').available, state(spec, 'c').available]).toEqual([0, 2]);
    await clock.advance(50);
    expect(fates.map(({ fate }) => fate)).toEqual(['spent', 'spent', 'spent', 'spent', 'spent', 'spent']);
  });

  it('keeps the budgets of a quota apart', () => {
    const { ask } = gateWorld();
    const hours = quota('hours', { limit: 3, per: '1h' });
    expect([ask(hours, { key: 'a', cost: 3 }).fate, ask(hours, { key: 'b', cost: 3 }).fate]).toEqual(['held', 'held']);
  });

  it('is named in errors and by the grant', async () => {
    const { clock, ask } = gateWorld();
    const lock = mutex('customer');
    const holder = ask(lock, { key: 'ada', label: 'a' });
    const late = ask(lock, { key: 'ada', timeout: 10 });
    await clock.advance(10);
    expect([holder.grant.gate, (late.error as Error).message]).toEqual([
      'customer[ada]',
      expect.stringContaining('customer[ada] did not open within 10 ms: held by a (for 10 ms).'),
    ]);
  });

  it('of a bare name means the gate whose other keys are in use', () => {
    const { ask, state } = gateWorld();
    ask(semaphore('pool', { permits: 2 }), { key: 'a' });
    expect(state('pool', 'a').spec).toMatchObject({ kind: 'semaphore', permits: 2 });
    expect(state('pool', 'b').spec).toMatchObject({ kind: 'semaphore', permits: 2 });
  });
});

describe('a change of a gate', () => {
  it('holds for its keys: those in use, those at rest and those to come', () => {
    const { ask, open, state } = gateWorld();
    const gate = open(semaphore('pool', { permits: 1 }));
    const [a, b] = [ask(gate, { key: 'busy' }), ask(gate, { key: 'busy' })];
    void gate.change({ permits: 2 });
    expect([a.fate, b.fate]).toEqual(['held', 'held']);
    expect(state(gate, 'later').available).toBe(2);
  });

  it('pauses its keys too', async () => {
    const { clock, ask, open } = gateWorld();
    const gate = open(rateLimiter('api', { limit: 9, per: 100 }));
    ask(gate, { key: 'known' });
    void gate.pauseUntil(50);
    const [known, fresh] = [ask(gate, { key: 'known' }), ask(gate, { key: 'fresh' })];
    expect([known.fate, fresh.fate]).toEqual(['waiting', 'waiting']);
    await clock.advance(50);
    expect([known.fate, fresh.fate]).toEqual(['spent', 'spent']);
  });

  it('of force takes the leases of its keys too', () => {
    const { ask, open } = gateWorld();
    const gate = open(mutex('customer'));
    const all = [ask(gate), ask(gate, { key: 'a' }), ask(gate, { key: 'b' })];
    expect(gate.force('all', 'emptied')).toBe(3);
    expect(all.map(({ fate }) => fate)).toEqual(['RXB_LEASE_LOST', 'RXB_LEASE_LOST', 'RXB_LEASE_LOST']);
  });
});
