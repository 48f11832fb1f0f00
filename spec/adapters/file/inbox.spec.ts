import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { lastValueFrom, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileLog, type FileLogOptions } from '../../../adapters/file/index.ts';
import { LogConflictError } from '../../../lib/errors.ts';
import type { EventLog } from '../../../lib/log/EventLog.ts';
import { virtualTime } from '../../../lib/testing/virtualTime.ts';

let directory: string;
let logs: EventLog[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rxbaton-inbox-'));
  logs = [];
});
afterEach(async () => {
  for (const log of logs.reverse()) await log.close({ deadline: 0 });
  rmSync(directory, { recursive: true, force: true });
});

async function open(options: Partial<FileLogOptions> = {}): Promise<EventLog> {
  const log = await fileLog({ directory, ...options });
  logs.push(log);
  return log;
}
const submitter = () => open({ submit: true });
const inbox = () => join(directory, 'inbox');
const files = () => readdirSync(inbox());
const all = async (log: EventLog) => (await lastValueFrom(log.read('s').pipe(toArray()))).map(({ event }) => event);

/** Resolves when the inbox has, or no longer has, a file whose name ends so. */
function inboxHas(end: string, there = true): Promise<void> {
  mkdirSync(inbox(), { recursive: true });
  return new Promise((resolve) => {
    const look = (): void => {
      if (files().some((name) => name.endsWith(end)) !== there) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(inbox(), look);
    look();
  });
}

describe('what is submitted', () => {
  it('waits until somebody writes to the log, and is answered then', async () => {
    const asking = await submitter();
    const receipt = asking.append('s', ['early'], { expectedSeq: 0 });
    await inboxHas('.request.jsonl');
    expect(await asking.head('s')).toBeNull();
    await open();
    expect(await receipt).toMatchObject({ firstSeq: 1, lastSeq: 1, replayed: false, durability: 'sync' });
    expect(await all(asking)).toEqual(['early']);
  });

  it('leaves nothing behind when it was answered', async () => {
    await open();
    const asking = await submitter();
    await Promise.all([asking.append('s', [1]), asking.append('s', [2]), asking.renew([])]);
    await inboxHas('.request.jsonl', false);
    expect(files()).toEqual([]);
  });

  it('travels in the order in which it was asked, and together', async () => {
    const writer = await open();
    const asking = await submitter();
    await Promise.all(Array.from({ length: 200 }, (_, n) => asking.append('s', [n])));
    expect(await all(writer)).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });

  it('is refused with the error that the writer has, its hint and its details', async () => {
    const writer = await open();
    await writer.append('s', ['one']);
    const asking = await submitter();
    const error = await asking.append('s', ['two'], { expectedSeq: 0 }).catch((refused: unknown) => refused);
    const same = await writer.append('s', ['two'], { expectedSeq: 0 }).catch((refused: unknown) => refused);
    expect(error).toBeInstanceOf(LogConflictError);
    const { message, hint, details, code } = error as LogConflictError;
    expect({ message, hint, details, code }).toEqual({
      message: (same as LogConflictError).message,
      hint: (same as LogConflictError).hint,
      details: (same as LogConflictError).details,
      code: 'RXB_LOG_CONFLICT',
    });
  });

  it('happens once, however often it is delivered', async () => {
    const line = { ask: 'append', stream: 's', texts: ['"once"'], options: { commitId: 'c' } };
    const deliver = (): void => {
      mkdirSync(inbox(), { recursive: true });
      writeFileSync(join(inbox(), '000000000000001-000000001-x.request.jsonl'), `${JSON.stringify(line)}\n`);
    };
    const answer = join(inbox(), '000000000000001-000000001-x.answer.jsonl');
    const receipts: unknown[] = [];
    const clock = virtualTime({ epoch: 1 });
    for (let life = 0; life < 3; life++) {
      // As if the writer had died before the request was removed.
      deliver();
      const writer = await fileLog({ directory, clock });
      await inboxHas('.request.jsonl', false);
      receipts.push(JSON.parse(readFileSync(answer, 'utf8')));
      if (life === 2) expect(await all(writer)).toEqual(['once']);
      await writer.close();
    }
    const [first, ...later] = receipts as { done: object }[];
    expect(first).toMatchObject({ done: { firstSeq: 1, replayed: false } });
    for (const each of later) expect(each).toEqual({ done: { ...first?.done, replayed: true } });
  });

  it('happens once too where nobody has given it a commitId', async () => {
    const asking = await submitter();
    const receipt = asking.append('s', ['once']);
    await inboxHas('.request.jsonl');
    const [name = ''] = files();
    const request = readFileSync(join(inbox(), name));
    const writer = await open();
    expect(await receipt).toMatchObject({ firstSeq: 1, replayed: false });
    await inboxHas('.request.jsonl', false);
    writeFileSync(join(inbox(), name), request);
    await inboxHas('.request.jsonl', false);
    expect(await all(writer)).toEqual(['once']);
  });

  it('of several processes is taken up in the order of its names', async () => {
    mkdirSync(inbox());
    for (const time of [3, 1, 2]) {
      const line = { ask: 'append', stream: 's', texts: [`${time}`], options: {} };
      writeFileSync(join(inbox(), `00000000000000${time}-000000001-x.request.jsonl`), `${JSON.stringify(line)}\n`);
    }
    const writer = await open();
    await inboxHas('.request.jsonl', false);
    expect(await all(writer)).toEqual([1, 2, 3]);
  });

  it('can be called off until it is handed over', async () => {
    await open();
    const asking = await submitter();
    const controller = new AbortController();
    const called = asking.append('s', ['called off'], { signal: controller.signal });
    const other = asking.append('s', ['other']);
    controller.abort(new Error('changed my mind'));
    await expect(called).rejects.toMatchObject({ code: 'RXB_ABORTED', cause: { message: 'changed my mind' } });
    await other;
    expect(await all(asking)).toEqual(['other']);
  });

  it('cannot be called off any more when it was handed over', async () => {
    const asking = await submitter();
    const controller = new AbortController();
    const receipt = asking.append('s', ['gone'], { signal: controller.signal });
    await inboxHas('.request.jsonl');
    controller.abort();
    await open();
    expect(await receipt).toMatchObject({ firstSeq: 1 });
  });

  it('is not waited for when its log closes within a deadline, and may happen all the same', async () => {
    const asking = await fileLog({ directory, submit: true });
    const waiting = asking.append('s', ['late']);
    const refused = expect(waiting).rejects.toMatchObject({
      code: 'RXB_LOG_UNAVAILABLE',
      details: { outcome: 'unknown' },
    });
    await inboxHas('.request.jsonl');
    await asking.close({ deadline: 0 });
    await refused;
    const writer = await open();
    await inboxHas('.request.jsonl', false);
    expect(await all(writer)).toEqual(['late']);
  });

  it('is refused at whatever moment its log closes without waiting', async () => {
    for (let moments = 0; moments < 20; moments++) {
      const asking = await fileLog({ directory, submit: true });
      const refused = expect(asking.append('s', ['never'])).rejects.toMatchObject({ code: 'RXB_LOG_UNAVAILABLE' });
      for (let i = 0; i < moments; i++) await (i < 10 ? Promise.resolve() : turn());
      await asking.close({ deadline: 0 });
      await refused;
    }
  });

  it('is waited for when its log closes without a deadline', async () => {
    await open();
    const asking = await fileLog({ directory, submit: true });
    const receipt = asking.append('s', ['last']);
    await asking.close();
    expect(await receipt).toMatchObject({ firstSeq: 1 });
    await expect(asking.append('s', ['more'])).rejects.toMatchObject({ code: 'RXB_CLOSED' });
  });
});

describe('the inbox', () => {
  it.each([
    ['no JSON', 'what is this?\n'],
    ['no request', '{"ask":"everything"}\n'],
  ])('answers %s with a refusal, and goes on', async (_, content) => {
    const writer = await open();
    writeFileSync(join(inbox(), '000000000000001-000000001-x.request.jsonl'), content);
    const asking = await submitter();
    await asking.append('s', ['fine']);
    await inboxHas('.request.jsonl', false);
    const answer = readFileSync(join(inbox(), '000000000000001-000000001-x.answer.jsonl'), 'utf8');
    expect(JSON.parse(answer)).toMatchObject({ refused: { name: 'ConfigError' } });
    expect(await all(writer)).toEqual(['fine']);
  });

  it('keeps an answer for a day, and then nobody is thought to come for it', async () => {
    const clock = virtualTime({ epoch: 1e12 });
    const day = 24 * 60 * 60_000;
    mkdirSync(inbox());
    const name = (at: number): string => join(inbox(), `${String(at).padStart(15, '0')}-000000001-x.answer.jsonl`);
    const [old, young] = [name(1e12 - day - 1), name(1e12 - day + 1)];
    for (const file of [old, young]) writeFileSync(file, '{}\n');
    await open({ clock });
    expect([existsSync(old), existsSync(young)]).toEqual([false, true]);
  });

  it('takes nothing more when its log closes: the next writer finds it', async () => {
    const writer = await fileLog({ directory });
    await writer.close();
    const asking = await submitter();
    const receipt = asking.append('s', ['next']);
    await inboxHas('.request.jsonl');
    await open();
    expect(await receipt).toMatchObject({ firstSeq: 1 });
  });

  it('does not keep a process alive', async () => {
    const { executeNode, root } = await import('../../support/execute.ts');
    const program = `import { fileLog } from './adapters/file/index.ts';
      const log = await fileLog({ directory: ${JSON.stringify(directory)} });
      await log.append('s', ['one']);
      console.log('at the end');`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
    expect((await executeNode(args, { cwd: root })).stdout).toBe('at the end\n');
  }, 60_000);
});
