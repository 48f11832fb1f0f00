import { redacted } from '../../log/redaction.ts';
import { deepEqual } from '../deepEqual.ts';
import { show } from '../show.ts';

/** Where two values differ, a line each: `data.total: 30 became 40`. What was redacted is taken to be right. */
export function differences(recorded: unknown, replayed: unknown, path: string): readonly string[] {
  if (recorded === redacted || deepEqual(recorded, replayed)) return [];
  if (isTree(recorded) && isTree(replayed) && Array.isArray(recorded) === Array.isArray(replayed)) {
    const keys = new Set([...Object.keys(recorded), ...Object.keys(replayed)]);
    return [...keys].flatMap((key) =>
      differences(recorded[key], replayed[key], Array.isArray(recorded) ? `${path}[${key}]` : `${path}.${key}`),
    );
  }
  if (replayed === undefined) return [`${path}: ${show(recorded)} is missing`];
  if (recorded === undefined) return [`${path}: ${show(replayed)} is new`];
  return [`${path}: ${show(recorded)} became ${show(replayed)}`];
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
