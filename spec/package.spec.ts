import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute, executeNode, root } from './support/execute.ts';

/** An empty project into which the packed package was installed, with rxjs and nothing else. */
let project: string;

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'rxbaton-package-'));
  await execute('npm', ['pack', '--pack-destination', project]);
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz')) ?? '';
  writeFileSync(join(project, 'package.json'), '{ "private": true }');
  const peers = ['rxjs', 'tslib'].map((name) => join(root, 'node_modules', name));
  const quiet = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--install-links'];
  await execute('npm', ['install', ...quiet, join(project, tarball), ...peers], { cwd: project });
}, 120_000);

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

/** Writes a file into the project and runs it; answers what it printed, wherever it printed it. */
async function runFile(name: string, text: string): Promise<string> {
  writeFileSync(join(project, name), text);
  const { stdout, stderr } = await executeNode([name], { cwd: project });
  return stdout + stderr;
}

const entries = ['rxbaton', 'rxbaton/operators', 'rxbaton/testing', 'rxbaton/adapters/file'];

describe('the packed package', () => {
  it('holds the build, the licences and the two texts that npm shows, and nothing else', () => {
    const folder = join(project, 'node_modules/rxbaton');
    expect(readdirSync(folder).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'THIRD_PARTY.md',
      'dist',
      'package.json',
    ]);
    const dist = readdirSync(join(folder, 'dist'), { recursive: true, encoding: 'utf8' });
    expect(dist.filter((name) => !/(\.js|\.js\.map|\.d\.ts|^shared|^adapters|^errors\.md)$/.test(name))).toEqual([]);
    for (const entry of ['index', 'operators', 'testing', 'adapters/file']) {
      expect(dist).toContain(`${entry}.js`);
      expect(dist).toContain(`${entry}.d.ts`);
    }
  });

  it('brings one package', () => {
    const installed = readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(installed.sort()).toEqual(['rxbaton', 'rxjs', 'tslib']);
  });

  it('has each piece of code once, whichever entry it is reached by', async () => {
    const printed = await runFile(
      'once.mjs',
      `import { ConfigError, mutex } from 'rxbaton';
       import { withLock } from 'rxbaton/operators';
       import { of } from 'rxjs';
       try { withLock('m', { nonsense: 1 }); } catch (error) { console.log(error instanceof ConfigError); }
       of(1).pipe(withLock(mutex('m'))).subscribe(console.log);`,
    );
    expect(printed).toBe('true\n1\n');
  });

  it('works from an ES module', async () => {
    const printed = await runFile(
      'esm.mjs',
      `import { coordinate, emit, mutex, run, settled, when } from 'rxbaton';
       import { exclusive } from 'rxbaton/operators';
       import { from } from 'rxjs';
       when('greeter_complete', ({ result }) => console.log(result));
       const greet = coordinate('greeter', { lock: mutex('door') }, async (name) => 'hello ' + name);
       await greet('you');
       await settled();
       console.log(await run('door', async ({ fence }) => typeof fence));
       from([1, 2]).pipe(exclusive('door', async (n) => n * 2)).subscribe(console.log);`,
    );
    expect(printed).toBe('hello you\nnumber\n2\n4\n');
  });

  it('works from CommonJS through require, on the same rxjs', async () => {
    const printed = await runFile(
      'common.cjs',
      `const { acquire, coordinate, mutex, when } = require('rxbaton');
       const { withLock } = require('rxbaton/operators');
       const { virtualTime } = require('rxbaton/testing');
       const { Observable, of } = require('rxjs');
       console.log(acquire(mutex('m')) instanceof Observable, typeof virtualTime);
       of('locked').pipe(withLock('m')).subscribe(console.log);
       when('a_complete', ({ result }) => console.log(result));
       coordinate('a', async () => 'done')();`,
    );
    expect(printed).toBe('true function\nlocked\ndone\n');
  });

  it('keeps events in files, which the core finds by its own name', async () => {
    const printed = await runFile(
      'files.mjs',
      `import { configureBroker, emit, settled } from 'rxbaton';
       import { fileLog } from 'rxbaton/adapters/file';
       await configureBroker('file', { directory: 'events' });
       emit('a', { at: new Date(0) });
       await settled();
       await configureBroker('none');
       const log = await fileLog({ directory: 'events' });
       await log.read('events').forEach(({ event }) => console.log(event.name, event.data.at.getTime()));
       await log.close();`,
    );
    expect(printed).toBe('a 0\n');
  });

  it('brings the program rxbaton, which runs without anything else', async () => {
    const bin = join(project, 'node_modules/.bin/rxbaton');
    const help = await execute(bin, ['--help'], { cwd: project });
    expect(help.stdout).toContain('Usage: rxbaton');
    expect((await execute(bin, ['explain', 'RXB_BUSY'], { cwd: project })).stdout).toContain('What to do.');
    expect((await execute(bin, ['tail', 'events'], { cwd: project })).stdout).toMatch(/ {2}a {2}\{"at":/);
  });

  it('names the version and the licence of what it brings along', () => {
    const notes = readFileSync(join(project, 'node_modules/rxbaton/THIRD_PARTY.md'), 'utf8').replace(/^> ?/gm, '');
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    expect(notes).toContain(`## commander ${devDependencies['commander']!}\n`);
    expect(notes).toContain(readFileSync(join(root, 'node_modules/commander/LICENSE'), 'utf8').trim());
  });
});

