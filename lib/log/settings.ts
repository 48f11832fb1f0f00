/**
 * What can be set about where events are kept and what is said about it: each setting with its variable, what it is when
 * nobody sets it, and what it may be. Code, environment and `describeConfig` all read this one table.
 */
import { ConfigError } from '../errors.ts';
import { closest } from '../internal/closest.ts';
import { expected, flag, show } from '../internal/options.ts';
import { checkRedisUrl, maskUrl } from './redisUrl.ts';

/** Where the events of a coordinator are kept. */
export type BrokerKind = 'memory' | 'file' | 'redis' | 'none';

/** The least that a logger says. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface ConfigSettings {
  /** Where events are kept. */
  readonly backend: BrokerKind;
  /** The folder of a file log. */
  readonly directory: string;
  readonly redisUrl: string;
  readonly redisPassword: string | undefined;
  readonly redisDatabase: number;
  /** In front of every key in Redis. */
  readonly prefix: string;
  /** Nothing is kept, whatever the other variables say. */
  readonly disablePersistence: boolean;
  readonly logLevel: LogLevel;
  /** Where lines go. Undefined: to stderr. */
  readonly logFile: string | undefined;
  /** One object of JSON a line, instead of text for people. */
  readonly logJson: boolean;
}

export interface Setting<T> {
  readonly variable: `RXBATON_${string}`;
  readonly fallback: T;
  /** What a text of the environment means, before it is checked. */
  readonly parse: (text: string) => unknown;
  /** @throws ConfigError */
  readonly check: (value: unknown, owner: string) => T;
  /** As it may be shown. Default: as it is. */
  readonly mask?: (value: T) => T;
}

export const backends: readonly BrokerKind[] = ['memory', 'file', 'redis', 'none'];
const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** @throws ConfigError that names the choices, and the one that was probably meant. */
export function choice<T extends string>(value: unknown, choices: readonly T[], owner: string): T {
  if (choices.includes(value as T)) return value as T;
  const near = typeof value === 'string' ? closest(value, choices) : undefined;
  // Who has mixed up two variables has a password here.
  const given = typeof value === 'string' && value.includes('://') ? maskUrl(value) : show(value);
  throw new ConfigError(`${owner} must be one of ${choices.map((each) => `'${each}'`).join(', ')}, not ${given}.`, {
    ...(near === undefined ? {} : { hint: `Did you mean '${near}'?` }),
    details: { option: owner, choices },
  });
}

function text(value: unknown, owner: string): string {
  return typeof value === 'string' && value !== '' ? value : expected(owner, 'a text that is not empty', value);
}

function secret(value: unknown, owner: string): string {
  if (typeof value === 'string') return value;
  // Without the value: it may be one, only not as a text.
  throw new ConfigError(`${owner} must be a text.`, { details: { option: owner } });
}

const yes = ['true', '1', 'yes', 'on', 'enabled'];
const no = ['false', '0', 'no', 'off', 'disabled'];

/** A flag of the environment. What is none stays a text, which `flag` below refuses. */
function parseFlag(value: string): unknown {
  const word = value.toLowerCase();
  return yes.includes(word) ? true : no.includes(word) ? false : value;
}

function checkFlag(value: unknown, owner: string): boolean {
  return typeof value === 'string'
    ? expected(owner, `one of ${[...yes, ...no].join(', ')}`, value)
    : flag(value as boolean, owner);
}

const asIs = (value: string): unknown => value;
const lower = (value: string): unknown => value.toLowerCase();
const hidden = '***';

export const settings: { readonly [K in keyof ConfigSettings]: Setting<ConfigSettings[K]> } = {
  backend: {
    variable: 'RXBATON_BACKEND',
    fallback: 'none',
    parse: lower,
    check: (value, owner) => choice(value, backends, owner),
  },
  directory: { variable: 'RXBATON_DIRECTORY', fallback: '.rxbaton', parse: asIs, check: text },
  redisUrl: {
    variable: 'RXBATON_REDIS_URL',
    fallback: 'redis://localhost:6379',
    parse: asIs,
    check: checkRedisUrl,
    mask: maskUrl,
  },
  redisPassword: {
    variable: 'RXBATON_REDIS_PASSWORD',
    fallback: undefined,
    parse: asIs,
    check: secret,
    mask: (value) => value && hidden,
  },
  redisDatabase: {
    variable: 'RXBATON_REDIS_DATABASE',
    fallback: 0,
    parse: (value) => (/^\d+$/.test(value) ? Number(value) : value),
    check: (value, owner) =>
      Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 15
        ? (value as number)
        : expected(owner, 'an integer from 0 to 15', value),
  },
  prefix: {
    variable: 'RXBATON_PREFIX',
    fallback: 'rxbaton:',
    parse: asIs,
    check: (value, owner) =>
      typeof value === 'string' && value.length >= 1 && value.length <= 50
        ? value
        : expected(owner, 'a text of 1 to 50 characters', value),
  },
  disablePersistence: {
    variable: 'RXBATON_DISABLE_PERSISTENCE',
    fallback: false,
    parse: parseFlag,
    check: checkFlag,
  },
  logLevel: {
    variable: 'RXBATON_LOG_LEVEL',
    fallback: 'silent',
    parse: lower,
    check: (value, owner) => choice(value, levels, owner),
  },
  logFile: { variable: 'RXBATON_LOG_FILE', fallback: undefined, parse: asIs, check: text },
  logJson: { variable: 'RXBATON_LOG_JSON', fallback: false, parse: parseFlag, check: checkFlag },
};

/** The names of the settings, in the order in which they are shown. */
export const settingNames: readonly (keyof ConfigSettings)[] = /*@__PURE__*/ Object.keys(
  settings,
) as (keyof ConfigSettings)[];
