import type { Redaction } from './redaction.ts';

/** How deep it looks: a cycle has no end, and whoever comes next knows how to find one. */
const deepest = 48;

/**
 * Whether JSON says all there is to a value, nothing that could be taken for a tag, and nothing that must not be seen. A look that costs a fraction of
 * `JSON.stringify`; `false` may also mean that it was too much to look at.
 */
export function isPlain(value: unknown, redaction: Redaction | null = null, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      // Not finite is not equal to itself then; and -0 is not 0.
      return value - value === 0 && (value !== 0 || 1 / value > 0);
    case 'object':
      if (value === null) return true;
      if (depth === deepest) return false;
      return Array.isArray(value)
        ? isPlainList(value, redaction, depth + 1)
        : isPlainObject(value, redaction, depth + 1);
    default:
      return false;
  }
}

function isPlainList(list: readonly unknown[], redaction: Redaction | null, depth: number): boolean {
  if (redaction?.inLists === true) return false;
  // A hole reads as undefined, which is not plain either.
  for (let i = 0; i < list.length; i++) if (!isPlain(list[i], redaction, depth)) return false;
  return !('toJSON' in list);
}

function isPlainObject(value: object, redaction: Redaction | null, depth: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const key in value) {
    if (key.charCodeAt(0) === 36 || redaction?.mayEndWith(key) === true) return false;
    if (!isPlain((value as Record<string, unknown>)[key], redaction, depth)) return false;
  }
  return !('toJSON' in value);
}
