/** What several processes see of a gate in Redis is what one gate could have done, whatever goes wrong meanwhile. */
import { scheduler } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { linearize } from '../../lib/testing/linear/linearize.ts';
import type { SequentialModel } from '../../lib/testing/linear/sequential.ts';
import { sequentialBarrier } from '../../lib/testing/linear/sequentialBarrier.ts';
import { sequentialBucket } from '../../lib/testing/linear/sequentialBucket.ts';
import { sequentialFixedWindow } from '../../lib/testing/linear/sequentialFixedWindow.ts';
import { sequentialLease } from '../../lib/testing/linear/sequentialLease.ts';
import { sequentialSlidingWindow } from '../../lib/testing/linear/sequentialSlidingWindow.ts';
import { linearizable } from '../../lib/testing/linearizable.ts';
import { type Proxy, startProxy } from '../support/proxy.ts';
import { startHistorians, type Historians, type Wipe } from '../support/redisHistories.ts';
import { mutates, type Mutant } from '../support/redisMutants.ts';
import { installTime, type RedisServer, startRedis } from '../support/redisServer.ts';
import { type History, isLease, limits, meeting, permits, type Round } from '../support/round.ts';
import { runs } from '../support/runs.ts';

const processes = 4;
const ttl = 400;
const grace = 2_000;
/** Each of them of 16 requests, with their ends and with a look at the grant: fewer than 50 operations. */
const gatesInARound = 25;
const rounds = runs(1);

let server: RedisServer;
let proxy: Proxy;
let historians: Historians;
let admin: Redis;
let gates = 0;

beforeAll(async () => {
  await (await startRedis()).stop();
}, installTime);

afterEach(async () => {
  await historians.end();
  admin.disconnect();
  await proxy.stop();
  await server.stop();
});

async function start(mutant: Mutant | null = null): Promise<void> {
  server = await startRedis();
  proxy = await startProxy(server.port);
  admin = new Redis(server.url, { retryStrategy: () => 50 });
  // While it is started again.
  admin.on('error', () => undefined);
  // A command that is never answered must not hold a round up; a waiter must not lose its place on a busy machine.
  const backend = { grace, commandTimeout: 1_500, patience: 6_000 };
  historians = await startHistorians(processes, { url: `redis://127.0.0.1:${proxy.port}`, mutant, backend });
}

const round = (options: Partial<Round> = {}): Round => ({
  kind: 'mutex',
  gates: Array.from({ length: gatesInARound }, () => `lock${++gates}`),
  ttl,
  parties: 2,
  cycles: 2,
  work: 10,
  checks: true,
  ...options,
});

const quiet = (): Promise<readonly Wipe[]> => Promise.resolve([]);
const now = (): bigint => process.hrtime.bigint();

/** When everybody is at it. */
const amidst = (): Promise<void> => historians.holding(1);

async function wiped(how: () => Promise<unknown>): Promise<readonly Wipe[]> {
  await amidst();
  const from = now();
  await how();
  return [{ from, to: now() }];
}

type Fault = readonly [name: string, fifo: boolean, options: Partial<Round>, fault: () => Promise<readonly Wipe[]>];

const faults: readonly Fault[] = [
  ['nothing goes wrong', true, {}, quiet],
  [
    'a process is killed',
    true,
    {},
    async () => {
      await amidst();
      historians.signal(1, 'SIGKILL');
      return [];
    },
  ],
  [
    // Those who wait in it are passed by, and keep their places.
    'a process stands still for longer than its leases last',
    false,
    // Long enough for somebody else to be at work when it goes on.
    { freezes: true, work: 150 },
    async () => {
      await amidst();
      // Until others have heard that its leases are over, at the next beat of their hearts.
      await scheduler.wait(ttl + grace / 2);
      historians.signal(1, 'SIGCONT');
      return [];
    },
  ],
  [
    'answers are late',
    true,
    {},
    async () => {
      // To the end: what comes later must not overtake it.
      proxy.delay(10);
      await amidst();
      return [];
    },
  ],
  [
    // In what order those who waited come again, nobody knows.
    'all connections are cut',
    false,
    {},
    async () => {
      await amidst();
      proxy.cut();
      return [];
    },
  ],
  // Holders cannot know that the server has forgotten them: only fences tell.
  ['the server forgets everything', true, { checks: false }, () => wiped(() => admin.flushall())],
  [
    'the server is killed and started again',
    false,
    { checks: false },
    () =>
      wiped(async () => {
        await server.stop();
        server = await startRedis({ port: server.port });
      }),
  ],
  [
    'the server stands still',
    false,
    {},
    async () => {
      await amidst();
      server.process?.kill('SIGSTOP');
      await scheduler.wait(ttl * 1.5);
      server.process?.kill('SIGCONT');
      return [];
    },
  ],
];

