/**
 * Real Redis servers for specs: each of them a process of its own on a spare loopback port, with a temporary folder, stopped
 * again. Where there is no server program yet, one is installed; where that cannot be done, the spec fails with the command.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { scheduler } from 'node:timers/promises';
import { Redis } from 'ioredis';

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** The process, to be killed or frozen; `null`: somebody else's server. */
  readonly process: ChildProcess | null;
  /** What it has printed so far. */
  printed(): string;
  stop(): Promise<void>;
}

const programs = ['redis-server', 'valkey-server'];

/** How long a `beforeAll` may take that finds no server yet and has to install one, ms. */
export const installTime = 300_000;

/** Where package managers put programs that are not on everybody's PATH. */
const folders = (): string[] => [
  ...(process.env['PATH'] ?? '').split(delimiter),
  '/usr/bin',
  '/usr/local/bin',
  '/opt/homebrew/bin',
];

function findProgram(names: readonly string[]): string | null {
  for (const name of names) {
    for (const folder of folders()) if (folder !== '' && existsSync(join(folder, name))) return join(folder, name);
  }
  return null;
}

interface Installer {
  readonly command: string;
  readonly args: readonly string[];
  /** What has to run before, if the first attempt finds no package. */
  readonly refresh?: readonly string[];
  readonly asRoot: boolean;
}

/** How this system gets a server. */
function installer(): Installer | null {
  const apt = findProgram(['apt-get']);
  const brew = findProgram(['brew']);
  if (process.platform === 'linux' && apt !== null)
    return { command: apt, args: ['install', '-y', 'redis-server'], refresh: ['update'], asRoot: true };
  if (process.platform === 'darwin' && brew !== null)
    return { command: brew, args: ['install', 'redis'], asRoot: false };
  return null;
}

/** For people: what to type where we must not or cannot. */
function whatToDo(): string {
  const way = installer();
  const command =
    way === null
      ? 'the package manager of this system'
      : `\`${way.asRoot ? 'sudo ' : ''}${[way.command, ...way.args].join(' ')}\``;
  return (
    `The specs need a Redis server. Install one with ${command}, so that redis-server or valkey-server is on the PATH, ` +
    'or set RXBATON_TEST_REDIS_URL.'
  );
}

const lockFile = join(tmpdir(), 'rxbaton-redis-install.lock');

/** Whether we are the one of several spec processes who installs. A lock that somebody died with does not count. */
function locked(): boolean {
  try {
    closeSync(openSync(lockFile, 'wx'));
    return true;
  } catch {
    const age = Date.now() - (statSync(lockFile, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age > installTime) rmSync(lockFile, { force: true });
    return false;
  }
}

function install(): void {
  const way = installer();
  if (way === null) throw new Error(whatToDo());
  const { command, args, refresh } = way;
  process.stderr.write(
    `\nNo redis-server and no valkey-server on the PATH. Installing one: ${command} ${args.join(' ')}\n`,
  );
  const run = (which: readonly string[]): void => {
    execFileSync(command, which, {
      stdio: 'pipe',
      timeout: installTime - 20_000,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    });
  };
  try {
    run(args);
  } catch (first) {
    try {
      if (refresh === undefined) throw first;
      run(refresh);
      run(args);
    } catch (error) {
      throw new Error(`${whatToDo()}\n${String((error as { stderr?: Buffer }).stderr ?? '')}`, { cause: error });
    }
  }
}

let found: Promise<string> | null = null;

/** The server program, installed first if need be. */
function serverProgram(): Promise<string> {
  return (found ??= (async () => {
    for (;;) {
      const program = findProgram(programs);
      // While another process installs, the program may be there but not yet whole.
      if (program !== null && !existsSync(lockFile)) return program;
      if (!locked()) {
        await scheduler.wait(100);
        continue;
      }
      try {
        if (findProgram(programs) === null) install();
      } finally {
        rmSync(lockFile, { force: true });
      }
      if (findProgram(programs) === null) throw new Error(whatToDo());
    }
  })());
}

/** A loopback port that nobody uses. */
export async function sparePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Resolves when the server answers, with what it has printed so far, now and later. */
function ready(child: ChildProcess, port: number): Promise<() => string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const onData = (data: Buffer): void => {
      printed += data.toString();
      if (/ready to accept connections/i.test(printed)) resolve(() => printed);
    };
    child.stdout?.on('data', onData);
    child.stderr?.on('data', onData);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      reject(new Error(`The Redis server on port ${port} ended with ${code ?? signal}:\n${printed}`));
    });
  });
}

/**
 * Starts a server of one's own. `args` are added to its command line, and `port` may be one that it had before: a server
 * that starts again there is empty.
 */
export async function startRedis({
  args = [],
  port,
}: { args?: readonly string[]; port?: number } = {}): Promise<RedisServer> {
  const program = await serverProgram();
  for (let attempt = 1; ; attempt++) {
    const at = port ?? (await sparePort());
    const folder = mkdtempSync(join(tmpdir(), 'rxbaton-redis-'));
    const child = spawn(
      program,
      ['--port', `${at}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no', ...args],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    running.add(child);
    const gone = new Promise<void>((resolve) =>
      child.once('exit', () => {
        running.delete(child);
        rmSync(folder, { recursive: true, force: true });
        resolve();
      }),
    );
    let printed: () => string;
    try {
      printed = await ready(child, at);
    } catch (error) {
      // Somebody may have taken the port in between.
      if (attempt < 5 && /in use/i.test(String(error))) continue;
      throw error;
    }
    child.unref();
    for (const pipe of [child.stdout, child.stderr]) (pipe as unknown as { unref(): void }).unref();
    return {
      port: at,
      url: `redis://127.0.0.1:${at}`,
      process: child,
      printed,
      stop: async () => {
        child.kill('SIGCONT');
        child.kill('SIGKILL');
        await gone;
      },
    };
  }
}

/** The server that the user names, else one of our own. For specs that do nothing to the server itself. */
export async function redisForSpecs(): Promise<RedisServer> {
  const url = process.env['RXBATON_TEST_REDIS_URL'];
  if (url === undefined || url === '') return startRedis();
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  try {
    await client.connect();
  } catch (error) {
    throw new Error(`There is no Redis at RXBATON_TEST_REDIS_URL=${url}.`, { cause: error });
  } finally {
    client.disconnect();
  }
  return {
    port: Number(new URL(url).port || 6379),
    url,
    process: null,
    printed: () => '',
    stop: () => Promise.resolve(),
  };
}
