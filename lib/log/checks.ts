/** Checks of what the methods of a log are given, which TypeScript lets through or never sees. They return what they were given. */
import { expected } from '../internal/options.ts';

/** Of a stream, a key, an index, a member, a commit. */
export const name = (value: string, option: string): string =>
  typeof value === 'string' && value !== '' ? value : expected(option, 'a string that is not empty', value);

/** 0, 1, 2 ... */
export const count = (value: number, option: string): number =>
  Number.isSafeInteger(value) && value >= 0 ? value : expected(option, 'an integer from 0 up', value);

/** Of a lease. */
export const token = (value: number, option: string): number =>
  Number.isSafeInteger(value) && value > 0 ? value : expected(option, 'a token that this log gave', value);

/** Records are JSON, which has no word for the others. */
export const finite = (value: number, option: string): number =>
  Number.isFinite(value) ? value : expected(option, 'a finite number', value);

/** A span of milliseconds. */
export const lasting = (value: number, option: string): number =>
  Number.isFinite(value) && value > 0 ? value : expected(option, 'a positive number of milliseconds', value);

/** A copy, each item of it checked. */
export const list = <T>(items: readonly T[], option: string, check: (item: T, option: string) => T): readonly T[] =>
  Array.isArray(items)
    ? items.map((item: T, i) => check(item, `${option}[${i}]`))
    : expected(option, 'an array', items);
