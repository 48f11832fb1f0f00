import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mutex } from '../../../lib/gates/mutex.ts';
import { executeNode } from '../../support/execute.ts';
import { faultWorld } from '../../support/faultWorld.ts';
import { installTime, type RedisServer, sparePort, startRedis } from '../../support/redisServer.ts';

const world = faultWorld();
const db = mutex('db');

beforeAll(async () => {
  await (await startRedis()).stop();
}, installTime);

afterEach(() => world.end());

/** What the server counts for each command. */
async function calls(server: RedisServer, command: string): Promise<number> {
  const admin = new Redis(server.url);
  const stats = await admin.info('commandstats');
  admin.disconnect();
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

describe('connections', { timeout: 30_000 }, () => {
  it("are the backend's own: the user's client is not used, not even connected", async () => {
    const server = await world.serve();
    const client = new Redis(server.url, { lazyConnect: true });
    const one = world.coordinate({ client });
    const a = world.ask(one, db, 'a');
    await a.becomes('held');
    expect(client.status).toBe('wait');
  });

  it('send nothing again by themselves, whatever the client of the user would do', async () => {
    const server = await world.serve();
    const proxy = await world.network(server);
    const client = new Redis(proxy.url, {
      lazyConnect: true,
      autoResendUnfulfilledCommands: true,
      maxRetriesPerRequest: 20,
      retryStrategy: () => 1,
      reconnectOnError: () => 2,
      enableAutoPipelining: true,
    });
    const one = world.coordinate({ client });
    const warm = world.ask(one, db, 'warm');
    await warm.becomes('held');
    const before = await calls(server, 'evalsha');
    const lost = proxy.loseReplyTo(/\r\ninf\r\n/);
    warm.leave();
    await lost;
    const next = world.ask(one, db, 'next');
    await next.becomes('held');
    // Two releases, the first of them with its text, and no acquisition twice: over the new connection each script is new.
    expect(await calls(server, 'evalsha')).toBe(before);
  });

  it('queue nothing while there is no server: what was given up is not carried out when it is back', async () => {
    const server = await world.serve();
    await server.stop();
    const client = new Redis(server.url, { lazyConnect: true, enableOfflineQueue: true });
    const one = world.coordinate({ client });
    const a = world.ask(one, db, 'a', { timeout: 100 });
    await a.becomes('RXB_ACQUIRE_TIMEOUT', 'RXB_BACKEND_UNAVAILABLE');
    const again = await world.serve({ port: server.port });
    const b = world.ask(one, db, 'b', { timeout: 5_000 });
    await b.becomes('held');
    const admin = new Redis(again.url);
    expect((await admin.hkeys('rxbaton:{db}:g')).filter((field) => field.startsWith('h:'))).toHaveLength(1);
    admin.disconnect();
  });

  it('go to the database of the URL', async () => {
    const server = await world.serve();
    const a = world.ask(world.coordinate({ url: `${server.url}/5` }), db, 'a');
    await a.becomes('held');
    const admin = new Redis(server.url, { db: 5 });
    expect(await admin.exists('rxbaton:{db}:g')).toBe(1);
    admin.disconnect();
  });

  it('are given up with the coordinator', async () => {
    const server = await world.serve();
    const one = world.coordinate({ url: server.url });
    await world.ask(one, db, 'a').becomes('held');
    const admin = new Redis(server.url);
    expect(await admin.pubsub('CHANNELS', 'rxbaton:wake:*')).toHaveLength(1);
    await one.close();
    while (((await admin.pubsub('CHANNELS', 'rxbaton:wake:*')) as string[]).length > 0);
    admin.disconnect();
  });
});

describe('errors', { timeout: 30_000 }, () => {
  it('say busy, timed out, aborted, unavailable and lost apart', async () => {
    const server = await world.serve();
    const one = world.coordinate({ url: server.url });
    const a = world.ask(one, db, 'a');
    await a.becomes('held');
    await world.ask(one, db, 'busy', { timeout: 0 }).becomes('RXB_BUSY');
    await world.ask(one, db, 'late', { timeout: 50 }).becomes('RXB_ACQUIRE_TIMEOUT');
    const abort = new AbortController();
    const aborted = world.ask(one, db, 'aborted', { signal: abort.signal });
    await aborted.becomes('queued');
    abort.abort();
    await aborted.becomes('RXB_ABORTED');
    await Promise.resolve(one.open(db).force('all', 'somebody else needs it'));
    await a.becomes('RXB_LEASE_LOST');
    await server.stop();
    await world.ask(one, db, 'gone').becomes('RXB_BACKEND_UNAVAILABLE');
  });
});

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasOpenssl())('TLS (needs openssl for a certificate)', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'rxbaton-tls-'));
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  let server: RedisServer;
  let port: number;

  beforeAll(async () => {
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost']
        .concat(['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'])
        .concat(['-keyout', key, '-out', certificate]),
      { stdio: 'ignore' },
    );
    port = await sparePort();
    server = await startRedis({
      args: [
        '--tls-port',
        `${port}`,
        '--tls-cert-file',
        certificate,
        '--tls-key-file',
        key,
        '--tls-auth-clients',
        'no',
      ],
    });
  }, installTime);

  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it('with a client that knows the certificate', async () => {
    const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, tls: { ca: readFileSync(certificate) } });
    const a = world.ask(world.coordinate({ client }), db, 'a');
    await a.becomes('held');
    const b = world.ask(world.coordinate({ client }), db, 'b');
    await b.becomes('queued');
    a.leave();
    await b.becomes('held');
  });

  it('with a rediss:// URL whose certificate nobody vouches for: refused, and it says why', async () => {
    const a = world.ask(world.coordinate({ url: `rediss://127.0.0.1:${port}` }), mutex('url'), 'a');
    await a.becomes('RXB_BACKEND_UNAVAILABLE');
    expect(String(a.error.cause)).toMatch(/self.signed/i);
  });

  it('with a rediss:// URL whose certificate Node trusts', async () => {
    const { stdout } = await executeNode(
      [
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        `import { redisBackend } from './adapters/redis/index.ts';
         import { createCoordinator, run, within } from './lib/index.ts';
         const coordinator = createCoordinator({ backend: redisBackend({ url: 'rediss://127.0.0.1:${port}' }) });
         console.log(await within(coordinator, () => run('db', ({ fence }) => typeof fence)));`,
      ],
      { env: { NODE_EXTRA_CA_CERTS: certificate } },
    );
    expect(stdout).toBe('number\n');
  });
});
