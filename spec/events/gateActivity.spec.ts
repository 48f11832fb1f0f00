import { describe, expect, it } from 'vitest';
import { createCoordinator } from 'rxbaton';
import type { GateActivity } from '../../lib/gates/state.ts';

const granted: GateActivity = { action: 'granted', gate: 'db', kind: 'mutex', at: 1 };

describe('gate activity', () => {
  it.each(['rxbaton.gate.granted', 'rxbaton.gate.*', 'rxbaton.*', /^rxbaton\.gate/])(
    'is asked for while somebody listens to %s',
    (selector) => {
      const { when, gates } = createCoordinator();
      const seen: unknown[] = [];
      expect(gates.env.activity).toBeNull();
      const one = when(selector, (data, { name }) => seen.push([name, data]));
      const two = when(selector).subscribe();
      gates.env.activity!(granted);
      one.unsubscribe();
      one.unsubscribe();
      expect(gates.env.activity).not.toBeNull();
      two.unsubscribe();
      expect(gates.env.activity).toBeNull();
      expect(seen).toEqual([['rxbaton.gate.granted', granted]]);
    },
  );

  it.each(['*', 'rxbaton.handler_failed', 'rxbaton.handler_*', /gate/, () => true])('is not for %s', (selector) => {
    const { when, gates } = createCoordinator();
    when(selector, () => {});
    expect(gates.env.activity).toBeNull();
  });

  it('takes no seq where only another activity is listened to', () => {
    const { when, emit, gates } = createCoordinator();
    const seqs: number[] = [];
    when('rxbaton.gate.lost', () => {});
    when('a', (_, { seq }) => seqs.push(seq));
    gates.env.activity!(granted);
    emit('a');
    expect(seqs).toEqual([1]);
  });

  it('ends with the coordinator', async () => {
    const { when, close, gates } = createCoordinator();
    when('rxbaton.gate.*', () => {});
    await close();
    expect(gates.env.activity).toBeNull();
  });
});
