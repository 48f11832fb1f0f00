import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute, executeNode, root } from './support/execute.ts';

interface Block {
  /** `README.md:12`, to find it again. */
  readonly title: string;
  readonly file: string;
  readonly code: string;
  /** ```ts check: its types are checked and it is not run. */
  readonly checkOnly: boolean;
  /** The ```text block right behind it: what it prints. */
  readonly prints: string | undefined;
}

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const blocksOf = (page: string): Block[] => {
  const text = readFileSync(page, 'utf8');
  return [...text.matchAll(/^```ts( check)?\n(.*?)^```\n(?:\n```text\n(.*?)^```)?/gms)].map(
    ({ 1: mark, 2: code = '', 3: prints, index }) => {
      const line = text.slice(0, index).split('\n').length;
      return {
        title: `${page}:${line}`,
        file: `${page.replace(/\W/g, '-')}-${line}`,
        code,
        checkOnly: mark !== undefined,
        prints,
      };
    },
  );
};

const blocks = pages.flatMap(blocksOf);

/** The right column of the table of README that says how other libraries are replaced. */
const replacements = [
  ...(/^## Coming from\n(.*?)^## /ms.exec(readFileSync('README.md', 'utf8'))?.[1] ?? '').matchAll(
    /\| `([^`]+)` +\|$/gm,
  ),
].map(([, code = '']) => code);

/** What snippets that are only checked may take for granted. */
const given = `
  declare function llm(prompt: string): Promise<string>;
  declare function load(id: string): Promise<{ notes: string[] }>;
  declare function save(id: string, value: { notes: string[] }): Promise<void>;
`;

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rxbaton-readme-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'given.d.ts'), given);
  // `export {}` makes a module of a snippet that imports nothing.
  for (const { file, code } of blocks) writeFileSync(join(folder, `${file}.ts`), `${code}\nexport {};\n`);
  writeFileSync(
    join(folder, 'replacements.ts'),
    `import { allOf, coordinate, enter, mutex, rateLimiter, run, semaphore, when } from 'rxbaton';
     declare const key: string;
     declare const task: () => Promise<string>;
     declare const handler: (data: unknown) => void;
     export const all: unknown[] = [${replacements.join(',')}];`,
  );
  const source = {
    rxbaton: 'lib/index.ts',
    'rxbaton/operators': 'operators/index.ts',
    'rxbaton/testing': 'lib/testing/index.ts',
    'rxbaton/adapters/file': 'adapters/file/index.ts',
    'rxbaton/adapters/redis': 'adapters/redis/index.ts',
  };
  const absolute = Object.entries(source).map(([name, path]) => [name, join(root, path)]);
  const compilerOptions = {
    rootDir: '/',
    paths: Object.fromEntries(absolute.map(([name, path]) => [name, [path]])) as object,
    noUnusedLocals: false,
    noUnusedParameters: false,
    isolatedDeclarations: false,
    declaration: false,
  };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include: ['*.ts'] }),
  );
  await build({
    entryPoints: blocks.filter(({ checkOnly }) => !checkOnly).map(({ file }) => join(folder, `${file}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['rxjs', 'node:*'],
    alias: Object.fromEntries(absolute) as Record<string, string>,
    logLevel: 'error',
  });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('README has snippets, and they say what they print', () => {
  expect(blocks.filter(({ title, prints }) => title.startsWith('README') && prints !== undefined)).not.toEqual([]);
});

it('README replaces calls of other libraries', () => {
  expect(replacements.length).toBeGreaterThan(10);
});

it('every snippet and every replacement passes the type check', async () => {
  await execute(join(root, 'node_modules/.bin/tsc'), ['-p', '.'], { cwd: folder });
});

describe('runs', () => {
  it.each(blocks.filter(({ checkOnly }) => !checkOnly))('$title', async ({ file, prints }) => {
    const { stdout, stderr } = await executeNode([`${file}.mjs`], { cwd: folder });
    expect(stderr).toBe('');
    if (prints !== undefined) expect(stdout).toBe(prints);
  });
});

it('names only scripts and files that exist', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  for (const page of pages) {
    const text = readFileSync(page, 'utf8');
    for (const [, name = ''] of text.matchAll(/npm run ([\w:]+)/g))
      expect(scripts, `${page}: npm run ${name}`).toHaveProperty([name]);
    for (const [, path = ''] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      const from = page.startsWith('docs/') ? 'docs' : '.';
      expect(() => readFileSync(join(from, path)), `${page}: ${path}`).not.toThrow(/ENOENT/);
    }
  }
});
