import { describe, expect, it } from 'vitest';
import { allOf, mutex, semaphore, type GateState } from 'rxbaton';
import { gateWorld } from '../support/gateWorld.ts';

const pool = semaphore('pool', { permits: 3 });

describe('a semaphore', () => {
  it('lets as many in as it has permits', () => {
    const { ask } = gateWorld();
    expect([ask(pool), ask(pool), ask(pool), ask(pool)].map(({ fate }) => fate)).toEqual([
      'held',
      'held',
      'held',
      'waiting',
    ]);
  });

  it('weighs requests by their cost, and gives the whole cost back', () => {
    const { ask, state } = gateWorld();
    const heavy = ask(pool, { cost: 2 });
    const light = ask(pool);
    const next = ask(pool, { cost: 2 });
    expect([state(pool).available, next.fate]).toEqual([0, 'waiting']);
    light.leave();
    expect([state(pool).available, next.fate]).toEqual([1, 'waiting']);
    heavy.leave();
    expect([state(pool).available, next.fate]).toEqual([1, 'held']);
  });

  it('does not let the light pass a heavy one at the head, and lets in all who fit when it goes', () => {
    const { ask } = gateWorld();
    const holder = ask(pool, { cost: 2 });
    const heavy = ask(pool, { cost: 3 });
    const [a, b, c] = [ask(pool), ask(pool), ask(pool)];
    expect([heavy, a, b, c].map((one) => one.fate)).toEqual(['waiting', 'waiting', 'waiting', 'waiting']);
    heavy.leave();
    expect([a, b, c].map((one) => one.fate)).toEqual(['held', 'waiting', 'waiting']);
    holder.leave();
    expect([b, c].map((one) => one.fate)).toEqual(['held', 'held']);
  });

  it('refuses at once what it can never give, and says how much it has', () => {
    const { ask, state } = gateWorld();
    const greedy = ask(pool, { cost: 4 });
    expect(greedy.error).toMatchObject({
      code: 'RXB_LIMIT_IMPOSSIBLE',
      message: '4 of pool can never be had at once: it has 3. Ask for at most 3, or raise its limit.',
      details: { gate: 'pool', cost: 4, capacity: 3 },
    });
    expect(state(pool).waiting).toEqual([]);
  });

  it.each([mutex('lock'), semaphore('pool', { permits: 2 })])('refuses a part of a permit: %o', (spec) => {
    const { ask } = gateWorld();
    const message = `cost of '${spec.name}' must be a whole number of permits, not 0.5.`;
    expect(ask(spec, { cost: 0.5 }).error).toMatchObject({ code: 'RXB_CONFIG', message });
    expect(ask(allOf({ gate: spec, cost: 0.5 })).error).toMatchObject({ code: 'RXB_CONFIG', message });
  });
});

describe('change({ permits })', () => {
  it('lets more in at once', () => {
    const { ask, open } = gateWorld();
    const gate = open(pool);
    const all = [ask(gate), ask(gate), ask(gate), ask(gate), ask(gate)];
    void gate.change({ permits: 4 });
    expect(all.map(({ fate }) => fate)).toEqual(['held', 'held', 'held', 'held', 'waiting']);
  });

  it('takes nothing from those who hold: they go below the new number one by one', () => {
    const { ask, open, state } = gateWorld();
    const gate = open(pool);
    const [a, b, c, d] = [ask(gate), ask(gate), ask(gate), ask(gate)];
    void gate.change({ permits: 1 });
    expect([a, b, c, d].map((one) => one?.fate)).toEqual(['held', 'held', 'held', 'waiting']);
    a?.leave();
    b?.leave();
    expect([d?.fate, state(gate).available]).toEqual(['waiting', 0]);
    c?.leave();
    expect(d?.fate).toBe('held');
  });

  it('refuses those who wait for more than there will ever be, wherever they stand, and lets the others in', () => {
    const { ask, open } = gateWorld();
    const gate = open(pool);
    const holder = ask(gate, { cost: 3 });
    const waiters = [3, 1, 2, 1].map((cost) => ask(gate, { cost }));
    void gate.change({ permits: 1 });
    expect(waiters.map(({ fate }) => fate)).toEqual([
      'RXB_LIMIT_IMPOSSIBLE',
      'waiting',
      'RXB_LIMIT_IMPOSSIBLE',
      'waiting',
    ]);
    holder.leave();
    expect(waiters.map(({ fate }) => fate)).toEqual([
      'RXB_LIMIT_IMPOSSIBLE',
      'held',
      'RXB_LIMIT_IMPOSSIBLE',
      'waiting',
    ]);
  });

  it('also refuses them all where the first to hear of it makes the second leave', () => {
    const { open, ask } = gateWorld();
    const gate = open(pool);
    ask(gate, { cost: 3 });
    const refused: string[] = [];
    gate.acquire({ cost: 3 }).subscribe({
      error: () => {
        refused.push('first');
        second.unsubscribe();
      },
    });
    const second = gate.acquire({ cost: 3 }).subscribe({ error: () => refused.push('second') });
    gate.acquire({ cost: 3 }).subscribe({ error: () => refused.push('third') });
    void gate.change({ permits: 1 });
    expect([refused, (gate.inspect() as GateState).waiting]).toEqual([['first', 'third'], []]);
  });

  it('holds for those who come later, and is seen by inspect', () => {
    const { ask, open, state } = gateWorld();
    const gate = open(pool);
    void gate.change({ permits: 5 });
    expect(ask(gate, { cost: 5 }).fate).toBe('held');
    expect(state(gate).spec).toMatchObject({ permits: 5 });
    expect(gate.spec).toMatchObject({ permits: 3 });
  });
});