const drift = 2;

/** What a gate of this kind can do. `less`: one that lets fewer through. */
function model(kind: Round['kind'], fifo: boolean, less = 0): SequentialModel<never, never, never> {
  const limiter = { ...limits, limit: limits.limit - less, drift };
  const models = {
    barrier: () => sequentialBarrier({ ...meeting, parties: meeting.parties - less, drift }),
    'token-bucket': () => sequentialBucket(limiter),
    'leaky-bucket': () => sequentialBucket({ ...limiter, strategy: 'leaky-bucket' }),
    'fixed-window': () => sequentialFixedWindow(limiter),
    'sliding-window': () => sequentialSlidingWindow(limiter),
  };
  const lease = (all: number) => sequentialLease({ ttl, fifo, drift, permits: all - less });
  return (isLease(kind) ? lease(permits[kind]) : models[kind]()) as never;
}

const unexplained = (histories: readonly History[], judge: SequentialModel<never, never, never>): number =>
  histories.filter((history) => !linearize(judge, history as never).linearizable).length;

/** Whether somebody gave back what had been somebody else's for some time. */
const hasStaleRelease = (history: History): boolean =>
  history.some(
    ({ op, call }) =>
      op.do === 'release' &&
      history.some(
        ({ result, return: end }) =>
          typeof result === 'object' && 'fence' in result && result.fence > op.fence && end !== null && end < call,
      ),
  );

const named = (...names: readonly string[]): Fault[] => faults.filter(([name]) => names.includes(name));

/** Of a call that is repeated because its answer was lost two may be counted, so that is left out. */
const limited = named('nothing goes wrong', 'a process is killed', 'answers are late', 'the server forgets everything');
const strategies = ['token-bucket', 'leaky-bucket', 'fixed-window', 'sliding-window'] as const;

describe('histories of gates in Redis', { timeout: 60_000 * rounds }, () => {
  it.each([
    ...faults.map((fault) => ['mutex', ...fault] as const),
    ...faults.map((fault) => ['semaphore', ...fault] as const),
    // All who wait to read enter together, also those who came after a writer.
    ...faults.map(([name, , ...more]) => ['read-write', name, false, ...more] as const),
    ...faults.map((fault) => ['barrier', ...fault] as const),
    ...strategies.flatMap((strategy) => limited.map((fault) => [strategy, ...fault] as const)),
  ])('are linearizable: %s, %s', async (kind, name, fifo, options, fault) => {
    await start();
    let stale = 0;
    for (let i = 0; i < rounds; i++) {
      for (const history of await historians.round(round({ kind, ...options }), fault)) {
        expect(history.some(({ result }) => result !== undefined && result !== false)).toBe(true);
        expect(() => linearizable(model(kind, fifo), history as never)).not.toThrow();
        if (hasStaleRelease(history)) stale++;
      }
    }
    if (isLease(kind) && name.startsWith('a process stands still')) expect(stale).toBeGreaterThan(0);
  });

  it.each<[Mutant, fault: number]>([
    ['no owner check', 2],
    ['granted twice', 0],
    ['no queue', 0],
  ])('are found out when the server has %s', async (mutant, which) => {
    expect(mutates(mutant)).toBe(true);
    await start(mutant);
    const [, fifo, options, fault] = faults[which]!;
    // Not every round meets with somebody else at work when the frozen one goes on.
    let found = 0;
    for (let i = 0; i < 6 && found === 0; i++) {
      const histories = await historians.round(round(options), fault);
      found = unexplained(histories, model('mutex', fifo));
    }
    expect(found).toBeGreaterThan(0);
  });

  it.each(['barrier', 'token-bucket', 'fixed-window', 'sliding-window'] as const)(
    'are found out when a gate lets one more through than it may: %s',
    async (kind) => {
      await start();
      // On a busy machine a round may come nowhere near its limit.
      let found = 0;
      for (let i = 0; i < 6 && found === 0; i++) {
        const histories = await historians.round(round({ kind, work: 0 }), quiet);
        expect(unexplained(histories, model(kind, false))).toBe(0);
        found = unexplained(histories, model(kind, false, 1));
      }
      expect(found).toBeGreaterThan(0);
    },
  );
});
