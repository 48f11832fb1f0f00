import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import process from 'node:process';
import { promisify } from 'node:util';
import { codeOf } from './disk.ts';

/** A process, told apart from all others that have ever been there, as far as the host can tell. */
export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Of this run of the kernel. */
  readonly boot: string | null;
  /** Where `pid` means something: processes in containers do not see each other. */
  readonly namespace: string | null;
  /** When the process started: a number is given to others when its process has ended. */
  readonly started: string | null;
}

const text = (value: Promise<string>): Promise<string | null> =>
  value.then(
    (found) => found.trim() || null,
    () => null,
  );

/** The first lines of a program, on hosts without /proc. */
const said = (program: string, ...args: readonly string[]): Promise<string | null> =>
  text(promisify(execFile)(program, args).then(({ stdout }) => stdout));

async function startOf(pid: number): Promise<string | null> {
  const line = await text(readFile(`/proc/${pid}/stat`, 'utf8'));
  // The second field is a name that may hold anything; the start is the twentieth behind it.
  if (line !== null) return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  return process.platform === 'linux' || process.platform === 'win32'
    ? null
    : said('ps', '-o', 'lstart=', '-p', String(pid));
}

const boot = async (): Promise<string | null> =>
  (await text(readFile('/proc/sys/kernel/random/boot_id', 'utf8'))) ??
  (process.platform === 'darwin' ? said('sysctl', '-n', 'kern.bootsessionuuid') : null);

/** This process. */
export const thisProcess = async (): Promise<Owner> => ({
  pid: process.pid,
  host: hostname(),
  boot: await boot(),
  namespace: await text(readlink('/proc/self/ns/pid')),
  started: await startOf(process.pid),
});

/** Whether a process is still there, as seen from another; `'unknown'` where that cannot be seen. */
export async function judge(owner: Owner, from: Owner): Promise<'alive' | 'dead' | 'unknown'> {
  if (owner.boot !== from.boot) return owner.host === from.host ? 'dead' : 'unknown';
  if (owner.boot === null && owner.host !== from.host) return 'unknown';
  if (owner.namespace !== from.namespace) return 'unknown';
  if (!exists(owner.pid)) return 'dead';
  const started = await startOf(owner.pid);
  return started === owner.started ? 'alive' : started === null && exists(owner.pid) ? 'unknown' : 'dead';
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It is there, and belongs to somebody else.
    return codeOf(error) === 'EPERM';
  }
}
