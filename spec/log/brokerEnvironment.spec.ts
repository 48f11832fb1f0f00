import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { program, type Finished, type Program } from '../support/program.ts';

// Each test starts processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let app: Program;

/** Runs the code given as an argument, with the library at hand. */
beforeAll(async () => {
  app = await program({
    code: `
      import * as rxbaton from 'rxbaton';
      import { fileLog } from 'rxbaton/adapters/file';
      import { lastValueFrom, map, toArray } from 'rxjs';
      const read = async (log) => lastValueFrom(log.read('events').pipe(map(({ event }) => event.name), toArray()));
      const AsyncFunction = (async () => {}).constructor;
      await new AsyncFunction('rxbaton', 'fileLog', 'read', process.argv[2])(rxbaton, fileLog, read);
    `,
  });
});
afterAll(() => app.remove());
beforeEach(() => {
  rmSync(app.folder, { recursive: true, force: true });
  mkdirSync(app.folder);
});

const run = (variables: Record<string, string>, code: string): Promise<Finished> => app.run([code], variables);

/** What it printed as JSON, when nothing went wrong. */
async function result(variables: Record<string, string>, code: string): Promise<unknown> {
  const { code: exit, stdout, stderr } = await run(variables, code);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  return JSON.parse(stdout);
}

const emits = `rxbaton.emit('before'); await rxbaton.settled();`;
const backend = `console.log(JSON.stringify(rxbaton.describeConfig().backend))`;

