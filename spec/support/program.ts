import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { root } from './execute.ts';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  /** An empty folder of its own, in which it runs. */
  readonly folder: string;
  start(args: readonly string[], variables?: Readonly<Record<string, string>>): ChildProcess;
  run(args: readonly string[], variables?: Readonly<Record<string, string>>): Promise<Finished>;
  remove(): void;
}

// What the machine is set to must not decide what programs do.
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(npm_|RXBATON_|NO_COLOR|FORCE_COLOR|NODE_OPTIONS|VITEST)/.test(name),
  ),
);

/** Builds a program from our sources, to be started as a process of its own, as often as one likes. */
export async function program(source: { readonly file: string } | { readonly code: string }): Promise<Program> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'rxbaton-program-')));
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'rxbaton-folder-')));
  symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'));
  symlinkSync(join(root, 'docs'), join(home, 'docs'));
  symlinkSync(join(root, 'package.json'), join(home, 'package.json'));
  const main = 'file' in source ? join(root, source.file) : join(home, 'main.ts');
  if ('code' in source) writeFileSync(main, source.code);
  await build({
    entryPoints: { main },
    outdir: home,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['rxjs', 'commander'],
    alias: {
      'rxbaton/adapters/file': join(root, 'adapters/file/index.ts'),
      'rxbaton/testing': join(root, 'lib/testing/index.ts'),
      rxbaton: join(root, 'lib/index.ts'),
    },
    logLevel: 'error',
  });
  const start: Program['start'] = (args, variables = {}) =>
    spawn(process.execPath, [join(home, 'main.mjs'), ...args], {
      cwd: folder,
      env: { ...env, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  return {
    folder,
    start,
    async run(args, variables) {
      const child = start(args, variables);
      const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close')]);
      return { code: child.exitCode, stdout, stderr };
    },
    remove() {
      for (const each of [home, folder]) rmSync(each, { recursive: true, force: true });
    },
  };
}
