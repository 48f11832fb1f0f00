import { frameHere } from '../internal/scope.ts';
import type { GateRef } from './gate.ts';
import { GateRequest } from './gateRequest.ts';
import { currentHost } from './host.ts';
import type { GateState, MaybePromise, WaitEdge } from './state.ts';
import type { GateSpec } from './spec.ts';

/**
 * A gate as it is now: who holds it since when and with which fence, and who waits in which order. Plain data.
 *
 * Changes nothing. With a backend across processes it is a promise.
 */
export function inspect(gate: GateRef, key?: string): MaybePromise<GateState> {
  return new GateRequest(gate, key === undefined ? undefined : { key }, 'inspect()').core(frameHere()).inspect();
}

/** Who waits for whom, since when, over all gates of the current coordinator. Plain data. */
export function waits(): MaybePromise<readonly WaitEdge[]> {
  return currentHost().backend.waits();
}

/**
 * Pins the settings of a name, so that the bare name means them everywhere.
 *
 * @throws SpecConflictError when the name is defined or in use with other settings.
 */
export function define<S extends GateSpec>(spec: S): S {
  currentHost().define(spec);
  return spec;
}
