import { OutsideCallError } from '../errors.ts';
import { nearest } from '../internal/context.ts';
import { frameHere } from '../internal/scope.ts';

/** The call of a coordinated function, as its own work sees it. */
export interface CurrentCall {
  /** The name of the coordinated function. */
  readonly name: string;
  /** Unlike that of any other call; all its events carry it. */
  readonly runId: string;
  /** 1, and one more with each retry. */
  readonly attempt: number;
  /** Aborts when this attempt is told to stop: aborted, timed out, unsubscribed, or its lease lost. Made when first read. */
  readonly signal: AbortSignal;
  /** The fences of the leases that this attempt holds, by the name of the gate. Hand them to what the gates guard. */
  readonly fences: Readonly<Record<string, number>>;
}

/**
 * The call of a coordinated function that the running code belongs to. With `context: 'off'` it is known until the first
 * `await` of the function: read it there.
 *
 * @throws OutsideCallError
 * @example Work that stops when its call is cancelled
 * ```ts
 * const research = coordinate('researcher', { timeout: '30s' }, async (topic: string) => {
 *   const { signal } = currentCall();
 *   return llm(topic, { signal });
 * });
 * ```
 */
export function currentCall(): CurrentCall {
  const call = nearest(frameHere(), 'call') as CurrentCall | null;
  if (call !== null) return call;
  throw new OutsideCallError('currentCall() was read outside of any call of a coordinated function.', {
    hint: "Read it inside the function; with context: 'off' before its first await.",
  });
}
