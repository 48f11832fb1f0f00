import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Rows of the tables: | promise | `spec/file.spec.ts`: title of the test | */
const rows = [...readFileSync('docs/guarantees.md', 'utf8').matchAll(/^\| (.+?) \| (.+?) \|$/gm)]
  .map(([, promise = '', proof = '']) => ({ promise: promise.trim(), proof: proof.trim() }))
  .filter(({ promise, proof }) => !/^-+$/.test(proof) && promise !== 'Promise');

it.each(rows)('$promise', ({ proof }) => {
  const [, file = '', title = ''] = /^`((?:spec|lib\/testing\/(?:contract|log))\/[^`]+)`: (.+)$/.exec(proof) ?? [];
  expect(existsSync(file), `a promise names its test: ${proof}`).toBe(true);
  // The title as the source spells it: between quotes of any kind.
  const source = readFileSync(file, 'utf8').replaceAll("\\'", "'");
  expect(
    ["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}`)),
    `${file} has a test '${title}'`,
  ).toBe(true);
});

it('promises something', () => {
  expect(rows.length).toBeGreaterThan(10);
});
