import type { ErrorData } from './event.ts';

/** Causes deeper than this are left out: a chain may be endless. */
const deepest = 8;

/** An error, or whatever was thrown, as plain data. Never throws: reporting must not change what is reported. */
export function errorData(error: unknown, depth = 0): ErrorData {
  try {
    if (!(error instanceof Error)) return { name: 'NonError', message: String(error), stack: '' };
    const { name, message, stack = '', cause } = error;
    const { code } = error as { code?: unknown };
    return {
      name,
      message,
      stack,
      ...(cause === undefined || depth === deepest ? {} : { cause: errorData(cause, depth + 1) }),
      ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    };
  } catch {
    return { name: 'NonError', message: 'a value that cannot be read', stack: '' };
  }
}
