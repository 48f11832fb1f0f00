/** One Redis for a table and the clients of it: a server of its own, which keeps nothing and ends with the process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';

const PROGRAMS = ['redis-server', 'valkey-server'];
const ADVICE = 'Install one (Debian: apt-get install redis-server; macOS: brew install redis) or set REDIS_URL.';

const sparePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Whether this program is there, and answers on the port. */
const started = (program, port) =>
  new Promise((resolve) => {
    const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const child = spawn(program, args.map(String), { stdio: ['ignore', 'pipe', 'ignore'] });
    child.once('error', () => resolve(false));
    child.once('exit', () => resolve(false));
    process.on('exit', () => child.kill('SIGKILL'));
    createInterface(child.stdout).on('line', (line) => {
      if (/ready to accept connections/i.test(line)) resolve(true);
    });
  });

async function start() {
  if (process.env.REDIS_URL) return process.env.REDIS_URL;
  process.on('SIGTERM', () => process.exit());
  const port = await sparePort();
  for (const program of PROGRAMS) if (await started(program, port)) return `redis://127.0.0.1:${port}`;
  throw new Error(`There is no ${PROGRAMS.join(' and no ')} on the PATH. ${ADVICE}`);
}

let url;
/** The same server for everybody in this process. */
export const redisUrl = () => (url ??= start());

/** A client of our own. */
export async function connect(options = {}) {
  const client = new Redis(await redisUrl(), options);
  await once(client, 'ready');
  return client;
}

let sent = 0;
const { sendCommand } = Redis.prototype;
Redis.prototype.sendCommand = function (command, stream) {
  // Set-up and what keeps a connection alive is nobody's work.
  if (!/^(info|hello|client|select|subscribe|ping)$/i.test(command.name)) sent++;
  return sendCommand.call(this, command, stream);
};
/** How many commands all clients of this process have sent. */
export const commandsSent = () => sent;
