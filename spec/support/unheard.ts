import { config } from 'rxjs';
import { beforeAll } from 'vitest';

/**
 * What wrong versions throw where nobody listens does not fail the run. It arrives on later jobs, so it stays that way until
 * the end of the spec file, which has a process of its own.
 */
export function ignoreUnheardErrors(): void {
  beforeAll(() => {
    config.onUnhandledError = () => {};
  });
}
