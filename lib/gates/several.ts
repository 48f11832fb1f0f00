/** What is said of several gates that are taken as one, wherever they live. */
import { ConfigError } from '../errors.ts';
import type { GateCore } from './port.ts';
import { type GateSpec, titleOf } from './spec.ts';
import type { GateState } from './state.ts';

/** What a request for several gates is called. */
export const jointSpec = (gates: readonly GateCore[]): GateSpec => ({
  kind: 'mutex',
  name: gates.map(titleOf).join(' + '),
  ttl: Infinity,
  renew: true,
  reentrant: false,
});

/** All of them as one: everybody who is in the way anywhere. */
export const jointState = (spec: GateSpec, states: readonly GateState[]): GateState => ({
  name: spec.name,
  kind: spec.kind,
  spec,
  holders: states.flatMap(({ holders }) => holders),
  waiting: states.flatMap(({ waiting }) => waiting),
  available: Math.min(...states.map(({ available }) => available)),
  opensIn: Math.max(...states.map(({ opensIn }) => opensIn)),
  pausedFor: Math.max(...states.map(({ pausedFor }) => pausedFor)),
});

/** A barrier opens for a whole generation; a request that has to be let in elsewhere too would tear it in two. */
export function refuseBarrier({ kind, name }: GateSpec): void {
  if (kind !== 'barrier') return;
  throw new ConfigError(`allOf() cannot take the barrier '${name}'.`, {
    hint:
      'Its parties enter together, and some of them could still have to wait for another gate. ' +
      'Meet at the barrier first, then take the other gates.',
  });
}
