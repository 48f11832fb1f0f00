import { ConfigError } from '../errors.ts';
import { expected, knownOptions, positiveInteger, positiveNumber } from '../internal/options.ts';
import { milliseconds } from '../time/duration.ts';
import type { GateSpec, SpecPatch } from './spec.ts';

/** The patches that a kind of gate takes. */
const patches: Readonly<Record<GateSpec['kind'], readonly (keyof SpecPatch)[]>> = {
  mutex: ['pauseUntil'],
  readWriteLock: ['pauseUntil'],
  semaphore: ['permits', 'pauseUntil'],
  quota: ['limit', 'per', 'pauseUntil'],
  barrier: ['parties', 'pauseUntil'],
  limiter: ['limit', 'per', 'burst', 'pauseUntil'],
};

/** The settings of a gate after a change, checked. `pauseUntil` is in milliseconds since 1970. */
export function patched(spec: GateSpec, patch: SpecPatch): { settings: GateSpec; pauseUntil: number | undefined } {
  const owner = `change('${spec.name}')`;
  knownOptions(owner, patch, patches[spec.kind]);
  const settings: Record<string, unknown> = { ...spec };
  if (patch.permits !== undefined) settings['permits'] = positiveInteger(patch.permits, `${owner}.permits`);
  if (patch.parties !== undefined) settings['parties'] = positiveInteger(patch.parties, `${owner}.parties`);
  if (patch.limit !== undefined) settings['limit'] = positiveNumber(patch.limit, `${owner}.limit`);
  if (patch.per !== undefined) settings['per'] = milliseconds(patch.per, `${owner}.per`);
  if (spec.kind === 'limiter') {
    if (patch.burst !== undefined && spec.strategy !== 'token-bucket') {
      throw new ConfigError(`${owner}.burst is for a 'token-bucket', and '${spec.name}' is a '${spec.strategy}'.`);
    }
    // A bucket whose burst was its limit keeps it so.
    const burst = patch.burst ?? (spec.burst === spec.limit ? (settings['limit'] as number) : spec.burst);
    settings['burst'] = positiveNumber(burst, `${owner}.burst`);
  }
  const time = patch.pauseUntil;
  const pauseUntil = time instanceof Date ? time.getTime() : time;
  if (pauseUntil !== undefined && (typeof pauseUntil !== 'number' || Number.isNaN(pauseUntil))) {
    expected(`${owner}.pauseUntil`, 'a Date or milliseconds since 1970', patch.pauseUntil);
  }
  return { settings: settings as unknown as GateSpec, pauseUntil };
}
