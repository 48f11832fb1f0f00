import { ConfigError } from '../../errors.ts';
import type { Clock } from '../../internal/env.ts';
import type { GateSpec } from '../spec.ts';
import { Permits } from './permits.ts';
import type { MakePolicy, Policy } from './policy.ts';

const permits: MakePolicy = (spec) => new Permits(spec as ConstructorParameters<typeof Permits>[0]);

/** What memory knows of kinds of gates. Locks and semaphores it was born with. */
const known = new Map<GateSpec['kind'], MakePolicy>([
  ['mutex', permits],
  ['semaphore', permits],
]);

/** Whoever describes a kind of gate says how it admits, so that a program carries the policies of what it uses and no other. */
export function teach(kind: GateSpec['kind'], make: MakePolicy): void {
  known.set(kind, make);
}

/** A new account for a description. */
export function policyOf(spec: GateSpec, clock: Clock & { wall(): number }): Policy {
  const make = known.get(spec.kind);
  if (make !== undefined) return make(spec, clock);
  throw new ConfigError(`'${spec.name}' is a ${spec.kind}, and nobody here has described one yet.`, {
    hint: 'Make descriptions with mutex(), semaphore(), readWriteLock(), quota(), cyclicBarrier() and rateLimiter().',
  });
}