describe('what code says, what the environment says, and what nobody says', () => {
  it('nothing is kept when nobody says anything', async () => {
    expect(await result({}, `${emits} ${backend}`)).toEqual({ value: 'none', from: 'default' });
    expect(readdirSync(app.folder)).toEqual([]);
  });

  it('the environment chooses the log and its folder, and the first event is in it', async () => {
    const variables = { RXBATON_BACKEND: 'file', RXBATON_DIRECTORY: 'deep/events' };
    expect(await result(variables, `${emits} ${backend}`)).toEqual({
      value: 'file',
      from: 'environment',
      by: 'RXBATON_BACKEND',
    });
    const kept = `console.log(JSON.stringify(await read(await fileLog({ directory: 'deep/events' }))))`;
    expect(await result({}, kept)).toEqual(['before']);
  });

  it('a folder alone chooses no log', async () => {
    expect(await result({ RXBATON_DIRECTORY: 'events' }, `${emits} ${backend}`)).toMatchObject({ value: 'none' });
    expect(readdirSync(app.folder)).toEqual([]);
  });

  it('the folder is .rxbaton when nobody says', async () => {
    await result({ RXBATON_BACKEND: 'file' }, `${emits} ${backend}`);
    expect(readdirSync(app.folder)).toEqual(['.rxbaton']);
  });

  it('the switch turns off what the other variables ask for, and leaves no trace', async () => {
    const variables = { RXBATON_BACKEND: 'file', RXBATON_DISABLE_PERSISTENCE: 'yes' };
    expect(await result(variables, `${emits} ${backend}`)).toEqual({
      value: 'none',
      from: 'environment',
      by: 'RXBATON_DISABLE_PERSISTENCE',
    });
    expect(readdirSync(app.folder)).toEqual([]);
  });

  it('the switch that is off turns nothing off', async () => {
    const variables = { RXBATON_BACKEND: 'memory', RXBATON_DISABLE_PERSISTENCE: '0' };
    expect(await result(variables, `${emits} ${backend}`)).toMatchObject({ value: 'memory' });
  });

  it('code holds against every variable, the switch included', async () => {
    const variables = { RXBATON_BACKEND: 'redis', RXBATON_DISABLE_PERSISTENCE: 'true', RXBATON_DIRECTORY: 'theirs' };
    const code = `await rxbaton.configureBroker('file', { directory: 'mine' }); ${emits}
      const { backend, directory, disablePersistence } = rxbaton.describeConfig();
      console.log(JSON.stringify({ backend, directory, disablePersistence }));`;
    expect(await result(variables, code)).toEqual({
      backend: { value: 'file', from: 'explicit', by: 'configureBroker()' },
      directory: { value: 'mine', from: 'explicit', by: 'configureBroker()' },
      disablePersistence: { value: true, from: 'environment', by: 'RXBATON_DISABLE_PERSISTENCE' },
    });
    expect(readdirSync(app.folder)).toEqual(['mine']);
  });

  it("code that says 'none' holds against a log of the environment", async () => {
    const code = `await rxbaton.configureBroker('none'); ${emits} ${backend}`;
    expect(await result({ RXBATON_BACKEND: 'file' }, code)).toMatchObject({ value: 'none', from: 'explicit' });
    expect(readdirSync(app.folder)).toEqual([]);
  });

  it('what code does not say is taken from the environment', async () => {
    const code = `await rxbaton.configureBroker('file'); ${emits}
      console.log(JSON.stringify(rxbaton.describeConfig().directory))`;
    expect(await result({ RXBATON_DIRECTORY: 'theirs' }, code)).toMatchObject({ value: 'theirs', from: 'environment' });
    expect(readdirSync(app.folder)).toEqual(['theirs']);
  });

  it('code may change its mind: what came before is in the log of the environment', async () => {
    const code = `rxbaton.emit('theirs'); const log = await rxbaton.configureBroker('memory'); rxbaton.emit('mine');
      await rxbaton.settled(); console.log(JSON.stringify([await read(log), await read(await fileLog({ directory: '.rxbaton' }))]))`;
    expect(await result({ RXBATON_BACKEND: 'file' }, code)).toEqual([['mine'], ['theirs']]);
  });

  it('means the default coordinator alone', async () => {
    const code = `const c = rxbaton.createCoordinator(); c.emit('a'); await c.settled();
      console.log(JSON.stringify(rxbaton.within(c, rxbaton.describeConfig).backend))`;
    expect(await result({ RXBATON_BACKEND: 'file' }, code)).toEqual({ value: 'none', from: 'default' });
    expect(readdirSync(app.folder)).toEqual([]);
  });

  it('holds for a default coordinator that was configured, too', async () => {
    const code = `rxbaton.configure({ context: 'off' }); ${emits} ${backend}`;
    expect(await result({ RXBATON_BACKEND: 'file' }, code)).toMatchObject({ value: 'file', from: 'environment' });
    expect(readdirSync(app.folder)).toEqual(['.rxbaton']);
  });

  it('is read when it is first needed, and then no more', async () => {
    const code = `process.env.RXBATON_BACKEND = 'memory'; rxbaton.when('a', () => {});
      process.env.RXBATON_BACKEND = 'nonsense'; ${emits} ${backend}`;
    expect(await result({ RXBATON_BACKEND: 'none' }, code)).toMatchObject({ value: 'memory' });
  });
});

/** The rows of the table in the docs. */
const combinations = (
  /^## Which of them holds\n(.*?)^## /ms.exec(readFileSync('docs/configuration.md', 'utf8'))?.[1] ?? ''
)
  .split('\n')
  .map((row) => row.split('|').map((cell) => cell.replaceAll('`', '').trim()))
  .filter(([, code, , where]) => code !== undefined && where !== undefined && !/^-+$|^code$/.test(code))
  .map(([, code = '', variables = '', where = '']) => ({ code, variables, where }));

describe('docs/configuration.md', () => {
  it('has a table of what holds', () => {
    expect(combinations.length).toBeGreaterThan(8);
  });

  it.each(combinations)('$code, $variables: $where', async ({ code, variables, where }) => {
    const set = Object.fromEntries(
      variables
        .split(' ')
        .filter(Boolean)
        .map((each) => each.split('=')),
    ) as Record<string, string>;
    const described = await result(set, `${code === '' ? '' : `await rxbaton.${code};`} ${emits} ${backend}`);
    const folder = /^in (?!memory)(.+)$/.exec(where)?.[1];
    expect(readdirSync(app.folder)).toEqual(folder === undefined ? [] : [folder]);
    expect(described).toMatchObject({
      value: where === 'nowhere' ? 'none' : where === 'in memory' ? 'memory' : 'file',
    });
  });
});

