import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCoordinator } from 'rxbaton';
import { recordTo } from '../../adapters/file/recordTo.ts';
import { startLocalModel } from '../../examples/research-desk/localModel.ts';
import { sectionsIn } from '../../examples/research-desk/report.ts';
import type { Outcome } from '../../examples/research-desk/table.ts';
import { root } from '../support/execute.ts';
import { runExample, type Result } from '../support/runExample.ts';

const desk = (args: readonly string[], variables?: Record<string, string>): Promise<Result> =>
  runExample('research-desk/main.ts', args, variables);

interface Told {
  readonly documents: number;
  readonly runs: Record<string, Outcome>;
  readonly waits: Record<string, { grants: number }>;
}

const LONG = { timeout: 90_000 };

let out: string;

beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'desk-spec-'));
});

afterAll(() => {
  rmSync(out, { recursive: true, force: true });
});

describe.concurrent('the research desk', () => {
  it('refuses and loses without rxbaton, and neither with it', LONG, async () => {
    const folder = join(out, 'both');
    const { code, stdout, stderr } = await desk(['--documents', '14', '--out', folder, '--json']);
    expect(code, stderr).toBe(0);
    const { documents, runs, waits } = JSON.parse(stdout) as Told;
    expect(documents).toBe(14);
    expect(runs['without rxbaton']?.refused).toBeGreaterThan(0);
    expect(runs['without rxbaton']?.lost).toBeGreaterThan(0);
    // 14 documents and three comparisons; each document is asked about twice.
    expect(runs['with rxbaton']).toMatchObject({ refused: 0, lost: 0, failed: [], written: 17, answered: 31 });
    expect(await sectionsIn(join(folder, 'with.md'))).toHaveLength(17);
    expect(waits).toMatchObject({
      'model-rate': { grants: 31 },
      'model-slots': { grants: 31 },
      report: { grants: 17 },
    });
  });

  it('prints the table, the timeline and the report', LONG, async () => {
    const { code, stdout, stderr } = await desk(['--documents', '12', '--out', join(out, 'told')]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^ +without rxbaton +with rxbaton$/m);
    expect(stdout).toMatch(/^429s from the model +[1-9]\d* +0$/m);
    expect(stdout).toMatch(/^updates lost +[1-9]\d* +0$/m);
    expect(stdout).toMatch(/^documents given up +\d+ +0$/m);
    expect(stdout).toMatch(/^sections in the report +\d+ +14$/m);
    expect(stdout).toMatch(/^wall time +\d+\.\d s +\d+\.\d s$/m);
    expect(stdout).toMatch(/^report +passed 14 times, after \d/m);
    expect(stdout).toContain('# What 12 documents say');
    expect(stdout).toContain(join(out, 'told', 'with.md'));
    // Into a pipe: lines, no colours, and nothing that redraws.
    expect(stderr).toContain('with rxbaton: 7 of 14');
    expect(stdout + stderr).not.toContain('\x1b');
  });

  it(
    'records its run, and plays it back: same table, same timeline, same report; no model, no documents',
    LONG,
    async () => {
      const folder = join(out, 'recorded');
      const live = await desk(['--documents', '8', '--out', folder]);
      const file = join(folder, 'recording.jsonl');
      expect(live.stderr).toContain(`recorded in ${file}; npm start -- --replay ${file} plays it back`);
      // Neither a model nor a report is there any more.
      for (const name of ['with.md', 'without.md']) rmSync(join(folder, name));
      const nowhere = { OPENAI_BASE_URL: 'http://127.0.0.1:1' };
      const back = await desk(['--replay', file], nowhere);
      expect(back).toEqual({ code: 0, stdout: live.stdout, stderr: '' });

      const json = await desk(['--json', '--replay', file], nowhere);
      const { documents, runs, waits } = JSON.parse(json.stdout) as Told;
      expect(documents).toBe(8);
      expect(runs['with rxbaton']).toMatchObject({ refused: 0, lost: 0, written: 10 });
      expect(waits['report']?.grants).toBe(10);
    },
  );

  it('replaces the recording of an earlier run in the same folder', LONG, async () => {
    const args = ['--documents', '1', '--json', '--out', join(out, 'again')];
    expect([(await desk(args)).code, (await desk(args)).code]).toEqual([0, 0]);
  });

  it('colours where it is told to, unless NO_COLOR is set', LONG, async () => {
    const run = (variable: string) => desk(['--documents', '1', '--out', join(out, variable)], { [variable]: '1' });
    const [coloured, plain] = await Promise.all([run('FORCE_COLOR'), run('NO_COLOR')]);
    expect(coloured.stdout).toContain('\x1b[32m');
    expect(plain.stdout).not.toContain('\x1b');
  });

  it('reads the documents of any folder', LONG, async () => {
    const folder = mkdtempSync(join(out, 'folder-'));
    writeFileSync(join(folder, 'tides.md'), 'The moon pulls the water of the sea. '.repeat(60));
    writeFileSync(join(folder, 'short.md'), 'Too short.');
    const { code, stdout } = await desk([folder, '--out', join(out, 'any')]);
    expect(code).toBe(0);
    expect(stdout).toContain('### tides.md');
    expect(stdout).not.toContain('short.md');
  });

  it('does not mind a reader who stops reading', LONG, async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'examples/research-desk/main.ts', '--help'], {
      cwd: root,
    });
    child.stdout.destroy();
    await once(child, 'close');
    expect(child.exitCode).toBe(0);
  });

  it('explains itself', LONG, async () => {
    const { code, stdout } = await desk(['--help']);
    expect(code).toBe(0);
    for (const option of [
      '--documents',
      '--rate',
      '--concurrency',
      '--out',
      '--compare',
      '--json',
      '--replay',
      'OPENAI_BASE_URL',
    ]) {
      expect(stdout).toContain(option);
    }
  });
});

