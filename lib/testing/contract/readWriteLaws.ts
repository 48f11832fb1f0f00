/** Locks with two ways in. */
import type { Gate } from '../../gates/gate.ts';
import { run } from '../../gates/run.ts';
import { readWriteLock } from '../../gates/readWriteLock.ts';
import { ask, expectEqual, expectFates, line, stateOf, type Asked, type GateLab, type Laws } from './lab.ts';

const doors = (lab: GateLab): { readonly read: Gate; readonly write: Gate } => {
  const lock = readWriteLock('lock');
  return { read: lab.open(lock.read), write: lab.open(lock.write) };
};

/** Several who ask one after the other to read (`r`) or write (`w`). */
async function all(lab: GateLab, wishes: string): Promise<Asked[]> {
  const { read, write } = doors(lab);
  const asked: Asked[] = [];
  for (const wish of wishes) asked.push(...(await line(lab, wish === 'r' ? read : write, {})));
  return asked;
}

const inside = (asked: readonly Asked[]): string => asked.map(({ fate }) => (fate === 'held' ? 'x' : '.')).join('');

/** What becomes of them when one after the other leaves. */
async function leaving(lab: GateLab, asked: readonly Asked[], ...order: readonly number[]): Promise<string[]> {
  const seen = [inside(asked)];
  for (const i of order) {
    asked[i]?.leave();
    await lab.idle();
    seen.push(inside(asked));
  }
  return seen;
}

export const readWriteLaws: Laws = {
  'many read at once, and one writes alone': async (lab) => {
    const seen = await leaving(lab, await all(lab, 'rrwr'), 0, 1, 2);
    expectEqual(seen, ['xx..', '.x..', '..x.', '...x'], 'who is inside');
  },

  'after a writer all who wait to read enter together, also those behind the next writer': async (lab) => {
    const seen = await leaving(lab, await all(lab, 'wrwrwr'), 0, 1, 3, 5, 2);
    expectEqual(seen, ['x.....', '.x.x.x', '...x.x', '.....x', '..x...', '....x.'], 'who is inside');
  },

  'who comes to read while somebody writes is let in before the next writer': async (lab) => {
    const seen = await leaving(lab, await all(lab, 'wwrr'), 0, 2, 3);
    expectEqual(seen, ['x...', '..xx', '...x', '.x..'], 'who is inside');
  },

  'a writer who waits keeps new readers out, and they read after it': async (lab) => {
    const seen = await leaving(lab, await all(lab, 'rwwrr'), 0, 1, 3, 4);
    expectEqual(seen, ['x....', '.x...', '...xx', '....x', '..x..'], 'who is inside');
  },

  'a writer who leaves the queue lets those in who waited for it': async (lab) => {
    const seen = await leaving(lab, await all(lab, 'rwr'), 1);
    expectEqual(seen, ['x..', 'x.x'], 'who is inside');
  },

  'work that writes may read, and work that reads may read on': async (lab) => {
    const { read, write } = doors(lab);
    const seen: string[] = [];
    const writing = run(write, () => run(read, () => seen.push('read while writing')));
    await lab.idle();
    await writing;
    let queued = (): void => undefined;
    const writer = new Promise<void>((resolve) => {
      queued = resolve;
    });
    const reading = run(read, async () => {
      await writer;
      await run(read, () => seen.push('read while a writer waits'));
    });
    await lab.idle();
    const waiting = ask(write);
    await lab.idle();
    queued();
    await reading;
    await expectFates(lab, [waiting], ['held'], 'the writer, afterwards');
    expectEqual(seen, ['read while writing', 'read while a writer waits'], 'what was done');
  },

  'who reads cannot become a writer, and is told so at once': async (lab) => {
    const { read, write } = doors(lab);
    const error = await run(read, () => run(write, () => null)).then(
      () => null,
      (reason: unknown) => reason as { code?: string; message?: string },
    );
    expectEqual(error?.code, 'RXB_DEADLOCK', 'the error');
    expectEqual(error?.message?.includes('reads lock and would wait for itself to write'), true, 'what it says');
    await expectFates(lab, [ask(write)], ['held'], 'afterwards');
  },

  'says who reads and who writes': async (lab) => {
    const { read } = doors(lab);
    await all(lab, 'rrw');
    const { holders, waiting, available } = await stateOf(read);
    expectEqual(
      [holders.map(({ mode }) => mode), waiting.map(({ mode }) => mode), available],
      [['read', 'read'], ['write'], 0],
      'inspect',
    );
  },
};
