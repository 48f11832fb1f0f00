import { ConfigError } from '../errors.ts';

/** How an error shows a value. */
export function show(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'symbol') return value.toString();
  if (typeof value === 'number' || value === undefined) return `${value}`;
  try {
    return JSON.stringify(value);
  } catch {
    // A cycle, or something inside that JSON has no word for.
    return 'an object';
  }
}

/** Refuses an option that nobody reads: a misspelt one must not be ignored. */
export function knownOptions(owner: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigError(`${owner} takes an object of options, not ${show(options)}.`);
  }
  // Once for each request with options: a list of the keys, or a call to search one, would cost more than all the rest of it.
  for (const key in options) {
    let at = known.length;
    while (--at >= 0 && known[at] !== key);
    if (at >= 0) continue;
    throw new ConfigError(`${owner} has no option '${key}'.`, {
      hint: known.length > 0 ? `It has: ${known.join(', ')}.` : 'It has none.',
      details: { owner, option: key, known },
    });
  }
}

/** Refuses what stands behind a trailing function: a lock given there would be ignored. */
export function optionsFirst(owner: string): never {
  throw new ConfigError(`${owner} takes its options before its function, and nothing behind it.`);
}

/** Refuses a value with a message that says what was expected and what came. */
export function expected(owner: string, what: string, value: unknown): never {
  throw new ConfigError(`${owner} must be ${what}, not ${show(value)}.`, { details: { option: owner, value } });
}

export function positiveInteger(value: number, option: string): number {
  return Number.isSafeInteger(value) && value > 0 ? value : expected(option, 'a positive integer', value);
}

export function positiveNumber(value: number, option: string): number {
  return typeof value === 'number' && value > 0 && value < Infinity
    ? value
    : expected(option, 'a positive number', value);
}

export function oneOf<T extends string>(value: T, choices: readonly T[], option: string): T {
  return choices.includes(value) ? value : expected(option, `one of ${choices.map((c) => `'${c}'`).join(', ')}`, value);
}

export function flag(value: boolean, option: string): boolean {
  return typeof value === 'boolean' ? value : expected(option, 'true or false', value);
}
