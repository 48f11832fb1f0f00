import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The folder of the repository. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url));

// What npm tells its scripts about this package must not reach the programs that work on another one.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));

/** Runs a program to its end; fails with everything it printed if it failed. */
export async function execute(
  program: string,
  args: readonly string[],
  { cwd = root, env: extra = {} }: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<{ stdout: string; stderr: string }> {
  try {
    return await promisify(execFile)(program, args, {
      cwd,
      env: { ...env, NO_COLOR: '1', ...extra },
      timeout: 120_000,
    });
  } catch (error) {
    const { stdout, stderr, message } = error as Error & { stdout: string; stderr: string };
    throw new Error(`${message}\n${stdout}\n${stderr}`, { cause: error });
  }
}

/** Runs a JavaScript file with the Node that runs the specs. */
export function executeNode(
  args: readonly string[],
  options?: { cwd?: string; env?: Readonly<Record<string, string>> },
): Promise<{ stdout: string; stderr: string }> {
  return execute(process.execPath, args, options);
}
