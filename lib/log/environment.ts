import { ConfigError } from '../errors.ts';
import { closest } from '../internal/closest.ts';
import { hostVariables } from '../internal/env.ts';
import { settingNames, settings, type ConfigSettings } from './settings.ts';

/** What the environment sets. What it does not set is absent. */
export type Environment = Partial<ConfigSettings>;

const known = (): readonly string[] => settingNames.map((name) => settings[name].variable);

/**
 * Reads all `RXBATON_*` variables as they are now. Empty ones count as unset. `RXBATON_TEST_*` belongs to test suites.
 *
 * @throws ConfigError for a variable that there is none of, and for a value that makes no sense.
 */
export function readEnvironment(): Environment {
  const variables = hostVariables();
  const valueOf = (name: string): string => variables[name]?.trim() ?? '';
  for (const name of Object.keys(variables)) {
    if (!name.startsWith('RXBATON_') || name.startsWith('RXBATON_TEST_')) continue;
    if (known().includes(name) || valueOf(name) === '') continue;
    const near = closest(name, known());
    throw new ConfigError(`The environment sets ${name}, and there is no such variable.`, {
      hint: `${near === undefined ? '' : `Did you mean ${near}? `}There are: ${known().join(', ')}.`,
      details: { variable: name, known: known() },
    });
  }
  const found: Record<string, unknown> = {};
  for (const name of settingNames) {
    const { variable, parse, check } = settings[name];
    const text = valueOf(variable);
    if (text !== '') found[name] = check(parse(text), variable);
  }
  return found;
}
