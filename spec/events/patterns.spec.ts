import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { ConfigError, coordinate } from 'rxbaton';
import { compile } from '../../lib/events/patterns.ts';

/** What a pattern means, without any cleverness: some split of the name fits. */
function covers(pattern: string, name: string): boolean {
  if (pattern === '') return name === '';
  if (pattern[0] === '*') return covers(pattern.slice(1), name) || (name !== '' && covers(pattern, name.slice(1)));
  return name[0] === pattern[0] && covers(pattern.slice(1), name.slice(1));
}

const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '_'), maxLength: 10 });
const glob = fc.string({ unit: fc.constantFrom('a', 'b', '.', '_', '*'), maxLength: 8 }).filter((s) => s.includes('*'));

describe('patterns', () => {
  test.prop([glob, text], { numRuns: 2_000 })('match what a naive matcher matches', (pattern, name) => {
    expect(compile(pattern).matches(name)).toBe(covers(pattern, name));
  });

  test.prop([fc.array(text, { minLength: 2, maxLength: 4 })])('match every name that is made from them', (parts) => {
    expect(compile(parts.join('*')).matches(parts.join('x.y'))).toBe(true);
  });

  it.each([
    ['*_failed', 'researcher_failed', true],
    ['*_failed', 'team.a_b.c_failed', true],
    ['*_failed', 'researcher_failed_twice', false],
    ['*_failed', '_failed', true],
    ['team.*', 'team.a.b', true],
    ['team.**', 'team.a.b', true],
    ['team.*', 'team', false],
    ['a*a', 'a', false],
    ['a*ba*ba', 'aba', false],
    ['a?c', 'abc', false],
    ['(*)', '(x)', true],
  ])('%s and %s: %s', (pattern, name, expected) => {
    expect(compile(pattern).matches(name)).toBe(expected);
  });

  it('find names of the library only when they spell its prefix', () => {
    const finds = (selector: Parameters<typeof compile>[0], name: string): boolean => compile(selector).matches(name);
    for (const pattern of ['*', '*_failed', 'rx*', '*rxbaton.*', /./, /_failed$/, () => true]) {
      expect(finds(pattern, 'rxbaton.handler_failed')).toBe(false);
    }
    for (const pattern of ['rxbaton.*', 'rxbaton.*_failed', /^rxbaton\./, 'rxbaton.handler_failed']) {
      expect(finds(pattern, 'rxbaton.handler_failed')).toBe(true);
    }
    expect(finds('rxbaton.*', 'rxbaton_failed')).toBe(false);
  });

  it('may be a RegExp with a memory, which is not used', () => {
    const compiled = compile(/a/g);
    expect([compiled.matches('a'), compiled.matches('a'), compiled.matches('a')]).toEqual([true, true, true]);
  });

  it('may be a handle, which stands for its name', () => {
    const compiled = compile({ event: 'a_complete' });
    expect([compiled.matches('a_complete'), compiled.matches('b_complete')]).toEqual([true, false]);
  });

  it('refuse a coordinated function, which would hear of its own calls for ever, and name its handle', () => {
    const research = coordinate('researcher', async () => 1);
    expect(() => compile(research as never)).toThrow(ConfigError);
    expect(() => compile(research as never)).toThrow(".complete stands for 'researcher_complete'");
    expect(compile(research.complete).matches('researcher_complete')).toBe(true);
  });

  it.each([[''], [null], [42], [{}], [undefined]])('refuse %o', (selector) => {
    expect(() => compile(selector as never)).toThrow(ConfigError);
  });
});
