import { deepEqual } from './deepEqual.ts';
import { show } from './show.ts';

interface Message {
  readonly frame: number;
  readonly notification: { readonly kind: 'N' | 'E' | 'C'; readonly value?: unknown; readonly error?: unknown };
}
interface Subscribed {
  readonly subscribedFrame: number;
  readonly unsubscribedFrame: number;
}

/** One line of a diagram, in words. */
function line(entry: unknown): string {
  if (typeof entry === 'object' && entry !== null && 'notification' in entry) {
    const { frame, notification } = entry as Message;
    if (notification.kind === 'C') return `${frame} ms  complete`;
    return notification.kind === 'E'
      ? `${frame} ms  error ${show(notification.error)}`
      : `${frame} ms  next ${show(notification.value)}`;
  }
  if (typeof entry === 'object' && entry !== null && 'subscribedFrame' in entry) {
    const { subscribedFrame, unsubscribedFrame } = entry as Subscribed;
    return `subscribed from ${subscribedFrame} ms to ${unsubscribedFrame === Infinity ? 'the end' : `${unsubscribedFrame} ms`}`;
  }
  return show(entry);
}

/** Throws a list of what came (`+`) and what should have come (`-`), beside what agrees, when the two differ. */
export function assertSameMarbles(actual: unknown, expected: unknown): void {
  if (deepEqual(actual, expected)) return;
  const came = (Array.isArray(actual) ? actual : [actual]) as unknown[];
  const due = (Array.isArray(expected) ? expected : [expected]) as unknown[];
  const lines: string[] = [];
  for (let i = 0; i < Math.max(came.length, due.length); i++) {
    if (i < came.length && i < due.length && deepEqual(came[i], due[i])) lines.push(`    ${line(due[i])}`);
    else {
      if (i < due.length) lines.push(`  - ${line(due[i])}`);
      if (i < came.length) lines.push(`  + ${line(came[i])}`);
    }
  }
  throw new Error(`The marbles differ (- expected, + came):\n${lines.join('\n')}`);
}
