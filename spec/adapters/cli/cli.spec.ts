import { once } from 'node:events';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { firstValueFrom, timer } from 'rxjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCoordinator, mutex, persist, rateLimiter, run, within, type Coordinator } from 'rxbaton';
import { fileLog, recordTo } from 'rxbaton/adapters/file';
import { virtualTime } from 'rxbaton/testing';
import { program, type Finished, type Program } from '../../support/program.ts';

// Each test starts processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let rxbaton: Program;
beforeAll(async () => {
  rxbaton = await program({ file: 'adapters/cli/main.ts' });
});
afterAll(() => {
  rxbaton.remove();
});
beforeEach(() => {
  rmSync(rxbaton.folder, { recursive: true, force: true });
  mkdirSync(rxbaton.folder);
});

const call = (line: string, variables?: Record<string, string>): Promise<Finished> =>
  rxbaton.run(line.split(' ').filter(Boolean), variables);

/** The lines of data of a call that went well and had nothing else to say. */
async function printed(line: string, variables?: Record<string, string>): Promise<string[]> {
  const { code, stdout, stderr } = await call(line, variables);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.split('\n').slice(0, -1);
}

/** Writes a log, as an application would, from a clock that begins at noon. */
async function record(
  body: (coordinator: Coordinator, clock: ReturnType<typeof virtualTime>) => Promise<void>,
  folder = '.rxbaton',
) {
  const clock = virtualTime({ epoch: Date.UTC(2026, 10, 20, 12) });
  const coordinator = createCoordinator({ clock, random: () => 0.5 });
  const log = await fileLog({ directory: join(rxbaton.folder, folder), fsync: 'never' });
  persist(coordinator, log, { names: ['*', 'rxbaton.gate.*'] });
  await body(coordinator, clock);
  await coordinator.settled();
  await coordinator.close();
  await log.close();
}

const orders =
  (n: number) =>
  (folder?: string): Promise<void> =>
    record(async ({ emit }, clock) => {
      for (let i = 1; i <= n; i++) {
        emit(i % 3 === 0 ? 'order_failed' : 'order_placed', { id: i });
        await clock.advance('1s');
      }
    }, folder);

