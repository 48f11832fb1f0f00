import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

let folder: string | null = null;
const made = new Map<string, Promise<string>>();

async function make(file: string): Promise<string> {
  if (folder === null) {
    const mine = (folder = mkdtempSync(join(tmpdir(), 'rxbaton-worker-')));
    process.once('exit', () => rmSync(mine, { recursive: true, force: true }));
    // For processes of other users too.
    chmodSync(folder, 0o755);
  }
  const outfile = join(folder, `${basename(file, '.ts')}.cjs`);
  await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    outfile,
  });
  return outfile;
}

/** A program of this folder, in one file: a process that has to compile it first takes seconds to start. */
export function bundled(file: string): Promise<string> {
  let program = made.get(file);
  if (program === undefined) made.set(file, (program = make(file)));
  return program;
}
