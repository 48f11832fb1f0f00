import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Rows of the tables: | promise, or failure and what comes of it | `spec/file.spec.ts`: title of the test | */
const rows = [...readFileSync('docs/guarantees.md', 'utf8').matchAll(/^\| (.+) \|$/gm)]
  .map(([, cells = '']) => cells.split(' | ').map((cell) => cell.trim()))
  .map((cells) => ({ promise: cells.slice(0, -1).join(': '), proof: cells.at(-1) ?? '' }))
  .filter(({ proof }) => !/^-+$/.test(proof) && proof !== 'Kept by');

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
