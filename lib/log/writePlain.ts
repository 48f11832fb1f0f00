import { writeText } from '../internal/env.ts';
import type { LineBytes } from './LineBytes.ts';
import type { Redaction } from './redaction.ts';

/** How deep it looks: a cycle has no end, and whoever comes next knows how to find one. */
const deepest = 48;
/** Up to this length a string is written sign by sign: calling the engine for it would cost more. */
const short = 64;

/** So much more than it asks for is free behind what is written, for what has few signs and does not ask. */
const slack = 64;

const quote = 34;
const dollar = 36;
const comma = 44;
const colon = 58;
const zero = 48;
/** 1 for the signs that stand in JSON as they are and take one byte. */
const asTheyAre = Uint8Array.from({ length: 127 }, (_, sign) => (sign < 32 || sign === 34 || sign === 92 ? 0 : 1));

/** Two signs that JSON leaves as they are and some tools take for the end of a line. */
const separators = /[\u2028\u2029]/g;

const escaped = (sign: string): string => (sign === '\u2028' ? '\\u2028' : '\\u2029');

/** JSON, so that it is one line for everybody. */
export const oneLine = (json: string): string =>
  // Texts of one byte a sign have none of them, and engines know that without a look.
  json.includes('\u2028') || json.includes('\u2029') ? json.replace(separators, escaped) : json;

/** Where it writes; `null` while nobody does. Not handed down from call to call, which would take longer. */
let lines: LineBytes | null = null;
/** The bytes there. */
let bytes: Uint8Array = new Uint8Array();

/**
 * Writes a value as JSON where JSON says all there is to it, nothing in it could be taken for a tag, and nothing must not be seen. To
 * look for that and to write is one walk, which takes less time than `JSON.stringify` alone. `false`: it cannot be written so, or is
 * too much to look at; then nothing was written.
 */
export function writePlain(value: unknown, redaction: Redaction | null, to: LineBytes): boolean {
  // A getter wants to write something while it is read: that goes the long way.
  if (lines !== null) return false;
  lines = to;
  bytes = to.reserve(to.end, slack);
  try {
    const end = any(to.end, value, redaction, 0);
    if (end >= 0) to.end = end;
    return end >= 0;
  } catch {
    // A getter threw: whoever comes next says where.
    return false;
  } finally {
    lines = null;
  }
}

function room(at: number, needed: number): Uint8Array {
  if (at + needed + slack > bytes.length) bytes = (lines as LineBytes).reserve(at, needed + slack);
  return bytes;
}

/** Each of these answers where that ends which it has written, and -1 where it could not. */
function any(at: number, value: unknown, redaction: Redaction | null, depth: number): number {
  switch (typeof value) {
    case 'string':
      return string(at, value);
    case 'number':
      return number(at, value);
    case 'boolean':
      return word(at, value ? 'true' : 'false');
    case 'object':
      if (value === null) return word(at, 'null');
      if (depth === deepest) return -1;
      return Array.isArray(value) ? list(at, value, redaction, depth + 1) : object(at, value, redaction, depth + 1);
    default:
      return -1;
  }
}

function list(at: number, items: readonly unknown[], redaction: Redaction | null, depth: number): number {
  if (redaction?.inLists === true || 'toJSON' in items) return -1;
  room(at, 0)[at++] = 91;
  for (let i = 0; i < items.length; i++) {
    if (i > 0) room(at, 0)[at++] = comma;
    // A hole reads as undefined, which is not plain either.
    at = any(at, items[i], redaction, depth);
    if (at < 0) return -1;
  }
  room(at, 0)[at++] = 93;
  return at;
}

function object(at: number, value: object, redaction: Redaction | null, depth: number): number {
  const prototype: unknown = Object.getPrototypeOf(value);
  if ((prototype !== Object.prototype && prototype !== null) || 'toJSON' in value) return -1;
  let sign = 123;
  for (const key in value) {
    if (key.charCodeAt(0) === dollar || redaction?.mayEndWith(key) === true) return -1;
    bytes[at++] = sign;
    at = string(at, key);
    bytes[at++] = colon;
    at = any(at, (value as Record<string, unknown>)[key], redaction, depth);
    if (at < 0) return -1;
    sign = comma;
  }
  room(at, 0);
  if (sign !== comma) bytes[at++] = sign;
  bytes[at++] = 125;
  return at;
}

function string(at: number, text: string): number {
  const { length } = text;
  if (length > short) return long(at, text);
  const into = room(at, length);
  let next = at;
  into[next++] = quote;
  for (let i = 0; i < length; i++) {
    const sign = text.charCodeAt(i);
    if (asTheyAre[sign] !== 1) return long(at, text);
    into[next++] = sign;
  }
  into[next++] = quote;
  return next;
}

function long(at: number, text: string): number {
  const all = oneLine(JSON.stringify(text));
  // No sign takes more than three bytes.
  return at + writeText(room(at, all.length * 3), at, all);
}

function number(at: number, value: number): number {
  if (value > 0 && Number.isSafeInteger(value)) {
    const billions = Math.floor(value / 1e9);
    if (billions === 0) return digits(at, value, decimals(value));
    return digits(digits(at, billions, decimals(billions)), value - billions * 1e9, 9);
  }
  // Not finite is not equal to itself then; and -0 is not 0.
  if (value - value !== 0 || (value === 0 && 1 / value < 0)) return -1;
  return word(at, `${value}`);
}

/** How many digits a number below a thousand million has. */
function decimals(value: number): number {
  let many = 1;
  for (let power = 10; power <= value; power *= 10) many++;
  return many;
}

function digits(at: number, value: number, many: number): number {
  let rest = value | 0;
  for (let i = at + many - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    bytes[i] = zero + rest - tenth * 10;
    rest = tenth;
  }
  return at + many;
}

/** Of few signs, which take a byte each. */
function word(at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}
