import { readFileSync } from 'node:fs';
import * as rxbaton from 'rxbaton';
import { describe, expect, it } from 'vitest';
import * as errors from '../lib/errors.ts';

type ErrorClass = new (message: string, options?: errors.CoordinationErrorOptions) => errors.CoordinationError;

const classes = Object.entries(errors).filter(([name]) => name !== 'CoordinationError') as [string, ErrorClass][];
const page = readFileSync('docs/errors.md', 'utf8');
const sections = page.split(/^## /m).slice(1);

describe.each(classes)('%s', (name, Class) => {
  const error = new Class('It happened.', { hint: 'Do that.', details: { gate: 'db' }, cause: 'why' });

  it('is exported, is a CoordinationError and carries what it was given', () => {
    expect((rxbaton as Record<string, unknown>)[name]).toBe(Class);
    expect(error).toBeInstanceOf(rxbaton.CoordinationError);
    expect(error).toMatchObject({
      name,
      message: 'It happened. Do that.',
      hint: 'Do that.',
      details: { gate: 'db' },
      cause: 'why',
    });
    expect(error.isCoordinationError).toBe(true);
    expect(new Class('It happened.')).toMatchObject({ message: 'It happened.', hint: undefined, details: {} });
  });

  it('has its own section in docs/errors.md: what happened, and what to do', () => {
    const section = sections.find((text) => text.startsWith(`\`${error.code}\` (${name})\n`));
    expect(section).toBeDefined();
    expect(section).toMatch(/\n\*\*What happened\.\*\* .+/);
    expect(section).toMatch(/\n\*\*What to do\.\*\* .+/);
  });
});

it('no two classes share a code, and a code looks like RXB_SOMETHING', () => {
  const codes = classes.map(([, Class]) => new Class('').code);
  expect(new Set(codes).size).toBe(codes.length);
  for (const code of codes) expect(code).toMatch(/^RXB_[A-Z_]+$/);
});

it('docs/errors.md describes nothing that does not exist', () => {
  expect(sections).toHaveLength(classes.length);
});