describe.concurrent('with an endpoint of your own', () => {
  it('runs once, so that nothing is paid for twice, and both ways when asked', LONG, async () => {
    const server = await startLocalModel({ rate: 50, concurrency: 50 });
    try {
      const args = ['--documents', '2', '--json', '--rate', '50', '--concurrency', '50', '--out', join(out, 'own')];
      const variables = { OPENAI_BASE_URL: `${server.url}/`, OPENAI_API_KEY: 'key', OPENAI_MODEL: 'model' };
      const once = await desk(args, variables);
      expect(once.stderr).toContain('--compare');
      expect(Object.keys((JSON.parse(once.stdout) as Told).runs)).toEqual(['with rxbaton']);
      const twice = await desk([...args, '--compare'], variables);
      expect(Object.keys((JSON.parse(twice.stdout) as Told).runs)).toEqual(['without rxbaton', 'with rxbaton']);
    } finally {
      await server.close();
    }
  });

  it('pauses everybody for as long as a server says that allows less than we were told', LONG, async () => {
    const server = await startLocalModel({ rate: 6, concurrency: 50 });
    try {
      const { code, stdout, stderr } = await desk(
        ['--documents', '8', '--json', '--rate', '40', '--concurrency', '8', '--out', join(out, 'less')],
        { OPENAI_BASE_URL: server.url },
      );
      expect(code, stderr).toBe(0);
      const outcome = (JSON.parse(stdout) as Told).runs['with rxbaton'];
      expect(outcome).toMatchObject({ lost: 0, failed: [], written: 10 });
      expect(outcome?.refused).toBeGreaterThan(0);
    } finally {
      await server.close();
    }
  });
});