describe('an environment that makes no sense', () => {
  const broken = { RXBATON_BACKEND: 'fiel', RXBATON_NONSENSE: '1', RXBATON_LOG_FILE: '/' };

  it('is nothing to an import, nor to what needs no default coordinator', async () => {
    const code = `await rxbaton.run('gate', async () => {}); const c = rxbaton.createCoordinator(); c.when('a', () => {});
      c.emit('a'); await c.settled(); console.log('"fine"')`;
    expect(await result(broken, code)).toBe('fine');
    expect(readdirSync(app.folder)).toEqual([]);
  });

  it.each(['emit("a")', 'when("a", () => {})', 'configure({})', 'configureBroker("memory")', 'describeConfig()'])(
    'is an error of %s, and stays one',
    async (call) => {
      const code = `for (let i = 0; i < 2; i++) try { rxbaton.${call}; console.log('accepted'); } catch (error) { console.log(error.code, error.message); }`;
      const { stdout } = await run(broken, code);
      expect(stdout).toMatch(
        /^(RXB_CONFIG The environment sets RXBATON_NONSENSE, and there is no such variable.+\n){2}$/,
      );
    },
  );
});

describe('RXBATON_BACKEND=redis', () => {
  it('fails loudly at the first event, and says the way out, since nothing would be kept', async () => {
    const { code, stderr } = await run({ RXBATON_BACKEND: 'redis' }, `rxbaton.emit('a'); console.log('went on')`);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /There is no log in Redis in this version: nothing would be kept\. .*pass an EventLog of your own/,
    );
  });

  it('is described with its settings, and never with its password', async () => {
    const variables = {
      RXBATON_BACKEND: 'redis',
      RXBATON_REDIS_URL: 'rediss://me:geheim@cache:6380/1',
      RXBATON_REDIS_PASSWORD: 'geheim',
      RXBATON_REDIS_DATABASE: '3',
      RXBATON_PREFIX: 'app:',
    };
    const described = await result(variables, `console.log(JSON.stringify(rxbaton.describeConfig()))`);
    expect(JSON.stringify(described)).not.toContain('geheim');
    expect(described).toMatchObject({
      backend: { value: 'redis', from: 'environment', by: 'RXBATON_BACKEND' },
      redisUrl: { value: 'rediss://me:***@cache:6380/1', from: 'environment', by: 'RXBATON_REDIS_URL' },
      redisPassword: { value: '***', from: 'environment', by: 'RXBATON_REDIS_PASSWORD' },
      redisDatabase: { value: 3, from: 'environment', by: 'RXBATON_REDIS_DATABASE' },
      prefix: { value: 'app:', from: 'environment', by: 'RXBATON_PREFIX' },
    });
  });
});

it('a log of the environment that cannot be opened is an error that nobody overlooks, and events go on', async () => {
  writeFileSync(join(app.folder, 'taken'), 'a file');
  const variables = { RXBATON_BACKEND: 'file', RXBATON_DIRECTORY: 'taken' };
  const quiet = await run(
    variables,
    `rxbaton.when('a', () => console.log('heard')); rxbaton.emit('a'); await rxbaton.settled()`,
  );
  expect(quiet.stdout).toBe('heard\n');
  expect(quiet.code).toBe(1);
  expect(quiet.stderr).toContain('taken');
  const handled = await run(
    variables,
    `rxbaton.configure({ onError: (error, what) => console.log(what, error.code) });
     rxbaton.emit('a'); await rxbaton.settled(); rxbaton.emit('b'); await rxbaton.settled();`,
  );
  expect(handled.stdout).toBe('Events cannot be kept where the environment wants them. RXB_LOG_UNAVAILABLE\n');
  expect(handled.code).toBe(0);
});

