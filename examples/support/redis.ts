/** A Redis for an example: the one that REDIS_URL names, else one of its own on a spare port, which ends with it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

export async function redisUrl(): Promise<string> {
  const { REDIS_URL } = process.env;
  if (REDIS_URL) return REDIS_URL;
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  const server = spawn('redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--save', ''], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => server.kill('SIGKILL'));
  const [problem] = await Promise.race([
    once(server, 'error') as Promise<[Error]>,
    (async (): Promise<[null]> => {
      for await (const line of server.stdout) if (/ready to accept connections/i.test(String(line))) break;
      return [null];
    })(),
  ]);
  if (problem !== null)
    throw new Error('This example needs Redis: install redis-server, or set REDIS_URL.', { cause: problem });
  server.unref();
  return `redis://127.0.0.1:${port}`;
}
