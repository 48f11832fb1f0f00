/** What the values of options mean. Commander says which option it was. */
import { InvalidArgumentError } from 'commander';
import { CoordinationError } from '../../lib/errors.ts';
import { milliseconds, type Duration } from '../../lib/time/duration.ts';

/** Several values of an option that may be repeated. */
export const several =
  <T>(parse: (text: string) => T) =>
  (text: string, before: readonly T[] | undefined): readonly T[] => [...(before ?? []), parse(text)];

export function duration(text: string): number {
  try {
    return milliseconds(text as Duration, 'It');
  } catch (error) {
    throw new InvalidArgumentError((error as CoordinationError).message);
  }
}

export function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a number from 0 up.');
  return Number(text);
}

/** `10x`, `0.5x`, `10`; `max` for no waiting at all. */
export function speed(text: string): number {
  const value = text === 'max' ? Infinity : Number(/^(\d+(?:\.\d+)?)x?$/.exec(text)?.[1] ?? 0);
  if (value > 0) return value;
  throw new InvalidArgumentError("It must be '10x', '0.5x' or 'max'.");
}

/** A `seq`, or a moment. */
export function mark(text: string): number | Date {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  const moment = new Date(text);
  if (!Number.isNaN(moment.getTime())) return moment;
  throw new InvalidArgumentError("It must be the seq of an event, or a time such as '2026-11-20T14:03:00Z'.");
}

/** `gpu=3` */
export function permits(text: string): { readonly gate: string; readonly permits: number } {
  const [, gate = '', number = ''] = /^(.+)=(\d+)$/.exec(text) ?? [];
  if (Number(number) > 0) return { gate, permits: Number(number) };
  throw new InvalidArgumentError("It must be like 'gpu=3'.");
}

/** `openai=10/1s` */
export function rate(text: string): { readonly gate: string; readonly limit: number; readonly per: number } {
  const [, gate = '', limit = '', per = ''] = /^(.+)=(\d+)\/(\w+)$/.exec(text) ?? [];
  if (Number(limit) > 0) return { gate, limit: Number(limit), per: duration(per) };
  throw new InvalidArgumentError("It must be like 'openai=10/1s'.");
}
