/** Bytes that are written behind the end of their buffer would be lost without a word. */
import { expect, it } from 'vitest';
import { LineBytes } from '../../lib/log/LineBytes.ts';
import { writePlain } from '../../lib/log/writePlain.ts';

const longNumber = -1.234567890123457e-300;
const nested = (inner: unknown, depth: number): unknown => (depth === 0 ? inner : { k: nested(inner, depth - 1) });
const listed = (inner: unknown, depth: number): unknown => (depth === 0 ? inner : [listed(inner, depth - 1)]);

it.each([
  ['a number', longNumber],
  ['a whole number', Number.MAX_SAFE_INTEGER],
  ['a word', false],
  ['an empty object', {}],
  ['an empty list', []],
  ['a text', 'x'.repeat(64)],
  ['a long text', 'ü'.repeat(80)],
  ['deep objects', nested(longNumber, 46)],
  ['deep lists', listed(longNumber, 46)],
])('%s finds room, however little there is', (_, value) => {
  for (let free = 0; free < 300; free++) {
    const lines = new LineBytes();
    const before = lines.bytes.length - free;
    lines.bytes.fill(32, 0, before);
    lines.end = before;
    expect(writePlain(value, null, lines)).toBe(true);
    expect(lines.text().slice(before)).toBe(JSON.stringify(value));
  }
});
