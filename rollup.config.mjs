import { readFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';
import { dts } from 'rollup-plugin-dts';
import esbuild from 'rollup-plugin-esbuild';

const { peerDependencies } = JSON.parse(readFileSync('./package.json', 'utf8'));

const input = {
  index: 'lib/index.ts',
  operators: 'operators/index.ts',
  testing: 'lib/testing/index.ts',
  'adapters/file': 'adapters/file/index.ts',
  'adapters/redis': 'adapters/redis/index.ts',
};

const shared = {
  input,
  // What the core loads only when it is wanted stays an import by name.
  external: [
    /^node:/,
    'rxbaton/adapters/file',
    ...Object.keys(peerDependencies).map((name) => new RegExp(`^${name}(/|$)`)),
  ],
  onwarn(warning) {
    throw new Error(warning.message);
  },
};

/** The only package that comes along, for the command line alone. THIRD_PARTY.md has its licence. */
const commander = {
  name: 'commander',
  resolveId: (id) => (id === 'commander' ? '\0commander' : null),
  async load(id) {
    if (id !== '\0commander') return null;
    const { outputFiles } = await build({
      stdin: {
        contents: `export { Command, CommanderError, InvalidArgumentError, Option } from 'commander';`,
        resolveDir: import.meta.dirname,
      },
      // It is CommonJS, and asks for modules of Node in the middle of its code.
      banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);` },
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      write: false,
    });
    return outputFiles[0].text;
  },
};

/** What `rxbaton explain` reads. */
const errorPage = {
  name: 'error-page',
  generateBundle() {
    this.emitFile({ type: 'asset', fileName: 'errors.md', source: readFileSync('docs/errors.md') });
  },
};

const clean = { name: 'clean', buildStart: () => rmSync('dist', { recursive: true, force: true }) };

/** One pass for the code and one for the types. What two entries share lands once, in dist/shared. */
export default [
  {
    ...shared,
    input: { ...input, 'adapters/file.browser': 'adapters/file/browser.ts', cli: 'adapters/cli/main.ts' },
    // Fields that are assigned, not defined: a hold is made of two objects with many of them, and this is a fifth of its cost.
    plugins: [
      clean,
      commander,
      errorPage,
      esbuild({
        target: 'node20',
        tsconfig: false,
        tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
      }),
    ],
    output: {
      dir: 'dist',
      format: 'es',
      sourcemap: true,
      chunkFileNames: 'shared/[name].js',
      hoistTransitiveImports: false,
    },
  },
  {
    ...shared,
    plugins: [dts()],
    output: {
      dir: 'dist',
      format: 'es',
      chunkFileNames: 'shared/[name].d.ts',
      // `AsyncDisposable` is in no default library before TypeScript's `esnext`.
      banner: '/// <reference lib="esnext.disposable" />',
    },
  },
];
