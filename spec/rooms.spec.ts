import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';

const core = ['lib/errors.ts', 'lib/internal', 'lib/time', 'lib/gates', 'lib/events', 'lib/log'];
const all = [...core, 'lib/workflow', 'lib/monitor'];

/** Which rooms each room may import from, besides itself. CONTRIBUTING.md says what they are for. */
const may: Record<string, string[]> = {
  'lib/errors.ts': [],
  'lib/internal': ['lib/errors.ts'],
  'lib/time': ['lib/errors.ts', 'lib/internal'],
  'lib/gates': ['lib/errors.ts', 'lib/internal', 'lib/time'],
  'lib/events': ['lib/errors.ts', 'lib/internal', 'lib/time', 'lib/gates', 'lib/log'],
  'lib/log': ['lib/errors.ts', 'lib/internal', 'lib/time', 'lib/events'],
  'lib/workflow': core,
  'lib/monitor': core,
  'lib/index.ts': all,
  'lib/testing': all,
  operators: all,
  // The command line looks into files, and judges what it finds.
  'adapters/cli': [...all, 'lib/testing', 'adapters/file'],
  adapters: all,
};

/** The only file of the core that reaches for an adapter, by its public name, so that it is loaded when it is wanted. */
const loader = 'lib/log/fileAdapter.ts';

/** The only files that look at the host. */
const hostFiles = ['lib/internal/context.ts', 'lib/internal/env.ts'];
const hostGlobals = new Set(
  'process Buffer global globalThis window self document navigator require crypto console performance setTimeout setInterval setImmediate'.split(
    ' ',
  ),
);

const files = ['lib', 'operators', 'adapters']
  .filter((room) => existsSync(room))
  .flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: 'utf8' }).map((file) =>
      posix.join(room, file.replaceAll('\\', '/')),
    ),
  )
  .filter((file) => file.endsWith('.ts'));

/** Every module a file names, types included: relative ones as paths from the root. */
function importsOf(file: string): string[] {
  return ts
    .preProcessFile(readFileSync(file, 'utf8'))
    .importedFiles.map(({ fileName }) =>
      fileName.startsWith('.') ? posix.join(posix.dirname(file), fileName) : fileName,
    );
}

const within = (file: string, room: string): boolean => file === room || file.startsWith(`${room}/`);

/** Names of the host that a file uses: no members, no keys, and no names that the file declares itself. */
function hostNamesIn(text: string): string[] {
  const used: string[] = [];
  const declared = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && hostGlobals.has(node.text)) {
      const { parent } = node;
      const named = (parent as { name?: ts.Node }).name === node;
      const declares =
        named && (ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isBindingElement(parent));
      if (declares) declared.add(node.text);
      else if (!named || ts.isShorthandPropertyAssignment(parent)) used.push(node.text);
    }
    node.forEachChild(visit);
  };
  visit(ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true));
  return used.filter((name) => !declared.has(name));
}

it.each(files)('%s keeps to its room', (file) => {
  const room = Object.keys(may).find((name) => within(file, name)) ?? 'no room';
  const imports = importsOf(file);
  const ours = imports.filter((path) => files.includes(path));
  const packages = imports.filter((path) => !files.includes(path));

  expect(may, 'the room of the file').toHaveProperty([room]);
  expect(ours.filter((path) => ![room, ...(may[room] ?? [])].some((name) => within(path, name)))).toEqual([]);
  if (!room.startsWith('adapters')) {
    const allowed = room === 'lib/testing' ? ['rxjs', 'rxjs/testing'] : ['rxjs'];
    if (file === loader) allowed.push('rxbaton/adapters/file');
    expect(packages.filter((name) => !allowed.includes(name))).toEqual([]);
    expect(hostFiles.includes(file) ? [] : hostNamesIn(readFileSync(file, 'utf8'))).toEqual([]);
  }
});

it('no file leads back to itself, not even by a type', () => {
  const graph = new Map(files.map((file) => [file, importsOf(file)]));
  const cycles: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, path: string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file) || path.includes(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of files) walk(file, []);
  expect(cycles).toEqual([]);
});

it('only barrels are called index', () => {
  const barrels = files.filter((file) => file.endsWith('index.ts'));
  expect(barrels.sort()).toEqual([
    'adapters/file/index.ts',
    'adapters/redis/index.ts',
    'lib/index.ts',
    'lib/testing/index.ts',
    'operators/index.ts',
  ]);
  for (const file of barrels) {
    const { statements } = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
    expect(
      statements.filter((statement) => !ts.isExportDeclaration(statement)).map((s) => ts.SyntaxKind[s.kind]),
    ).toEqual([]);
  }
});

it('sees a use of the host', () => {
  const text =
    'const f = (self: X) => performance.now() + x.process + self.window; export const y = { console, crypto: 1 };';
  expect(hostNamesIn(text)).toEqual(['performance', 'console']);
});