describe('rxbaton', () => {
  it('says what it can do, on stdout when asked and on stderr when not', async () => {
    const asked = await call('--help');
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    for (const command of ['tail', 'replay', 'stats', 'verify', 'config', 'explain'])
      expect(asked.stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    const unasked = await call('');
    expect(unasked).toMatchObject({ code: 2, stdout: '' });
    expect(unasked.stderr).toContain('Usage: rxbaton');
  });

  it('says its version', async () => {
    expect(await printed('--version')).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+/)]);
  });

  it.each(['tail', 'replay', 'stats', 'verify', 'config', 'explain'])('%s --help has an example', async (command) => {
    const { code, stdout, stderr } = await call(`${command} --help`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: rxbaton ${command} `));
    expect(stdout).toMatch(/\nExample:\n {2}\$ .*rxbaton /);
    expect(stdout).toContain('--json');
    expect(stdout).not.toContain('null');
  });

  it.each([
    ['tial', "unknown command 'tial'\n(Did you mean tail?)"],
    ['tail --folow', "unknown option '--folow'\n(Did you mean --follow?)"],
    ['tail --since soon', "option '--since <duration>' argument 'soon' is invalid. It must be a positive duration"],
    ['tail -n many', "argument 'many' is invalid. It must be a number from 0 up."],
    ['tail a b', 'too many arguments'],
    ['replay', "missing required argument 'log'"],
    ['replay x --speed 0', "It must be '10x', '0.5x' or 'max'."],
    ['replay x --from noon', "It must be the seq of an event, or a time such as '2026-11-20T14:03:00Z'."],
    ['replay x --check all', 'Allowed choices are invariants.'],
    ['replay x --check invariants --rate api', "It must be like 'openai=10/1s'."],
    ['replay x --check invariants --permits api=0', "It must be like 'gpu=3'."],
  ])('refuses `%s`', async (line, message) => {
    const { code, stdout, stderr } = await call(line);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('is quiet when its reader has seen enough', async () => {
    await orders(2_000)();
    const child = rxbaton.start(['tail', '-n', '2000', '--json']);
    const [first] = (await once(createInterface(child.stdout!), 'line')) as [string];
    child.stdout!.destroy();
    let stderr = '';
    child.stderr!.on('data', (text) => (stderr += String(text)));
    await once(child, 'close');
    expect(JSON.parse(first)).toMatchObject({ name: 'order_placed', data: { id: 1 } });
    expect({ code: child.exitCode, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('rxbaton tail', () => {
  it('prints the last 10 events of the usual folder', async () => {
    await orders(25)();
    const lines = await printed('tail');
    expect(lines).toHaveLength(10);
    expect(lines[0]).toBe('2026-11-20T12:00:15.000Z  order_placed  {"id":16}');
    expect(lines[9]).toBe('2026-11-20T12:00:24.000Z  order_placed  {"id":25}');
  });

  it('prints as many as asked for, of the folder that is named, or that the environment names', async () => {
    await orders(5)('events');
    expect(await printed('tail events -n 2')).toHaveLength(2);
    expect(await printed('tail -n 0', { RXBATON_DIRECTORY: 'events' })).toEqual([]);
    expect(await printed('tail', { RXBATON_DIRECTORY: 'events' })).toHaveLength(5);
  });

  it('prints events of some names, by name and by pattern', async () => {
    await orders(40)();
    expect(await printed('tail --name order_failed -n 3 --json')).toHaveLength(3);
    const ids = (await printed('tail --name *_failed --name nothing -n 3 --json')).map(
      (line) => (JSON.parse(line) as { data: { id: number } }).data.id,
    );
    expect(ids).toEqual([33, 36, 39]);
  });

  it('prints JSON as it is in the log', async () => {
    await record(async ({ emit }) => void emit('a', { at: new Date(0), n: 1n }));
    const [line] = await printed('tail --json');
    expect(JSON.parse(line!)).toMatchObject({ name: 'a', seq: 1, data: { at: { $date: expect.anything() } } });
  });

  it('prints all that is new enough with --since', async () => {
    const log = await fileLog({ directory: join(rxbaton.folder, '.rxbaton') });
    const ago = (minutes: number): object => ({ name: `m${minutes}`, timestamp: Date.now() - minutes * 60_000 });
    await log.append('events', [120, 90, 60, 45, 5, 4, 3].map(ago));
    await log.close();
    const names = async (since: string): Promise<string[]> =>
      (await printed(`tail --json --since ${since}`)).map((line) => (JSON.parse(line) as { name: string }).name);
    expect(await names('10m')).toEqual(['m5', 'm4', 'm3']);
    expect(await names('1d')).toHaveLength(7);
    expect(await names('1s')).toEqual([]);
  });

  it('keeps names from steering the terminal, and has no colours in a pipe unless they are forced', async () => {
    await record(async ({ emit }) => void emit('a\u001b[31m\nb', {}));
    expect((await printed('tail'))[0]).toContain('a\\u001b[31m\\nb');
    expect((await printed('tail', { FORCE_COLOR: '1' }))[0]).toContain('\u001b[36ma');
  });

  it('says in one line what is not there', async () => {
    expect(await call('tail nowhere')).toEqual({
      code: 4,
      stdout: '',
      stderr: "error: There is no log at 'nowhere'.\n",
    });
    await orders(1)();
    const { code, stderr } = await call('tail --stream other');
    expect({ code, stderr }).toEqual({
      code: 4,
      stderr: "error: There is no stream 'other' in it; there are: events.\n",
    });
  });

  it('says in one line what it cannot read, and where the damage is', async () => {
    mkdirSync(join(rxbaton.folder, 'empty'));
    expect(await call('tail empty')).toMatchObject({ code: 4, stdout: '' });
    writeFileSync(join(rxbaton.folder, 'zeros'), Buffer.alloc(1_000));
    const { code, stderr } = await call('tail zeros');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error: RXB_LOG_CORRUPT: .+zeros is damaged at byte 0: it holds zeros\..+\n$/);
    writeFileSync(join(rxbaton.folder, 'line'), 'not\u001b[31m a log\n');
    expect((await call('replay line')).code).toBe(3);
  });

  it('says in one line that the environment makes no sense', async () => {
    const { code, stderr } = await call('tail', { RXBATON_DIR: 'x' });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: RXB_CONFIG: The environment sets RXBATON_DIR.+\(rxbaton explain RXB_CONFIG\)\n$/);
  });

  it('follows what another process writes, until it is interrupted', async () => {
    const log = await fileLog({ directory: join(rxbaton.folder, '.rxbaton') });
    await log.append('events', [{ name: 'before' }]);
    const child = rxbaton.start(['tail', '--follow', '--json']);
    const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('{"name":"before"}');
    for (let i = 0; i < 50; i++) {
      await log.append('events', [{ name: 'live', i }]);
      expect((await lines.next()).value).toBe(`{"name":"live","i":${i}}`);
    }
    child.kill('SIGINT');
    await once(child, 'close');
    expect(child.exitCode).toBe(130);
    await log.close();
  });
});

describe('rxbaton replay', () => {
  it('prints a timeline', async () => {
    await record(async ({ emit }, clock) => {
      emit('begun', { n: 1 });
      await clock.advance(3_723_004);
      emit('done');
    });
    const { code, stdout, stderr } = await call('replay .rxbaton');
    expect(code).toBe(0);
    expect(stdout).toBe('+00:00:00.000  begun  {"n":1}\n+01:02:03.004  done\n');
    expect(stderr).toBe('2 events · 0 calls · 01:02:03.004 of recorded time\n');
  });

  it('reads a file that was recorded', async () => {
    const coordinator = createCoordinator();
    const recording = await recordTo(coordinator, join(rxbaton.folder, 'friday.jsonl'));
    coordinator.emit('a', { n: 1 });
    await recording.stop();
    expect((await call('replay friday.jsonl')).stdout).toBe('+00:00:00.000  a  {"n":1}\n');
    expect(await printed('tail friday.jsonl --json')).toHaveLength(1);
    expect((await printed('stats friday.jsonl'))[1]).toMatch(/^events +1 /);
  });

  it('prints a part of it, by seq, by time and by name, in JSON too', async () => {
    await orders(9)();
    const ids = async (options: string): Promise<number[]> =>
      (await printed(`replay .rxbaton --json ${options}`)).map((text) => (JSON.parse(text) as { seq: number }).seq);
    expect(await ids('--from 3 --to 5')).toEqual([3, 4, 5]);
    expect(await ids('--from 2026-11-20T12:00:06.500Z')).toEqual([8, 9]);
    expect(await ids('--to 2026-11-20T12:00:01Z')).toEqual([1, 2]);
    expect(await ids('--name order_failed')).toEqual([3, 6, 9]);
    expect(await ids('--name order_f* --from 4')).toEqual([6, 9]);
  });

  it('takes its time when it is told to', async () => {
    await orders(3)();
    const before = performance.now();
    await call('replay .rxbaton --speed 4x');
    expect(performance.now() - before).toBeGreaterThan(500);
  });

  it('judges what happened at the gates, and finds nothing wrong with what we did', async () => {
    await record(async (coordinator, clock) => {
      const api = rateLimiter('api', { limit: 2, per: '1s' });
      await within(coordinator, async () => {
        const all = Promise.all(
          [1, 2, 3].map((n) => run(mutex('db'), { label: `w${n}` }, () => run(api, async () => n))),
        );
        await clock.advance('5s');
        await all;
      });
    });
    const { code, stdout } = await call('replay .rxbaton --check invariants --rate api=2/1s');
    expect(stdout).toMatch(/^\d+ events · 0 calls · 00:00:0\d\.\d{3} of recorded time\n/);
    expect(stdout).toContain('  ok    never two holders of one mutex\n  ok    first come, first served\n');
    expect(stdout).toContain('  ok    never more than 2 in 1000 ms at api\n');
    expect(code).toBe(0);
    const strict = await call('replay .rxbaton --check invariants --rate api=1/1s --json');
    expect(strict.code).toBe(3);
    expect(JSON.parse(strict.stdout)).toMatchObject({
      checks: [
        { ok: true },
        { ok: true },
        { ok: false, proof: expect.stringContaining("'api' let in 2 within 1000 ms") },
      ],
    });
  });

  it('finds two holders of one mutex', async () => {
    const log = await fileLog({ directory: join(rxbaton.folder, 'log') });
    const granted = (who: string, fence: number): object => ({
      name: 'rxbaton.gate.granted',
      seq: fence,
      timestamp: fence,
      data: { action: 'granted', gate: 'db', kind: 'mutex', at: fence, who, cost: 1, fence },
    });
    await log.append('events', [granted('a', 1), granted('b', 2)]);
    await log.close();
    const { code, stdout } = await call('replay log --check invariants');
    expect(code).toBe(3);
    expect(stdout).toMatch(
      / {2}FAIL {2}never two holders of one mutex\n {8}'db' was held 2 times at once, and has 1:\n/,
    );
    expect((await call('replay log --check invariants --permits db=2')).stdout).toContain(
      'ok    never more than 2 in db',
    );
  });

  it('does not call right what it could not judge', async () => {
    await orders(1)();
    const { code, stdout, stderr } = await call('replay .rxbaton --check invariants');
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toContain('no gate activity was recorded');
    expect(await call('replay .rxbaton --rate api=1/1s')).toMatchObject({ code: 2 });
  });
});

describe('rxbaton stats', () => {
  it('counts streams and names, and says how long calls took', async () => {
    await record(async (coordinator, clock) => {
      const call = coordinator.coordinate('work', async (ms: number) => {
        await firstValueFrom(timer(ms, clock));
      });
      const done = [call(100), call(300)];
      await clock.advance('1s');
      await Promise.all(done);
    });
    const text = await printed('stats');
    expect(text[0]).toMatch(/^STREAM +EVENTS +FIRST +LAST$/);
    expect(text[1]).toMatch(/^events +4 +1 +4$/);
    expect(text.find((line) => line.startsWith('work_complete'))).toMatch(
      /^work_complete +2 +2026-11-20T12:00:00\.300Z +200 +300$/,
    );
    const [json] = await printed('stats --json');
    expect(JSON.parse(json!)).toEqual({
      streams: [{ stream: 'events', events: 4, firstSeq: 1, lastSeq: 4, closed: false }],
      names: [
        expect.objectContaining({ name: 'work_complete', count: 2, mean: 200, longest: 300 }),
        { name: 'work_started', count: 2, first: '2026-11-20T12:00:00.000Z', last: '2026-11-20T12:00:00.000Z' },
      ],
    });
  });
});

describe('rxbaton verify', () => {
  const segment = (): string => {
    const folder = join(rxbaton.folder, '.rxbaton');
    const files = readdirSync(folder, { withFileTypes: true }).filter((each) => each.isFile());
    return files
      .map(({ name }) => join(folder, name))
      .find((file) => readFileSync(file, 'utf8').startsWith('{"rxbaton":"log"'))!;
  };

  it('finds nothing in a log that is whole', async () => {
    await orders(5)();
    expect(await printed('verify')).toEqual([
      expect.stringMatching(/^1 segment, \d+ bytes, \d+ commits?, 5 events: whole$/),
    ]);
    const [json] = await printed('verify --json');
    expect(JSON.parse(json!)).toMatchObject({ segments: 1, events: 5, damages: [], torn: null });
  });

  it('names the file and the offset of each damage, with exit code 3', async () => {
    const log = await fileLog({ directory: join(rxbaton.folder, '.rxbaton') });
    for (let id = 1; id <= 20; id++) await log.append('events', [{ name: 'order_placed', data: { id } }]);
    await log.close();
    const file = segment();
    const bytes = readFileSync(file);
    const at = [bytes.indexOf('"id":3}'), bytes.indexOf('"id":9}')];
    for (const offset of at) bytes[offset + 5] = 0x37;
    writeFileSync(file, bytes);
    const { code, stdout } = await call('verify');
    expect(code).toBe(3);
    const lines = stdout.split('\n').filter((line) => line.startsWith(`${file}:`));
    expect(lines).toHaveLength(2);
    lines.forEach((line, i) => {
      const offset = Number(/:(\d+): /.exec(line)![1]);
      expect(offset).toBeLessThan(at[i]!);
      expect(bytes.subarray(offset, at[i]).toString()).toMatch(/^\{"crc":/);
    });
    expect(stdout).toMatch(/: 2 damaged\n$/);
    const json = await call('verify --json');
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({ damages: [{ file }, { file }] });
  });

  it('does not call a commit damaged that was never finished', async () => {
    await orders(5)();
    const file = segment();
    const { size } = statSync(file);
    appendFileSync(file, '{"crc":"00000000","bytes":400,');
    const { code, stdout, stderr } = await call('verify');
    expect(code).toBe(0);
    expect(stdout).toMatch(/: whole\n$/);
    expect(stderr).toBe(`${file}:${size}: 30 bytes of an unfinished commit, which do not count\n`);
  });

  it('says what is not there', async () => {
    expect(await call('verify nowhere')).toEqual({
      code: 4,
      stdout: '',
      stderr: "error: There is no log at 'nowhere'.\n",
    });
    mkdirSync(join(rxbaton.folder, 'empty'));
    expect((await call('verify empty')).code).toBe(4);
  });
});

describe('rxbaton config', () => {
  it('shows each setting and where it comes from, and no secret', async () => {
    const variables = {
      RXBATON_BACKEND: 'file',
      RXBATON_REDIS_URL: 'redis://u:geheim@h',
      RXBATON_REDIS_PASSWORD: 'geheim',
    };
    const text = (await printed('config', variables)).join('\n');
    expect(text).toMatch(/^SETTING +VALUE +FROM$/m);
    expect(text).toMatch(/^backend +file +environment RXBATON_BACKEND$/m);
    expect(text).toMatch(/^directory +\.rxbaton +default$/m);
    expect(text).toMatch(/^redisUrl +redis:\/\/u:\*\*\*@h +environment RXBATON_REDIS_URL$/m);
    expect(text).not.toContain('geheim');
    const [json] = await printed('config --json', variables);
    expect(JSON.parse(json!)).toMatchObject({ backend: { value: 'file', from: 'environment', by: 'RXBATON_BACKEND' } });
    expect(json).not.toContain('geheim');
  });
});

describe('rxbaton explain', () => {
  it.each(['RXB_DEADLOCK', 'DeadlockError', 'deadlock'])('knows %s', async (code) => {
    const text = (await printed(`explain ${code}`)).join('\n');
    expect(text).toMatch(/^RXB_DEADLOCK \(DeadlockError\)\n\nWhat happened\. [^]+\n\nWhat to do\. /);
  });

  it('answers in JSON, and suggests', async () => {
    const [json] = await printed('explain busy --json');
    expect(JSON.parse(json!)).toMatchObject({ code: 'RXB_BUSY', error: 'BusyError' });
    const { code, stderr } = await call('explain RXB_DEADLCK');
    expect(code).toBe(2);
    expect(stderr).toContain("There is no error code 'RXB_DEADLCK'. Did you mean RXB_DEADLOCK?");
  });

  it('knows the last one of the page too', async () => {
    const all = await call('explain nothing_like_any_of_them');
    const names = /There are: (.+)\. \(/.exec(all.stderr)![1]!.split(', ');
    expect(names.length).toBeGreaterThan(20);
    expect((await printed(`explain ${names.at(-1)!}`)).length).toBeGreaterThan(2);
  });
});