describe('the logger of the environment', () => {
  const fails = `rxbaton.when('a', () => { throw new Error('no') }); rxbaton.when('rxbaton.handler_failed', () => {});
    rxbaton.emit('a'); await rxbaton.settled();`;

  it('is silent when nobody asks for it', async () => {
    expect(await run({}, fails)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('speaks on stderr at the level that is asked for', async () => {
    const { stdout, stderr } = await run({ RXBATON_LOG_LEVEL: 'error' }, fails);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^\S+Z ERROR The handler .+ failed on 'a'\.\n {4}Error: no\n/);
    expect((await run({ RXBATON_LOG_LEVEL: 'silent' }, fails)).stderr).toBe('');
  });

  it('speaks JSON when it is asked to', async () => {
    const { stderr } = await run({ RXBATON_LOG_JSON: 'true' }, fails);
    expect(JSON.parse(stderr)).toMatchObject({ level: 'error', err: { message: 'no' } });
  });

  it('writes to a file, which it makes, from the first line on', async () => {
    expect(await run({ RXBATON_LOG_FILE: 'logs/app.log' }, fails)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(readFileSync(join(app.folder, 'logs/app.log'), 'utf8')).toMatch(/^\S+Z ERROR The handler/);
  });

  it('goes to stderr when the file cannot be made, and says so', async () => {
    const { code, stderr } = await run({ RXBATON_LOG_FILE: '.' }, fails);
    expect(code).toBe(0);
    expect(stderr).toMatch(/The log file '\.' cannot be opened: its lines go here\./);
    expect(stderr).toMatch(/The handler .+ failed on 'a'/);
  });

  it('gives way to a logger that code has given', async () => {
    const code = `const logger = { debug() {}, info() {}, warn() {}, error: (_, what) => console.log(what) };
      rxbaton.configure({ logger }); ${fails} console.log(JSON.stringify(rxbaton.describeConfig().logger))`;
    const { stdout, stderr } = await run({ RXBATON_LOG_FILE: 'app.log', RXBATON_LOG_LEVEL: 'debug' }, code);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^The handler .+\n\{"value":"yours","from":"explicit","by":"configure\(\)"\}\n$/);
    expect(readdirSync(app.folder)).toEqual([]);
  });

  it('says in its description where it writes', async () => {
    const logger = (variables: Record<string, string>): Promise<unknown> =>
      result(
        variables,
        `const { logger, logLevel } = rxbaton.describeConfig(); console.log(JSON.stringify([logger, logLevel]))`,
      );
    expect(await logger({})).toEqual([
      { value: 'none', from: 'default' },
      { value: 'silent', from: 'default' },
    ]);
    expect(await logger({ RXBATON_LOG_FILE: 'x.log' })).toEqual([
      { value: 'file', from: 'environment', by: 'RXBATON_LOG_FILE' },
      { value: 'info', from: 'default' },
    ]);
    expect(await logger({ RXBATON_LOG_LEVEL: 'warn' })).toEqual([
      { value: 'stderr', from: 'environment', by: 'RXBATON_LOG_LEVEL' },
      { value: 'warn', from: 'environment', by: 'RXBATON_LOG_LEVEL' },
    ]);
  });
});

it('what is off makes no file, opens nothing and sets no timer', async () => {
  const code = `const before = process._getActiveHandles().length; const timers = setTimeout; let armed = 0;
    globalThis.setTimeout = (...given) => { armed++; return timers(...given); };
    globalThis.setInterval = globalThis.setTimeout;
    rxbaton.when('before', () => {}); ${emits}
    console.log(JSON.stringify([process._getActiveHandles().length - before, armed]))`;
  for (const variables of [
    {},
    { RXBATON_BACKEND: 'none' },
    { RXBATON_BACKEND: 'file', RXBATON_DISABLE_PERSISTENCE: '1' },
  ])
    expect(await result(variables as Record<string, string>, code)).toEqual([0, 0]);
  expect(readdirSync(app.folder)).toEqual([]);
});
