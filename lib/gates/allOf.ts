import { ConfigError } from '../errors.ts';
import { expected, knownOptions } from '../internal/options.ts';
import { checkReading, costOf } from './ask.ts';
import { teachJoining } from './joining.ts';
import type { AllOf, Gate, Member } from './gate.ts';
import { refuseBarrier } from './several.ts';
import { type GateSpec, unitOf } from './spec.ts';
import { together } from './together.ts';

/**
 * Several gates as one: all of them or none, so that nothing is held while the rest is awaited and no token is spent in vain.
 *
 * Queues in each gate at once and enters when it is first in all of them. A member can say how much of it is wanted, and of
 * which key. The grant's `charge` goes to the quotas among them.
 *
 * A barrier cannot be one of them: its parties enter together, and some could still have to wait for another gate. Meet at
 * the barrier first, then take the others.
 *
 * @throws ConfigError for no members, for what is no gate, and for a barrier; for the bare name of one when it is subscribed.
 * @example One request to a model: a lock, a request and its tokens
 * ```ts
 * await run(allOf(report, requests, { gate: tokens, cost: 1200 }), () => ask(model));
 * ```
 */
export function allOf(
  ...members: readonly (
    Gate | GateSpec | string | AllOf | { gate: Gate | GateSpec | string; cost?: number; key?: string }
  )[]
): AllOf {
  teachJoining(together);
  if (members.length === 0) throw new ConfigError('allOf() needs at least one gate.');
  return {
    kind: 'all',
    members: members.flatMap((member): readonly Member[] => {
      if (typeof member !== 'object' || member === null || 'name' in member) return [memberOf(member)];
      if ('members' in member) return member.members;
      if (Array.isArray(member)) expected('Each member of allOf(a, b)', 'a gate of its own, not in a list', member);
      knownOptions('A member of allOf', member, ['gate', 'cost', 'key']);
      return [memberOf(member.gate, member.cost, member.key)];
    }),
  };
}

function memberOf(gate: Member['gate'], cost = 1, key?: string): Member {
  const named = typeof gate === 'object' && gate !== null ? gate.name : gate;
  if (typeof named !== 'string' || named === '')
    expected('A member of allOf()', 'a gate: a description, a live gate or a name', gate);
  if (key !== undefined && typeof key !== 'string') expected('The key of a member of allOf()', 'a string', key);
  // What a name stands for is not known before it is opened.
  if (typeof gate === 'object') refuseBarrier('spec' in gate ? gate.spec : gate);
  const unit = typeof gate === 'object' ? unitOf('spec' in gate ? gate.spec : gate) : 1;
  if (unit !== 1) checkReading(cost, 'A member of allOf()');
  return { gate, cost: unit === 1 ? costOf(cost, 'A member of allOf()') : unit, key };
}
