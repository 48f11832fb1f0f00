import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileLog, type FileLogOptions } from '../../adapters/file/fileLog.ts';
import type { EventLog } from '../../lib/log/EventLog.ts';
import type { Filled } from '../support/fileLogFill.ts';
import { endFileLogWorkers, startFileLogWorker, type FileLogWorker } from '../support/fileLogWorkers.ts';
import { shownError, type ShownError } from '../support/shownError.ts';

let directory: string;
const logs: EventLog[] = [];

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'rxbaton-disk-')));
});
afterEach(async () => {
  for (const log of logs.splice(0)) await log.close({ deadline: 1_000 });
  await endFileLogWorkers();
  chmodSync(directory, 0o755);
  rmSync(directory, { recursive: true, force: true });
});

const open = async (options: Partial<FileLogOptions> = {}): Promise<EventLog> => {
  const log = await fileLog({ directory, ...options });
  logs.push(log);
  return log;
};
const readAll = async (log: EventLog, stream = 's'): Promise<unknown[]> =>
  (await lastValueFrom(log.read(stream).pipe(toArray()))).map(({ event }) => event);

/** What an attempt is refused with. */
const refusal = (attempt: Promise<unknown>): Promise<ShownError> =>
  attempt.then(() => {
    throw new Error('It was not refused.');
  }, shownError);

const segment = (number: number): string => join(directory, `segment-${String(number).padStart(8, '0')}.jsonl`);

/** Another file behind the number by which this process writes to one: what the system says of that one is real. */
function swap(file: string, other: string): void {
  const fd =
    readdirSync('/proc/self/fd')
      .map(Number)
      .find((number) => pathOf(number) === file) ?? NaN;
  closeSync(fd);
  const below: number[] = [];
  for (;;) {
    const next = openSync(other, 'r+');
    if (next === fd) break;
    below.push(next);
  }
  below.forEach(closeSync);
}

function pathOf(fd: number): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return null;
  }
}

/** A world in which there is little room for the log, and what makes more of it. */
interface Narrow {
  readonly around: readonly string[];
  readonly room: readonly string[];
  readonly code: string;
  readonly what: string;
  readonly hint: string;
}

/** Files that may not become larger. */
const smallFiles = (): Narrow => ({
  around: ['sh', '-c', 'ulimit -S -f 1200; exec "$@"', 'sh'],
  room: ['sh', '-c', 'prlimit --pid "$PPID" --fsize=unlimited:'],
  code: 'EFBIG',
  what: 'the file may not become larger',
  hint: 'Raise the limit',
});

