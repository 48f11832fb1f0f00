import { begin, end } from './handover.ts';

/** Whom an abort of a signal concerns: one listener for all of them, since hosts warn of more than ten. */
const concerned = new WeakMap<AbortSignal, Set<() => void>>();

function onAborted(this: AbortSignal): void {
  // In one turn, or whoever leaves would let in another one of them.
  begin();
  try {
    for (const leave of concerned.get(this) ?? []) leave();
  } finally {
    end();
  }
}

/** Calls `leave` when the signal aborts. */
export function watch(signal: AbortSignal, leave: () => void): void {
  let waiting = concerned.get(signal);
  if (waiting === undefined) concerned.set(signal, (waiting = new Set()));
  if (waiting.size === 0) signal.addEventListener('abort', onAborted);
  waiting.add(leave);
}

/** It no longer concerns it. */
export function unwatch(signal: AbortSignal, leave: () => void): void {
  const waiting = concerned.get(signal);
  if (waiting?.delete(leave) && waiting.size === 0) signal.removeEventListener('abort', onAborted);
}
