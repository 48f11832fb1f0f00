/**
 * One writer for a directory. Locks are numbered: the highest is the one that counts, and whoever takes over from a
 * dead owner creates the next number, which only one can do. The highest is never deleted, so no number comes twice.
 */
import { randomUUID } from 'node:crypto';
import { link, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LogLockedError } from '../../lib/errors.ts';
import { codeOf, putFile } from './disk.ts';
import { judge, thisProcess, type Owner } from './Owner.ts';

export interface Lock {
  /** Whether it is still there, and nobody has a higher one. */
  held(): Promise<boolean>;
  release(): Promise<void>;
}

/** What a lock says when it was given back. */
const free = { released: true } as const;

const pathOf = (directory: string, number: number): string => join(directory, `writer-${number}.lock`);

async function numbersIn(directory: string): Promise<number[]> {
  return (await readdir(directory))
    .flatMap((name) => {
      const number = /^writer-(\d+)\.lock$/.exec(name)?.[1];
      return number === undefined ? [] : [Number(number)];
    })
    .sort((a, b) => b - a);
}

/**
 * Takes the lock of a directory, also from an owner that has crashed.
 *
 * @throws LogLockedError when somebody has it who is alive, this process included, or who cannot be seen from here.
 */
export async function takeLock(directory: string): Promise<Lock> {
  const owner = { ...(await thisProcess()), id: randomUUID() };
  for (;;) {
    const [highest = 0] = await numbersIn(directory);
    if (highest > 0) await checkFree(directory, highest, owner);
    const mine = highest + 1;
    if (!(await create(directory, mine, owner))) continue;
    const numbers = await numbersIn(directory);
    if (numbers[0] !== mine) {
      // Somebody was so slow, we, that the number had been taken and deleted before.
      await rm(pathOf(directory, mine), { force: true });
      continue;
    }
    const drafts = (await readdir(directory)).filter((name) => /^writer-.+\.new$/.test(name));
    // What those leave behind who die on the way, too.
    const rest = [
      ...numbers.slice(1).map((number) => pathOf(directory, number)),
      ...drafts.map((name) => join(directory, name)),
    ];
    await Promise.all(rest.map((path) => rm(path, { force: true })));
    return {
      held: async () => {
        if ((await numbersIn(directory))[0] !== mine) return false;
        return (await read(directory, mine))?.id === owner.id;
      },
      release: () => putFile(pathOf(directory, mine), `${JSON.stringify(free)}\n`),
    };
  }
}

/** In one step, with what it says: a lock that says nothing yet could not be told from one that was torn. */
async function create(directory: string, number: number, owner: Owner & { readonly id: string }): Promise<boolean> {
  const draft = join(directory, `writer-${owner.id}.new`);
  try {
    const file = await open(draft, 'wx');
    try {
      await file.writeFile(`${JSON.stringify(owner)}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    await link(draft, pathOf(directory, number));
    return true;
  } catch (error) {
    // The number is taken; or the draft was cleared away by who has just taken one.
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOENT') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

type Content = Partial<Owner> & { readonly id?: string; readonly released?: boolean };

/** `null`: it is not there, or says nothing that could be read. */
async function read(directory: string, number: number): Promise<Content | null> {
  try {
    return JSON.parse(await readFile(pathOf(directory, number), 'utf8')) as Content;
  } catch (error) {
    if (error instanceof SyntaxError || codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

async function checkFree(directory: string, number: number, self: Owner): Promise<void> {
  const content = await read(directory, number);
  if (content?.released === true) return;
  const owner = content as Owner | null;
  const state = owner === null ? 'unknown' : await judge(owner, self);
  if (state === 'dead') return;
  // It was given back, or taken over, while we looked.
  if (owner === null && !(await numbersIn(directory)).includes(number)) return;
  const who = owner === null ? 'somebody' : `process ${owner.pid} on ${owner.host}`;
  const file = pathOf(directory, number);
  throw new LogLockedError(
    state === 'alive'
      ? `The log in ${directory} is being written by ${who}.`
      : `The log in ${directory} belongs to ${who}, and nobody can say from here whether that is alive.`,
    {
      hint:
        state === 'alive'
          ? 'Open it with `readOnly: true` or `submit: true`, or close it there first.'
          : `If it is not, delete ${file}.`,
      details: { directory, file, pid: owner?.pid, host: owner?.host },
    },
  );
}
