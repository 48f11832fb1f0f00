import { config } from 'rxjs';
import { afterEach, beforeEach } from 'vitest';

/** Collects what RxJS hands to its hook for errors that have no receiver, in each test of a file anew. */
export function unhandledErrors(): unknown[] {
  const errors: unknown[] = [];
  const { onUnhandledError } = config;
  beforeEach(() => {
    errors.length = 0;
    config.onUnhandledError = (error) => errors.push(error);
  });
  afterEach(() => {
    config.onUnhandledError = onUnhandledError;
  });
  return errors;
}
