import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addSection, sectionsIn, startReport } from '../../examples/research-desk/report.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'report-'));
  file = join(folder, 'report.md');
  await startReport(file, 'Title');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

it('keeps what was there and groups by heading', async () => {
  await addSection(file, { title: 'a', body: 'A.' }, async () => 'One');
  await addSection(file, { title: 'b', body: 'B.' }, async () => 'Two');
  await addSection(file, { title: 'c', body: 'C.\n\n*x*' }, async (headings) => {
    expect(headings).toEqual(['One', 'Two']);
    return 'One';
  });
  expect(await sectionsIn(file)).toEqual(['a', 'c', 'b']);
  expect(readFileSync(file, 'utf8')).toBe(
    '# Title\n\n## One\n\n### a\n\nA.\n\n### c\n\nC.\n\n*x*\n\n## Two\n\n### b\n\nB.\n',
  );
});

it('loses the update of whoever writes in between', async () => {
  await addSection(file, { title: 'a', body: 'A.' }, async () => {
    await addSection(file, { title: 'b', body: 'B.' }, async () => 'One');
    return 'One';
  });
  expect(await sectionsIn(file)).toEqual(['a']);
});