it('runs in a browser, where there is no Node', async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { configureBroker, coordinate, settled, when } from 'rxbaton';
        when('agent_complete', ({ result }) => print(result));
        configureBroker('file').catch((error) => print(error.message))
          .then(() => coordinate('agent', { lock: 'door' }, async () => 'done')())
          .then(() => settled()).then(() => print('settled'));`,
      resolveDir: project,
    },
    bundle: true,
    platform: 'browser',
    format: 'iife',
    write: false,
    logLevel: 'error',
  });
  const printed: unknown[] = [];
  const {
    AbortController,
    AbortSignal,
    clearInterval,
    clearTimeout,
    performance,
    queueMicrotask,
    setInterval,
    setTimeout,
  } = globalThis;
  const browser = {
    AbortController,
    AbortSignal,
    clearInterval,
    clearTimeout,
    performance,
    queueMicrotask,
    setInterval,
    setTimeout,
  };
  await new Promise<void>((resolve) => {
    const print = (value: unknown): void => {
      printed.push(value);
      if (value === 'settled') resolve();
    };
    runInNewContext(outputFiles[0]?.text ?? '', { ...browser, print });
  });
  expect(printed).toEqual([
    expect.stringContaining('fileLog() needs files, and there are none here.'),
    'done',
    'settled',
  ]);
});

describe('TypeScript', { timeout: 60_000 }, () => {
  const consumer = `
    import { coordinate, createCoordinator, mutex, rateLimiter, run, when, type Grant } from 'rxbaton';
    import { exclusive, rateLimit, withLock } from 'rxbaton/operators';
    import { virtualTime } from 'rxbaton/testing';
    import { from, type Observable } from 'rxjs';

    const db = mutex('db', { ttl: '30s' });
    const twice = coordinate('twice', { lock: db }, async (n: number) => String(n * 2));
    when(twice.complete, ({ result }) => result.toUpperCase());
    export const four: Promise<string> = twice(2);
    export const values: Observable<number> = from(['a', 'bc']).pipe(
      rateLimit(rateLimiter('api', { limit: 10, per: '1s' })),
      exclusive(db, async (text) => text.length),
      withLock(db),
    );
    export const fence: Promise<number | null> = run(db, async (grant: Grant) => grant.fence);
    export const clocked = createCoordinator({ clock: virtualTime() });

    declare module 'rxbaton' {
      interface EventMap { ready: { rows: number } }
    }
    when('ready', ({ rows }) => rows.toFixed());
    // @ts-expect-error rows is a number
    when('ready', ({ rows }) => rows.toUpperCase());
    // @ts-expect-error a duration needs a unit that exists
    mutex('db', { ttl: '3 moons' });
    // @ts-expect-error the argument is a number
    void twice('2');
  `;
  const settings = (options: object): string =>
    JSON.stringify({ compilerOptions: { target: 'es2022', strict: true, noEmit: true, types: [], ...options } });

  // `tsc` is TypeScript 7 and `tsc6` is TypeScript 6: see package.json.
  it.each([
    { compiler: 'tsc', resolution: 'nodenext', module: 'nodenext', file: 'consumer.mts' },
    { compiler: 'tsc', resolution: 'nodenext', module: 'nodenext', file: 'consumer.cts' },
    { compiler: 'tsc', resolution: 'bundler', module: 'esnext', file: 'consumer.ts' },
    { compiler: 'tsc6', resolution: 'nodenext', module: 'nodenext', file: 'consumer.mts' },
  ])(
    '$compiler checks $file with $resolution resolution, and our declarations',
    async ({ compiler, resolution, module, file }) => {
      const folder = join(project, `${compiler}-${file}`);
      mkdirSync(folder);
      writeFileSync(join(folder, file), consumer);
      writeFileSync(
        join(folder, 'tsconfig.json'),
        settings({ module, moduleResolution: resolution, skipLibCheck: false }),
      );
      await execute(join(root, 'node_modules/.bin', compiler), ['-p', '.'], { cwd: folder });
    },
  );
});

describe('import', () => {
  it('does nothing that can be seen: no timer, no listener, no asynchronous context, no output', async () => {
    // By require, so that nothing but the modules themselves runs in between.
    const printed = await runFile(
      'quiet.cjs',
      `require('rxjs');
       require('rxjs/testing');
       const seen = [];
       const watch = (object, name) => { object[name] = () => { seen.push(name); }; };
       for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']) watch(globalThis, name);
       for (const name of ['on', 'once', 'addListener']) watch(process, name);
       for (const name of ['AsyncLocalStorage', 'AsyncResource', 'createHook']) watch(require('node:async_hooks'), name);
       const globals = Object.getOwnPropertyNames(globalThis).length;
       for (const entry of ${JSON.stringify(entries)}) require(entry);
       if (Object.getOwnPropertyNames(globalThis).length !== globals) seen.push('a new global');
       if (seen.length > 0) console.log(seen);`,
    );
    expect(printed).toBe('');
  });

  it('of which nothing is used costs a bundle nothing', async () => {
    for (const entry of entries) {
      const { outputFiles } = await build({
        stdin: { contents: `import '${entry}';`, resolveDir: project },
        bundle: true,
        format: 'esm',
        write: false,
        logLevel: 'error',
      });
      expect(outputFiles[0]?.text, entry).toBe('');
    }
  });
});

it('the lock file names no download host', () => {
  expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved"|:\/\/[^"]*registry/);
});
