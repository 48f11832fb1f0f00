/** Histories of gates in a real Redis, used by several processes at once, while something goes wrong. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyOf } from '../../lib/testing/linear/historyOf.ts';
import { bundled } from './bundled.ts';
import type { HistorianSettings } from './redisHistorian.ts';
import type { History, Op, Result, Round } from './round.ts';

export interface Historians {
  /** All of them do a round, while `fault` goes on. Answers with a history for each gate. */
  round(round: Round, fault: () => Promise<readonly Wipe[]>): Promise<readonly History[]>;
  /** Resolves when this one has got the next lock, and is at work. */
  holding(historian: number): Promise<void>;
  signal(historian: number, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  end(): Promise<void>;
}

/** The server has forgotten everything at some moment in between. */
export interface Wipe {
  readonly from: bigint;
  readonly to: bigint;
}

const said = (child: ChildProcess, what: 'ready' | 'holds' | 'done'): Promise<void> =>
  new Promise((resolve) => {
    const hear = (message: unknown): void => {
      if (message !== what) return;
      child.off('message', hear);
      resolve();
    };
    child.on('message', hear);
  });

export async function startHistorians(
  count: number,
  settings: Pick<HistorianSettings, 'url' | 'mutant' | 'backend'>,
): Promise<Historians> {
  const program = await bundled('redisHistorian.ts');
  const folder = mkdtempSync(join(tmpdir(), 'rxbaton-histories-'));
  const children: ChildProcess[] = [];
  let lives = 0;

  const isUp = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;
  const start = async (place: number): Promise<void> => {
    const name = `h${++lives}`;
    const file = join(folder, name);
    const child = fork(program, [JSON.stringify({ ...settings, name, file })], { execArgv: [], stdio: 'inherit' });
    children[place] = child;
    await said(child, 'ready');
  };
  await Promise.all(Array.from({ length: count }, (_, place) => start(place)));

  return {
    round: async (round, fault) => {
      await Promise.all(children.map((child, place) => (isUp(child) ? undefined : start(place))));
      const done = children.map((child) => Promise.race([said(child, 'done'), once(child, 'exit')]));
      for (const [place, child] of children.entries())
        child.send({ ...round, freezes: round.freezes === true && place === 1 });
      const wipes = await fault();
      await Promise.all(done);
      const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
      const all = historyOf<Op, Result>(...files);
      return round.gates.map((gate) => [
        ...all.filter((operation) => operation.gate === gate),
        ...wipes.map(({ from, to }) => ({
          process: 'server',
          gate,
          op: { do: 'wipe' } as const,
          call: from,
          return: to,
        })),
      ]);
    },
    holding: (historian) => said(children[historian]!, 'holds'),
    signal: (historian, signal) => {
      children[historian]?.kill(signal);
    },
    end: async () => {
      for (const child of children.filter(isUp)) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