/** A disk of a megabyte that this process alone sees, where the host lets us make one. */
function smallDisk(): Narrow {
  const flags = process.getuid?.() === 0 ? '-m' : '-Urm';
  const mount = ['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory];
  if (spawnSync('unshare', [flags, ...mount]).status !== 0) return smallFiles();
  return {
    around: ['unshare', flags, 'sh', '-c', `${mount.slice(0, -1).join(' ')} "$0" && exec "$@"`, directory],
    room: ['rm', join(directory, 'ballast')],
    code: 'ENOSPC',
    what: 'the disk is full',
    hint: 'Make room',
  };
}

describe('no room', { timeout: 120_000 }, () => {
  it.each([
    ['as a disk', smallDisk],
    ['as files', smallFiles],
  ])(
    '%s refuses appends, keeps what was acknowledged, stops nobody, and is used again when there is room',
    async (_, narrow) => {
      const { around, room, code, what, hint } = narrow();
      const worker = await startFileLogWorker({ do: 'fill', directory, room }, around);
      expect(await worker.ended).toBe('');
      const filled = worker.said[0] as unknown as Filled;

      const { acknowledged, refused, hasty, patient } = filled;
      expect(acknowledged.length).toBeGreaterThan(50);
      for (const error of [...refused, ...hasty.errors]) {
        expect(error).toMatchObject({ name: 'LogUnavailableError', code: 'RXB_LOG_UNAVAILABLE' });
        expect(error.details).toMatchObject({ code, outcome: 'not-applied', path: segment(1) });
        expect(error.message).toContain(`The log in ${segment(1)} cannot be used: ${what} (${code}).`);
        expect(error.hint).toContain(hint);
      }
      // Everything that was acknowledged, nothing that was refused, in order, then and later.
      expect(filled.readAtLast).toEqual(acknowledged);
      expect(filled.readWhenFull).toEqual(acknowledged.slice(0, filled.readWhenFull.length));
      expect(acknowledged.length - filled.readWhenFull.length).toBeGreaterThanOrEqual(16);

      expect(filled.handled).toEqual([1, 2, 3, 4]);
      expect(filled.called).toBe(42);
      expect(hasty).toMatchObject({ kept: 0, errors: [{}] });
      expect(hasty.lost).toBeGreaterThanOrEqual(3);
      expect(patient).toMatchObject({ lost: 0, events: [1, 2, 3, 4] });
    },
  );
});

describe('a disk that fails', () => {
  it.each([
    ['has no room', '/dev/full', 'ENOSPC', 'the disk is full', 'Make room'],
    ['has an error', '/proc/self/mem', 'EIO', 'the disk has failed', 'Look at the disk'],
  ])('under an append, since it %s, loses nothing that was acknowledged', async (_, device, code, what, hint) => {
    const log = await open();
    await log.append('s', ['one', 'two']);
    swap(segment(1), device);
    const [refused, second, answer] = await Promise.all([
      refusal(log.append('s', ['three'])),
      // It rests on the first, and so did what it would have been refused with.
      refusal(log.append('s', ['four'], { expectedSeq: 3 })),
      log.head('s'),
    ]);
    for (const error of [refused, second].slice(0, 1)) {
      expect(error.code).toBe('RXB_LOG_UNAVAILABLE');
      expect(error.message).toContain(`The log in ${segment(1)} cannot be used: ${what} (${code}).`);
      expect(error.hint).toContain(hint);
      expect(error.details).toMatchObject({ code, path: segment(1) });
    }
    expect(['RXB_LOG_UNAVAILABLE', 'RXB_LOG_CONFLICT']).toContain(second.code);
    expect(answer).toMatchObject({ lastSeq: 2 });
    expect(await log.append('s', ['five'])).toMatchObject({ firstSeq: 3 });
    expect(await readAll(log)).toEqual(['one', 'two', 'five']);
    await log.close();
    expect(await readAll(await open())).toEqual(['one', 'two', 'five']);
  });

  it('under an append, does what was asked meanwhile and could not be done then, as it was asked', async () => {
    const log = await open();
    await log.append('s', ['one', 'two']);
    swap(segment(1), '/dev/full');
    const lost = refusal(log.append('s', ['three']));
    // In conflict with what is being lost, so that it is asked again.
    const again = log.append('s', ['four'], { expectedSeq: 2 });
    const after = refusal(log.append('s', ['five']));
    await Promise.all([lost, after]);
    // While the files are brought in order.
    const meanwhile = [log.append('s', ['six']), log.append('s', ['seven'])];
    await Promise.all([again, ...meanwhile]);
    expect((await readAll(log)).toSorted()).toEqual(['four', 'one', 'seven', 'six', 'two']);
  });

  it('acknowledges nothing that was not brought to the disk', async () => {
    const log = await open();
    await log.append('s', ['one']);
    // Takes what is written, and refuses to bring it to a disk.
    swap(segment(1), '/dev/null');
    expect(await refusal(log.append('s', ['two']))).toMatchObject({
      code: 'RXB_LOG_UNAVAILABLE',
      details: { outcome: 'unknown', code: 'EINVAL' },
    });
    await log.append('s', ['three']);
    expect(await readAll(log)).toEqual(['one', 'three']);
  });

  it.each([
    ['has no room', '/dev/full', 'ENOSPC'],
    ['has an error', '/proc/self/mem', 'EIO'],
  ])('when a segment begins, since it %s, stops that append alone', async (_, device, code) => {
    const log = await open({ segmentBytes: 400 });
    const kept: number[] = [];
    let refusals = 0;
    for (let n = 1; n <= 20; n++) {
      // What is to become the next segment.
      if (n % 4 === 0) for (let next = 1; next < 20; next++) plant(device, `${segment(next)}.new`);
      try {
        await log.append('s', [n]);
        kept.push(n);
      } catch (error) {
        expect(shownError(error).details).toMatchObject({ code });
        refusals++;
      }
    }
    expect(refusals).toBeGreaterThan(0);
    expect(await readAll(log)).toEqual(kept);
    await log.close();
    for (const name of readdirSync(directory)) if (name.endsWith('.new')) rmSync(join(directory, name));
    expect(await readAll(await open())).toEqual(kept);
  });

  it('and is still away when the log closes is left as it is: the next writer finds what was acknowledged', async () => {
    const log = await open();
    const large = 'x'.repeat(2 ** 21);
    await log.append('s', [large]);
    swap(segment(1), '/dev/full');
    renameSync(segment(1), `${segment(1)}.away`);
    expect(await refusal(log.append('s', ['two']))).toMatchObject({ code: 'RXB_LOG_UNAVAILABLE' });
    await log.settled();
    renameSync(`${segment(1)}.away`, segment(1));
    await log.close();
    expect(await readAll(await open())).toEqual([large]);
  });

  it('is told to who opens a log, and to who reads one', async () => {
    const log = await open();
    await log.append('s', ['one']);
    plant('/proc/self/mem', segment(1));
    const clear = {
      code: 'RXB_LOG_UNAVAILABLE',
      details: { code: 'EIO', path: segment(1) },
      hint: expect.stringContaining('disk') as string,
    };
    expect(await refusal(readAll(log))).toMatchObject(clear);
    await log.close();
    const error = await refusal(open({ readOnly: true }));
    expect(error).toMatchObject({ code: 'RXB_LOG_UNAVAILABLE', details: { code: 'EIO' } });
    expect(error.message).toContain(directory);
  });
});

function plant(target: string, path: string): void {
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

describe('a directory', () => {
  it('that may not be written to is said to be so, and can be read', async () => {
    const log = await open();
    await log.append('s', ['one', 'two']);
    await log.close();
    chmodSync(directory, 0o555);
    const worker = await startFileLogWorker({ do: 'trespass', directory });
    expect(await worker.ended).toBe('');
    const [error, read] = worker.said;
    expect(error).toMatchObject({
      code: 'RXB_LOG_UNAVAILABLE',
      message: expect.stringContaining(
        `The log in ${directory} cannot be used: the permission is missing (EACCES).`,
      ) as string,
      hint: 'Let this user read and write the directory and its files.',
    });
    expect(read).toEqual({ events: 2 });
  });

  it('that is removed under its writer refuses everything, and is not made anew', async () => {
    const log = await open();
    await log.append('s', ['one']);
    rmSync(directory, { recursive: true });
    for (let i = 0; i < 3; i++) {
      const error = await refusal(log.append('s', ['two']));
      expect(error).toMatchObject({
        code: 'RXB_LOG_UNAVAILABLE',
        details: { code: 'ENOENT' },
        hint: expect.stringContaining('Bring it back') as string,
      });
      expect(error.message).toContain(directory);
    }
    expect(await refusal(log.head('s'))).toMatchObject({ code: 'RXB_LOG_UNAVAILABLE' });
    await log.close({ deadline: 1_000 });
    expect(() => readdirSync(directory)).toThrow('ENOENT');
    mkdirSync(directory);
  });

  it.each([
    ['a file', () => writeFileSync(join(directory, 'log'), 'a file'), 'log', /EEXIST|ENOTDIR/],
    ['in a file', () => writeFileSync(join(directory, 'log'), 'a file'), 'log/deep', /ENOTDIR/],
  ])('that is %s is no directory', async (_, prepare, name, code) => {
    prepare();
    const error = await refusal(fileLog({ directory: join(directory, name) }));
    expect(error.code).toBe('RXB_LOG_UNAVAILABLE');
    expect(error.message).toMatch(code);
    expect(error.message).toContain(join(directory, name));
    expect(error.hint).toContain('directory');
  });
});

describe('a second writer', { timeout: 60_000 }, () => {
  const lockFile = (): string => join(directory, readdirSync(directory).find((name) => name.endsWith('.lock')) ?? '');
  const hold = async (): Promise<FileLogWorker> => {
    const worker = await startFileLogWorker({ do: 'hold', directory });
    await worker.heard(1);
    return worker;
  };

  it('is told who writes, until that one is killed; then it takes over', async () => {
    const first = await hold();
    expect(first.said[0]).toMatchObject({ ready: true, lastSeq: 1 });
    const error = await refusal(open());
    expect(error).toMatchObject({
      code: 'RXB_LOG_LOCKED',
      message: expect.stringContaining(
        `The log in ${directory} is being written by process ${first.pid} on `,
      ) as string,
      hint: expect.stringContaining('`submit: true`') as string,
      details: { directory, file: lockFile(), pid: first.pid },
    });
    // Who is only stopped may go on at any moment.
    first.kill('SIGSTOP');
    expect((await refusal(open())).code).toBe('RXB_LOG_LOCKED');
    first.kill();
    await first.ended;
    const log = await open();
    expect(await log.append('held', ['mine'])).toMatchObject({ firstSeq: 2 });
    expect((await refusal(open())).details).toMatchObject({ pid: process.pid });
    expect((await hold()).said[0]).toMatchObject({ code: 'RXB_LOG_LOCKED', details: { pid: process.pid } });
  });

  it('clears away what others have left who died on the way to the lock', async () => {
    writeFileSync(join(directory, 'writer-somebody.new'), '');
    await open();
    expect(readdirSync(directory).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('is one of many who come at once after a crash', async () => {
    for (let round = 1; round <= 5; round++) {
      const workers = await Promise.all(Array.from({ length: 6 }, hold));
      const ready = workers.filter(({ said }) => said[0]?.['ready'] === true);
      expect(ready).toHaveLength(1);
      expect(ready[0]?.said[0]?.['lastSeq']).toBe(round);
      for (const { said } of workers.filter((worker) => !ready.includes(worker))) {
        expect(said[0]).toMatchObject({ code: 'RXB_LOG_LOCKED' });
      }
      await endFileLogWorkers();
    }
  });

  it.each([
    ['takes over when the number of a dead owner has been given to another process', { started: '1' }, null],
    ['takes over when the machine was started anew', { boot: 'another' }, null],
    ['does not take over from who cannot be seen from here', { host: 'elsewhere', boot: 'another' }, 'RXB_LOG_LOCKED'],
    ['does not take over from who is in another container', { namespace: 'pid:[1]' }, 'RXB_LOG_LOCKED'],
  ])('%s', async (_, change, code) => {
    const owner = await hold();
    const lock = JSON.parse(readFileSync(lockFile(), 'utf8')) as object;
    // As it would look from a world in which the owner is another one.
    writeFileSync(lockFile(), JSON.stringify({ ...lock, ...change }));
    if (code === null) {
      const log = await open();
      expect(await log.append('held', ['mine'])).toMatchObject({ firstSeq: 2 });
    } else {
      const error = await refusal(open());
      expect(error).toMatchObject({ code, details: { file: lockFile(), pid: owner.pid } });
      expect(error.hint).toContain(`delete ${lockFile()}`);
    }
  });
});

describe('a file', () => {
  it.each([
    ['of zeros', () => Buffer.alloc(4_096), 'it holds zeros'],
    ['that is empty', () => Buffer.alloc(0), 'it is empty'],
    ['of something else', () => Buffer.from('hello\n'), 'this is no segment of a log'],
  ])('%s where a segment was is damage, and stays as it is', async (_, content, what) => {
    const log = await open();
    await log.append('s', ['one']);
    await log.close();
    writeFileSync(segment(1), content());
    for (const options of [{}, { readOnly: true }, { submit: true }]) {
      const error = await refusal(open(options));
      expect(error).toMatchObject({
        code: 'RXB_LOG_CORRUPT',
        details: { file: segment(1), offset: 0 },
        hint: expect.stringContaining('backup') as string,
      });
      expect(error.message).toContain(`${segment(1)} is damaged at byte 0: ${what}`);
    }
    expect(readFileSync(segment(1))).toEqual(content());
  });

  it.each([
    ['segment', 'segment-00000001.jsonl', '{"rxbaton":"log","version":2,"segment":1}\n'],
    ['checkpoint', 'checkpoint.json', '{"rxbaton":"checkpoint","version":2,"crc":"0"}\n'],
  ])('of another version, a %s, is named and left alone', async (_, name, content) => {
    const log = await open();
    await log.append('s', ['one']);
    await log.close();
    const file = join(directory, name);
    writeFileSync(file, content);
    for (const options of [{}, { readOnly: true }, { submit: true }]) {
      const error = await refusal(open(options));
      expect(error).toMatchObject({
        code: 'RXB_LOG_VERSION',
        details: { file, version: 2, supported: 1 },
        hint: expect.stringContaining('release') as string,
      });
      expect(error.message).toContain(file);
    }
    expect(readFileSync(file, 'utf8')).toBe(content);
  });

  it('of zeros where a checkpoint was costs time only, as long as every segment is there', async () => {
    const log = await open({ segmentBytes: 300 });
    for (let n = 1; n <= 20; n++) await log.append('s', [n]);
    await log.close();
    const file = join(directory, 'checkpoint.json');
    expect(readFileSync(file, 'utf8')).toContain('"checkpoint"');
    writeFileSync(file, Buffer.alloc(4_096));
    const again = await open({ segmentBytes: 300 });
    expect(await readAll(again)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    await again.close();
    writeFileSync(file, Buffer.alloc(4_096));
    rmSync(segment(1));
    expect(await refusal(open())).toMatchObject({ code: 'RXB_LOG_CORRUPT', details: { file } });
  });
});
