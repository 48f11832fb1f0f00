import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll } from 'vitest';

let folder: string | null = null;
const made = new Map<string, Promise<string>>();
afterAll(() => {
  if (folder !== null) rmSync(folder, { recursive: true, force: true });
});

async function make(file: string): Promise<string> {
  if (folder === null) {
    folder = mkdtempSync(join(tmpdir(), 'rxbaton-worker-'));
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
