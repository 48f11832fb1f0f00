/** A process that does one thing with a log in files, and says how it goes, a line of JSON each time. */
import { writeSync } from 'node:fs';
import { fileLog } from '../../adapters/file/fileLog.ts';
import { eventOf, partsOf, type Acknowledged, type FileLogTask } from './fileLogTasks.ts';
import { trespass } from './fileLogTrespass.ts';
import { fill } from './fileLogFill.ts';
import { race } from './fileLogRace.ts';

type Task<K extends FileLogTask['do']> = Extract<FileLogTask, { do: K }>;

/** In one step, so that what a process has said before it is killed is heard. */
const say = (what: object): void => void writeSync(1, `${JSON.stringify(what)}\n`);

/** Until it is killed, or whoever started it is gone. */
const stay = (): void => void process.stdin.on('end', () => process.exit()).resume();

const task = JSON.parse(process.argv[2] ?? '') as FileLogTask;
void perform(task);

function perform(task: FileLogTask): Promise<void> {
  switch (task.do) {
    case 'commit':
      return commit(task);
    case 'hold':
      return hold(task);
    case 'write':
      return write(task);
    case 'race':
      return raceOf(task);
    case 'trespass':
      return trespass(task.directory, say);
    case 'fill':
      return fill(task.directory, task.room, say);
  }
}

async function commit({ directory, round, retention }: Task<'commit'>): Promise<void> {
  const segmentBytes = 2_000 + (round % 7) * 1_000;
  const log = await fileLog({ directory, segmentBytes, ...(retention && { retention: { bytes: retention } }) });
  say({ ready: true });
  // Not without end: what is dropped for its size must be older than this round.
  let left = 150;
  await Promise.all(Array.from({ length: 6 }, (_, chain) => append(chain)));
  stay();

  async function append(chain: number): Promise<void> {
    const stream = chain % 2 === 0 ? 'a' : 'b';
    for (let i = 0; left-- > 0; i++) {
      const id = `${round}.${chain}.${i}`;
      const of = 1 + ((i * 5 + chain) % 4);
      const { firstSeq, lastSeq } = await log.append(stream, partsOf(id, of), i % 3 === 0 ? { commitId: id } : {});
      say({ stream, id, of, firstSeq, lastSeq } satisfies Acknowledged);
    }
  }
}

async function hold({ directory }: Task<'hold'>): Promise<void> {
  try {
    const log = await fileLog({ directory });
    const { lastSeq } = await log.append('held', [process.pid]);
    say({ ready: true, lastSeq });
    stay();
  } catch (error) {
    say({ ...(error as object), message: (error as Error).message });
  }
}

async function write({ directory, events, segmentBytes }: Task<'write'>): Promise<void> {
  const log = await fileLog({ directory, segmentBytes, fsync: 'never' });
  say({ ready: true });
  let next = 1;
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      while (next <= events) {
        const from = next;
        next = Math.min(events + 1, from + 1 + (from % 7));
        await log.append(
          'events',
          Array.from({ length: next - from }, (_, i) => eventOf(from + i)),
        );
      }
    }),
  );
  await log.close();
  say({ written: events });
}

async function raceOf({ directory, who, races }: Task<'race'>): Promise<void> {
  const log = await fileLog({ directory, submit: true });
  say({ ready: true });
  say(await race(log, who, races));
  await log.close();
}
