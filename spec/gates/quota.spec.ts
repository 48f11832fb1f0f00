import { describe, expect, it } from 'vitest';
import { quota } from 'rxbaton';
import { gateWorld } from '../support/gateWorld.ts';

const hour = 3_600_000;
const hourly = quota('gpu-hours', { limit: 16, per: '1h' });

describe('a quota', () => {
  it('gives its limit in each hour of the clock, whenever it was first used', async () => {
    const { clock, ask } = gateWorld({ epoch: Date.UTC(2030, 0, 1, 9, 45) });
    const a = ask(hourly, { cost: 16 });
    const b = ask(hourly);
    await clock.advance('14m');
    expect([a.fate, b.fate]).toEqual(['held', 'waiting']);
    await clock.advance('1m');
    expect(b.fate).toBe('held');
  });

  it.each([new Date(1_000), 1_000])('counts its periods from the anchor: %s', async (anchor) => {
    const { clock, ask } = gateWorld({ epoch: 4_400 });
    const spec = quota('pages', { limit: 1, per: 500, anchor });
    ask(spec);
    const next = ask(spec);
    await clock.advance(99);
    expect(next.fate).toBe('waiting');
    await clock.advance(1);
    expect(next.fate).toBe('held');
  });

  it('takes an anchor that is still to come', async () => {
    const { clock, ask } = gateWorld({ epoch: 0 });
    const spec = quota('pages', { limit: 1, per: 500, anchor: 10_030 });
    ask(spec);
    const next = ask(spec);
    await clock.advance(29);
    expect(next.fate).toBe('waiting');
    await clock.advance(1);
    expect(next.fate).toBe('held');
  });

  it('never drifts: over a hundred periods each opens on time', async () => {
    const { clock, ask } = gateWorld({ epoch: 250 });
    const spec = quota('pages', { limit: 1, per: 1_000 });
    const opened: number[] = [];
    for (let i = 0; i < 100; i++) {
      ask(spec).leave();
      spec.kind satisfies 'quota';
      const next = ask(spec);
      while (next.fate === 'waiting') await clock.advance(250);
      opened.push(clock.wall() % 1_000);
      next.leave();
      await clock.advance(1_000 - (clock.wall() % 1_000) + 250);
    }
    expect(new Set(opened)).toEqual(new Set([0]));
  });

  it('keeps what a grant reserved where nothing else is said, also after its release', () => {
    const { ask, state } = gateWorld();
    const a = ask(hourly, { cost: 10 });
    expect(state(hourly).available).toBe(6);
    a.leave();
    expect(state(hourly).available).toBe(6);
  });

  it('says when it opens', async () => {
    const { clock, ask, state } = gateWorld({ epoch: hour / 4 });
    ask(hourly, { cost: 16 });
    expect(state(hourly)).toMatchObject({ available: 0, opensIn: (3 * hour) / 4, holders: [{ cost: 16 }] });
    await clock.advance(hour);
    expect(state(hourly)).toMatchObject({ available: 16, opensIn: 0, holders: [{ cost: 16 }] });
  });

  it('lets a large request at the head wait for the next period, and nobody past it', async () => {
    const { clock, ask } = gateWorld();
    ask(hourly, { cost: 10 });
    const large = ask(hourly, { cost: 10 });
    const small = ask(hourly, { cost: 1 });
    expect([large.fate, small.fate]).toEqual(['waiting', 'waiting']);
    await clock.advance(hour);
    expect([large.fate, small.fate]).toEqual(['held', 'held']);
  });

  it('takes fractions', () => {
    const { ask, state } = gateWorld();
    ask(hourly, { cost: 0.25 });
    expect(state(hourly).available).toBe(15.75);
  });
});

describe('charge', () => {
  it('gives the difference back at once, and lets in who waits for it', () => {
    const { ask, state } = gateWorld();
    const a = ask(hourly, { cost: 10 });
    const b = ask(hourly, { cost: 12 });
    expect(b.fate).toBe('waiting');
    void a.grant.charge(4);
    expect([b.fate, state(hourly).available]).toEqual(['held', 0]);
  });

  it('of nothing gives all of it back', () => {
    const { ask, state } = gateWorld();
    void ask(hourly, { cost: 16 }).grant.charge(0);
    expect(state(hourly).available).toBe(16);
  });

  it('counts once: a second one changes nothing', () => {
    const { ask, state } = gateWorld();
    const { grant } = ask(hourly, { cost: 10 });
    void grant.charge(4);
    void grant.charge(0);
    expect(state(hourly).available).toBe(12);
  });

  it('above the reservation is a debt of this period only', async () => {
    const { clock, ask, state } = gateWorld();
    const a = ask(hourly, { cost: 10 });
    void a.grant.charge(40);
    const next = ask(hourly, { cost: 1 });
    expect([state(hourly).available, next.fate]).toEqual([0, 'waiting']);
    await clock.advance(hour);
    expect([next.fate, state(hourly).available]).toEqual(['held', 15]);
  });

  it('in a later period gives back nothing and takes nothing', async () => {
    const { clock, ask, state } = gateWorld();
    const a = ask(hourly, { cost: 10 });
    const b = ask(hourly, { cost: 6 });
    await clock.advance(hour);
    ask(hourly, { cost: 5 });
    void a.grant.charge(0);
    void b.grant.charge(16);
    expect(state(hourly).available).toBe(11);
  });

  it('after the release comes too late', () => {
    const { ask, state } = gateWorld();
    const a = ask(hourly, { cost: 10 });
    a.leave();
    void a.grant.charge(0);
    expect(state(hourly).available).toBe(6);
  });

  it.each([-1, NaN, Infinity, '3'])('refuses %s', (actual) => {
    const { ask } = gateWorld();
    const { grant } = ask(hourly);
    expect(() => grant.charge(actual as number)).toThrow(/gpu-hours: charge\(\) takes a number from 0 up/);
  });

  it('of a gate without a budget changes nothing', () => {
    const { ask, state } = gateWorld();
    void ask('db').grant.charge(5);
    expect(state('db')).toMatchObject({ available: 0, holders: [{}] });
  });
});

describe('a change of a quota', () => {
  it('of its limit holds at once for those who wait', () => {
    const { ask, open, state } = gateWorld();
    const gate = open(hourly);
    ask(gate, { cost: 16 });
    const waits = ask(gate, { cost: 4 });
    void gate.change({ limit: 20 });
    expect([waits.fate, state(gate).available]).toEqual(['held', 0]);
  });

  it('of its limit below what is used lets nobody in before the next period', async () => {
    const { clock, ask, open, state } = gateWorld();
    const gate = open(hourly);
    ask(gate, { cost: 10 });
    void gate.change({ limit: 5 });
    const waits = ask(gate, { cost: 1 });
    expect([state(gate).available, waits.fate]).toEqual([0, 'waiting']);
    await clock.advance(hour);
    expect(state(gate).available).toBe(4);
  });

  it('of its period counts what was used in the period that has now begun', async () => {
    const { clock, ask, open, state } = gateWorld({ epoch: 250 });
    const gate = open(quota('pages', { limit: 2, per: 1_000 }));
    ask(gate, { cost: 2 });
    void gate.change({ per: 300 });
    expect(state(gate)).toMatchObject({ available: 0, opensIn: 50 });
    await clock.advance(50);
    expect(state(gate)).toMatchObject({ available: 2 });
  });
});
