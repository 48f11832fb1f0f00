import { frameHere } from '../internal/scope.ts';
import type { GateRef } from './gate.ts';
import { GateRequest } from './gateRequest.ts';
import { currentHost } from './host.ts';
import type { GateState, MaybePromise, WaitEdge } from './state.ts';

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
