import { ConfigError } from '../errors.ts';
import type { GateSpec } from './spec.ts';

/** A barrier opens for a whole generation; a request that has to be let in elsewhere too would tear it in two. */
export function refuseBarrier({ kind, name }: GateSpec): void {
  if (kind !== 'barrier') return;
  throw new ConfigError(`allOf() cannot take the barrier '${name}'.`, {
    hint:
      'Its parties enter together, and some of them could still have to wait for another gate. ' +
      'Meet at the barrier first, then take the other gates.',
  });
}
