import { describe, expect, it } from 'vitest';
import { cyclicBarrier } from 'rxbaton';
import { gateWorld } from '../support/gateWorld.ts';

const merge = cyclicBarrier('merge', { parties: 3 });

describe('a barrier', () => {
  it('lets nobody on before all parties are there, and then all, with their order of arrival', () => {
    const { ask } = gateWorld();
    const two = [ask(merge), ask(merge)];
    expect(two.map(({ fate }) => fate)).toEqual(['waiting', 'waiting']);
    const all = [...two, ask(merge)];
    expect(all.map(({ fate, grant }) => [fate, grant.index, grant.fence])).toEqual([
      ['spent', 0, null],
      ['spent', 1, null],
      ['spent', 2, null],
    ]);
  });

  it('is ready for the next generation at once, and counts them', () => {
    const { ask, state } = gateWorld();
    const generations = [state(merge).generation];
    for (let i = 0; i < 7; i++) {
      ask(merge);
      generations.push(state(merge).generation);
    }
    expect(generations).toEqual([0, 0, 0, 1, 1, 1, 2, 2]);
    expect(state(merge).waiting).toHaveLength(1);
  });

  it('keeps generations apart where the first one in comes back at once', () => {
    const { ask, open } = gateWorld();
    const gate = open(merge);
    const seen: string[] = [];
    const comeBack = () => gate.acquire().subscribe(({ index }) => seen.push(`a again ${index}`));
    gate.acquire().subscribe({
      next: ({ index }) => {
        seen.push(`a${index}`);
        comeBack();
      },
    });
    gate.acquire().subscribe(({ index }) => seen.push(`b${index}`));
    gate.acquire().subscribe(({ index }) => seen.push(`c${index}`));
    expect(seen).toEqual(['a0', 'b1', 'c2']);
    ask(gate);
    ask(gate);
    expect(seen).toEqual(['a0', 'b1', 'c2', 'a again 0']);
  });

  it('breaks for those who wait when its timeout is over, which begins with the first to arrive', async () => {
    const { clock, ask } = gateWorld();
    const hurried = cyclicBarrier('merge', { parties: 3, timeout: '30s' });
    await clock.advance('1h');
    const a = ask(hurried, { label: 'a' });
    await clock.advance('20s');
    const b = ask(hurried, { label: 'b' });
    await clock.advance(9_999);
    expect([a.fate, b.fate]).toEqual(['waiting', 'waiting']);
    await clock.advance(1);
    expect([a.fate, b.fate]).toEqual(['RXB_BARRIER_BROKEN', 'RXB_BARRIER_BROKEN']);
    expect(a.error).toMatchObject({
      message: 'The barrier merge is broken: only 2 of 3 arrived in 30 s.',
      details: { gate: 'merge', reason: 'only 2 of 3 arrived in 30 s', waiting: ['a', 'b'] },
    });
  });

  it('begins anew after it broke, with a timeout of its own', async () => {
    const { clock, ask, state } = gateWorld();
    const hurried = cyclicBarrier('merge', { parties: 2, timeout: 10 });
    ask(hurried);
    await clock.advance(10);
    const a = ask(hurried);
    await clock.advance(9);
    expect([a.fate, ask(hurried).fate, a.fate, state(hurried).generation]).toEqual(['waiting', 'spent', 'spent', 1]);
    expect(clock.pending).toBe(0);
  });

  it('breaks for all when a party leaves', () => {
    const { ask } = gateWorld();
    const [a, b] = [ask(merge), ask(merge, { label: 'b' })];
    b.leave();
    expect(a.error).toMatchObject({
      code: 'RXB_BARRIER_BROKEN',
      message: 'The barrier merge is broken: b left.',
      details: { waiting: ['anonymous'] },
    });
  });

  it('breaks when the request of a party times out or is aborted', async () => {
    const { clock, ask } = gateWorld();
    const control = new AbortController();
    const first = [ask(merge), ask(merge, { timeout: 10 })];
    await clock.advance(10);
    const second = [ask(merge), ask(merge, { signal: control.signal })];
    control.abort();
    expect([...first, ...second].map(({ fate }) => fate)).toEqual([
      'RXB_BARRIER_BROKEN',
      'RXB_ACQUIRE_TIMEOUT',
      'RXB_BARRIER_BROKEN',
      'RXB_ABORTED',
    ]);
  });

  it("with onLeave: 'forget' waits for another one instead", () => {
    const { ask } = gateWorld();
    const patient = cyclicBarrier('merge', { parties: 3, onLeave: 'forget' });
    const [a, b] = [ask(patient), ask(patient)];
    a.leave();
    const c = ask(patient);
    expect([b.fate, c.fate]).toEqual(['waiting', 'waiting']);
    ask(patient);
    expect([b.fate, b.grant.index, c.grant.index]).toEqual(['spent', 0, 1]);
  });

  it('is not broken by a try, which enters where it is the last', () => {
    const { ask } = gateWorld();
    const a = ask(merge);
    expect([ask(merge, { timeout: 0 }).fate, a.fate]).toEqual(['RXB_BUSY', 'waiting']);
    ask(merge);
    expect([ask(merge, { timeout: 0 }).fate, a.fate]).toEqual(['spent', 'spent']);
  });

  it('opens at once where fewer parties are enough now, and waits for more where more are needed', () => {
    const { ask, open } = gateWorld();
    const gate = open(merge);
    const [a, b] = [ask(gate), ask(gate)];
    void gate.change({ parties: 2 });
    expect([a.fate, b.fate]).toEqual(['spent', 'spent']);
    void gate.change({ parties: 4 });
    const four = [ask(gate), ask(gate), ask(gate)];
    expect(four.map(({ fate }) => fate)).toEqual(['waiting', 'waiting', 'waiting']);
    ask(gate);
    expect(four.map(({ fate }) => fate)).toEqual(['spent', 'spent', 'spent']);
  });

  it('serves whole generations only: who came early for the next one waits for it', () => {
    const { ask, open } = gateWorld();
    const gate = open(merge);
    void gate.pauseUntil(100);
    const all = [1, 2, 3, 4].map(() => ask(gate));
    void gate.change({ pauseUntil: 0 });
    expect(all.map(({ fate }) => fate)).toEqual(['spent', 'spent', 'spent', 'waiting']);
  });

  it('refuses a request for more than one place', () => {
    const { ask } = gateWorld();
    expect(ask(merge, { cost: 2 }).fate).toBe('RXB_LIMIT_IMPOSSIBLE');
  });
});
