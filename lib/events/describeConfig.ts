import { readEnvironment, type Environment } from '../log/environment.ts';
import { settingNames, settings, type Setting, type ConfigSettings } from '../log/settings.ts';
import { brokerOf, type Broker, type Given } from './broker.ts';
import { existingKernel } from './defaultCoordinator.ts';
import { effectiveLevel } from './environmentLogger.ts';

/** A setting, and where it comes from. */
export interface ConfigValue {
  /** What holds. Passwords are `'***'`, in URLs too. */
  readonly value: unknown;
  readonly from: 'explicit' | 'environment' | 'default';
  /** The function or the variable that has set it. */
  readonly by?: string;
}

/** Every setting, the logger, and those options of the log that code has given. */
export type ConfigDescription = Readonly<Record<keyof ConfigSettings | 'logger', ConfigValue>> &
  Readonly<Record<string, ConfigValue>>;

/**
 * Says what holds for the coordinator of the running code, else for the default one: where events are kept and what is
 * logged, each value with where it comes from. Changes nothing: the default coordinator is not made by it.
 *
 * The environment is that of the moment in which the default coordinator was first needed; until then, that of now.
 * Other coordinators have none.
 *
 * @throws ConfigError when the environment makes no sense.
 * @example
 * ```ts
 * console.table(describeConfig());   // backend 'file' environment RXBATON_BACKEND, directory '.rxbaton' default ...
 * ```
 */
export function describeConfig(): ConfigDescription {
  const kernel = existingKernel();
  const broker = kernel === null ? null : brokerOf(kernel);
  const environment = broker === null ? readEnvironment() : broker.environment;
  const given = broker?.given ?? null;

  const described: Record<string, ConfigValue> = {};
  for (const name of settingNames) {
    const { mask } = settings[name] as Setting<unknown>;
    const found = find(name, given, environment);
    described[name] = mask === undefined ? found : { ...found, value: mask(found.value) };
  }
  described['logger'] = loggerOf(broker?.logger ?? null, environment);
  // What only the log itself understands.
  for (const [name, value] of Object.entries(given?.values ?? {}))
    described[name] ??= { value, from: 'explicit', by: given!.by };
  return described as ConfigDescription;
}

function find(name: keyof ConfigSettings, given: Given | null, environment: Environment): ConfigValue {
  const { variable, fallback } = settings[name];
  if (given?.values[name] !== undefined) return { value: given.values[name], from: 'explicit', by: given.by };
  if (name === 'backend' && environment.disablePersistence === true)
    return { value: 'none', from: 'environment', by: settings.disablePersistence.variable };
  if (environment[name] !== undefined) return { value: environment[name], from: 'environment', by: variable };
  return { value: name === 'logLevel' ? effectiveLevel(environment) : fallback, from: 'default' };
}

/** Who takes what there is to say. */
function loggerOf(given: Broker['logger'], environment: Environment): ConfigValue {
  if (given !== null) return { value: 'yours', from: 'explicit', by: given };
  const { logFile, logLevel } = settings;
  const asked = (['logFile', 'logLevel', 'logJson'] as const).find((name) => environment[name] !== undefined);
  if (asked === undefined) return { value: 'none', from: 'default' };
  if (effectiveLevel(environment) === 'silent') return { value: 'none', from: 'environment', by: logLevel.variable };
  return {
    value: environment.logFile === undefined ? 'stderr' : 'file',
    from: 'environment',
    by: environment.logFile === undefined ? settings[asked].variable : logFile.variable,
  };
}