it('says what it gave up, and fails', LONG, async () => {
  const server = createServer((request, response) => {
    response.writeHead(request.method === 'GET' ? 200 : 500).end('{"error":{"message":"out of order"}}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const args = ['--documents', '3', '--out', join(out, 'broken')];
    const { code, stdout } = await desk(args, { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^documents given up +3$/m);
    expect(stdout).toContain('given up: after document_found: the model answered 500: out of order');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

describe.concurrent('what cannot work gets one clear line', () => {
  /** A port of which somebody said that nobody is there. */
  async function closedPort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }

  /** A recording of something else, and what became of one. */
  async function recorded(change: (text: string) => string = (text) => text): Promise<string> {
    const file = join(mkdtempSync(join(out, 'recording-')), 'other.jsonl');
    const coordinator = createCoordinator();
    const recording = await recordTo(coordinator, file);
    coordinator.emit('desk_opened', { documents: 3 });
    await coordinator.close();
    await recording.stop();
    writeFileSync(file, change(readFileSync(file, 'utf8')));
    return file;
  }

  const cases: [string, () => Promise<[args: string[], variables?: Record<string, string>]>, RegExp][] = [
    ['a folder that is not there', async () => [['no/such/folder']], /cannot read the folder no\/such\/folder: ENOENT/],
    ['a file for a folder', async () => [['package.json']], /package\.json is no folder/],
    ['a folder without documents', async () => [[mkdtempSync(join(out, 'empty-'))]], /no documents in .*empty-/],
    ['two folders', async () => [['lib', 'spec']], /one folder, not 2: lib spec/],
    ['an unknown option', async () => [['--speed', '9']], /Unknown option '--speed'/],
    [
      'a number that is none',
      async () => [['--rate', 'fast']],
      /--rate needs a whole number from 1 to 99999, not "fast"/,
    ],
    ['zero documents', async () => [['--documents', '0']], /--documents needs a whole number/],
    ['an option without its value', async () => [['--out']], /'--out <value>' argument missing/],
    [
      'a report folder that is a file',
      async () => [['--out', 'package.json']],
      /cannot write to package\.json: EEXIST/,
    ],
    [
      'an address that is none',
      async () => [[], { OPENAI_BASE_URL: 'localhost:1234' }],
      /OPENAI_BASE_URL is not an address: localhost:1234/,
    ],
    [
      'a port that cannot be',
      async () => [[], { OPENAI_BASE_URL: 'http://127.0.0.1:99999' }],
      /OPENAI_BASE_URL is not an address: http:\/\/127\.0\.0\.1:99999/,
    ],
    [
      'a recording that is not there',
      async () => [['--replay', 'no/such/recording.jsonl']],
      /cannot replay no\/such\/recording\.jsonl: .*ENOENT/,
    ],
    ['a folder for a recording', async () => [['--replay', 'lib']], /cannot replay lib: /],
    [
      'a file that is no recording',
      async () => [['--replay', 'package.json']],
      /cannot replay package\.json: .*damaged at byte 0/,
    ],
    [
      'a recording that was changed',
      async () => [['--replay', await recorded((text) => text.replace('3', '4') + text.slice(text.indexOf('{"crc')))]],
      /cannot replay .*damaged at byte 42/,
    ],
    [
      'a recording of another version',
      async () => [['--replay', await recorded((text) => text.replace('"version":1', '"version":9'))]],
      /cannot replay .*version 9/,
    ],
    [
      'a recording of something else',
      async () => [['--replay', await recorded()]],
      /other\.jsonl holds no finished run of the research desk/,
    ],
    [
      'more than a recording to replay',
      async () => [['lib', '--rate', '5', '--replay', 'run.jsonl']],
      /--replay needs nothing else, and would not read lib --rate/,
    ],
    [
      'an endpoint where nobody answers',
      async () => [[], { OPENAI_BASE_URL: `http://127.0.0.1:${await closedPort()}/v1` }],
      /cannot reach the model at http:\/\/127\.0\.0\.1:\d+\/v1: ECONNREFUSED/,
    ],
  ];

  it.each(cases)('%s', LONG, async (_, input, line) => {
    const { code, stdout, stderr } = await desk(...(await input()));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(line);
    expect(stderr).toMatch(/^research desk: .*\n$/);
  });
});
