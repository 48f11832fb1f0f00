import type { ErrorData } from './event.ts';

/** Causes deeper than this are left out: a chain may be endless. */
const deepest = 8;

/** An error, or whatever was thrown, as plain data. Never throws: reporting must not change what is reported. */
export function errorData(error: unknown, depth = 0): ErrorData {
  try {
    // By its shape: errors of other realms are no instances of our Error, and some clients throw plain objects.
    const { name, message, stack, cause, code } = Object(error) as Record<keyof ErrorData, unknown>;
    if (typeof message !== 'string') return { name: 'NonError', message: String(error), stack: '' };
    return {
      name: typeof name === 'string' ? name : 'NonError',
      message,
      stack: typeof stack === 'string' ? stack : '',
      ...(cause === undefined || depth === deepest ? {} : { cause: errorData(cause, depth + 1) }),
      ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    };
  } catch {
    return { name: 'NonError', message: 'a value that cannot be read', stack: '' };
  }
}
