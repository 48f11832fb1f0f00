import { afterEach } from 'vitest';

const before = { ...process.env };

/** Sets variables until the end of the test, with none of `RXBATON_*` beside them but those of the suite. */
export function environment(variables: Readonly<Record<string, string>>): void {
  clear();
  Object.assign(process.env, variables);
}

function clear(): void {
  for (const name of Object.keys(process.env))
    if (name.startsWith('RXBATON_') && !name.startsWith('RXBATON_TEST_')) Reflect.deleteProperty(process.env, name);
}

/** To be called once by a spec that uses `environment`. */
export function restoresEnvironment(): void {
  afterEach(() => {
    clear();
    Object.assign(process.env, before);
  });
}
