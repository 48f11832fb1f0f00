import { ConfigError } from '../errors.ts';
import { show } from '../internal/options.ts';

/** A number of milliseconds, or a number with a unit: `'250ms'`, `'30s'`, `'5m'`, `'1h'`, `'7d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of a duration.
 *
 * @param option The name to use in the error, with its owner: `mutex('db').ttl`.
 * @throws ConfigError when it is no duration, is negative, or is zero or infinite and the option does not say that it may be.
 */
export function milliseconds(
  value: Duration,
  option: string,
  { zero = false, infinite = false }: { zero?: boolean; infinite?: boolean } = {},
): number {
  const parsed = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) : null;
  const ms = parsed ? Number(parsed[1]) * unit[parsed[2] as keyof typeof unit] : value;
  if (typeof ms === 'number' && (ms > 0 || (zero && ms === 0)) && (infinite || ms !== Infinity)) return ms;
  throw new ConfigError(`${option} must be a ${zero ? '' : 'positive '}duration, not ${show(value)}.`, {
    hint: "Give milliseconds or a string such as '250ms', '30s', '5m', '1h'.",
    details: { option, value },
  });
}
