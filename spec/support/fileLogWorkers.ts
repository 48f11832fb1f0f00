import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { bundled } from './bundled.ts';
import type { FileLogTask } from './fileLogTasks.ts';

/** What a process says: one line of JSON each time. */
export type Said = Readonly<Record<string, unknown>>;

export interface FileLogWorker {
  readonly pid: number;
  /** Everything that it has said. */
  readonly said: readonly Said[];
  /** Resolves when it has said so much, or has ended. */
  heard(count: number): Promise<void>;
  kill(signal?: NodeJS.Signals): void;
  /** Resolves when it has ended and everything that it said has arrived, with what went wrong in it. */
  readonly ended: Promise<string>;
}

const living = new Set<FileLogWorker>();

/**
 * Starts a real process with something to do.
 *
 * @param around A command that starts it, where it needs another world than ours.
 */
export async function startFileLogWorker(task: FileLogTask, around: readonly string[] = []): Promise<FileLogWorker> {
  const program = await bundled('fileLogWorker.ts');
  const [command = process.execPath, ...args] = [...around, process.execPath].concat(program, JSON.stringify(task));
  const child = spawn(command, args, { stdio: 'pipe' });
  const said: Said[] = [];
  let trouble = '';
  let moved = (): void => undefined;
  let over = false;
  child.stderr.on('data', (text: Buffer) => (trouble += text.toString()));
  createInterface(child.stdout).on('line', (line) => {
    said.push(JSON.parse(line) as Said);
    moved();
  });
  const worker: FileLogWorker = {
    pid: child.pid ?? 0,
    said,
    async heard(count) {
      while (said.length < count && !over) await new Promise<void>((resolve) => (moved = resolve));
    },
    kill: (signal = 'SIGKILL') => void child.kill(signal),
    ended: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', () => {
        over = true;
        living.delete(worker);
        moved();
        resolve(trouble);
      });
    }),
  };
  living.add(worker);
  return worker;
}

/** Ends those that are still there. */
export async function endFileLogWorkers(): Promise<void> {
  await Promise.all(
    [...living].map((worker) => {
      worker.kill();
      return worker.ended;
    }),
  );
}
