import { fork, type ChildProcess } from 'node:child_process';
import { bundled } from './bundled.ts';
import type { WorkerCommand, WorkerEvent, WorkerOptions } from './redisWorker.ts';

/** What happened, and in which process. */
export type Happened = WorkerEvent & { readonly worker: number };

export interface Workers {
  /** Everything that was said, in the order in which it arrived here. */
  readonly events: readonly Happened[];
  tell(worker: number, command: WorkerCommand): void;
  signal(worker: number, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  /** Resolves with the first event there is or will be that is meant; rejects with everything that happened instead. */
  until(meant: (event: Happened) => boolean, what: string, ms?: number): Promise<Happened>;
  of(what: WorkerEvent['what']): readonly Happened[];
  end(): Promise<void>;
}

/** Real processes with a backend of their own each, ready to be told what to do. */
export async function startWorkers(count: number, options: WorkerOptions): Promise<Workers> {
  const events: Happened[] = [];
  const watchers = new Set<() => void>();
  const children: ChildProcess[] = [];
  const gone: Promise<unknown>[] = [];
  const file = await bundled('redisWorker.ts');
  for (let worker = 0; worker < count; worker++) {
    const child = fork(file, [JSON.stringify(options)], {
      execArgv: [],
      stdio: 'inherit',
      // JSON has no word for what lasts for ever.
      serialization: 'advanced',
    });
    children.push(child);
    gone.push(new Promise((resolve) => child.once('exit', resolve)));
    child.on('message', (event: WorkerEvent) => {
      events.push({ ...event, worker });
      for (const watch of [...watchers]) watch();
    });
  }
  const workers: Workers = {
    events,
    tell: (worker, command) => {
      children[worker]!.send(command);
    },
    signal: (worker, signal) => {
      children[worker]!.kill(signal);
    },
    until: (meant, what, ms = 15_000) =>
      new Promise((resolve, reject) => {
        const watch = (): void => {
          const event = events.find(meant);
          if (event === undefined) return;
          watchers.delete(watch);
          clearTimeout(timer);
          resolve(event);
        };
        const timer = setTimeout(() => {
          watchers.delete(watch);
          const told = events.map(({ worker, what: did, id, code = '' }) => `${worker}: ${did} ${id} ${code}`);
          reject(new Error(`Not within ${ms} ms: ${what}.\n${told.join('\n')}`));
        }, ms);
        watchers.add(watch);
        watch();
      }),
    of: (what) => events.filter((event) => event.what === what),
    end: async () => {
      for (const child of children) {
        child.kill('SIGCONT');
        child.kill('SIGKILL');
      }
      await Promise.all(gone);
    },
  };
  for (let worker = 0; worker < count; worker++) {
    await workers.until(
      (event) => event.what === 'ready' && event.worker === worker,
      `worker ${worker} is ready`,
      60_000,
    );
  }
  return workers;
}
