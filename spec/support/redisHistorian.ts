/** A process of its own that uses gates and writes down what it asked for and heard, until it is killed. */
import { appendFileSync } from 'node:fs';
import { scheduler } from 'node:timers/promises';
import { redisBackend, type RedisBackendOptions } from '../../adapters/redis/index.ts';
import { BarrierBrokenError, BusyError } from '../../lib/errors.ts';
import { createCoordinator } from '../../lib/events/createCoordinator.ts';
import { enter } from '../../lib/gates/enter.ts';
import { cyclicBarrier } from '../../lib/gates/cyclicBarrier.ts';
import { mutex } from '../../lib/gates/mutex.ts';
import { rateLimiter } from '../../lib/gates/rateLimiter.ts';
import { readWriteLock } from '../../lib/gates/readWriteLock.ts';
import { semaphore } from '../../lib/gates/semaphore.ts';
import type { GateSpec, Strategy } from '../../lib/gates/spec.ts';
import { recorder } from '../../lib/testing/linear/recorder.ts';
import { type Mutant, mutantClient } from './redisMutants.ts';
import { isLease, type LeaseKind, limits, meeting, type Op, permits, type Result, type Round } from './round.ts';

export interface HistorianSettings {
  /** Who it is; no two lives have the same. */
  readonly name: string;
  readonly file: string;
  readonly url: string;
  readonly mutant: Mutant | null;
  readonly backend: Omit<RedisBackendOptions, 'url' | 'client'>;
}

const { name, file, url, mutant, backend: options } = JSON.parse(process.argv[2] ?? '{}') as HistorianSettings;
const backend = redisBackend(mutant === null ? { ...options, url } : { ...options, client: mutantClient(url, mutant) });
const coordinator = createCoordinator({ backend, context: 'off', onError: () => undefined });
const waiting = new Map<string, () => void>();
coordinator.when('rxbaton.gate.queued', ({ who = '' }) => waiting.get(who)?.());

const record = recorder<Op, Result>({
  process: name,
  now: () => process.hrtime.bigint(),
  write: (line) => appendFileSync(file, line),
});

/** Says that it holds a lock, and freezes if that was wanted, until somebody else thaws it. */
const hold = (freezes: boolean): Promise<void> =>
  new Promise((resolve) => {
    process.send?.('holds', () => {
      if (freezes) process.kill(process.pid, 'SIGSTOP');
      resolve();
    });
  });

let frozen = false;

/** What is asked for in turn: everything, or a part of it. */
function turn(
  kind: LeaseKind,
  ttl: number,
  gate: string,
  i: number,
): readonly [spec: GateSpec, cost: number, asked: number] {
  const lease = { ttl, renew: false };
  if (kind === 'mutex') return [mutex(gate, lease), 1, 1];
  const all = permits[kind];
  if (kind === 'semaphore') return [semaphore(gate, { permits: all, ...lease }), 1 + (i % all), 1 + (i % all)];
  const { read, write } = readWriteLock(gate, lease);
  return i % 3 === 0 ? [write, all, 1] : [read, 1, 1];
}

let turns = 0;

async function lend(
  gate: string,
  id: string,
  kind: LeaseKind,
  { ttl, work, checks, freezes = false }: Round,
): Promise<void> {
  const [spec, part, cost] = turn(kind, ttl, gate, turns++);
  const lock = coordinator.open(spec);
  const grant = await record(
    { do: 'acquire', id, cost: part },
    (queued) => {
      waiting.set(id, queued);
      return enter(lock, { label: id, timeout: '8s', cost });
    },
    { gate, result: (given) => ({ fence: given.fence ?? 0 }) },
  );
  const fence = grant.fence ?? 0;
  const freeze = freezes && !frozen;
  frozen ||= freezes;
  await hold(freeze);
  await scheduler.wait(Math.random() * work);
  if (checks) await record({ do: 'check', fence }, () => grant.valid(), { gate, result: (valid) => valid });
  await record(
    { do: 'release', fence },
    async () => {
      grant.release();
      await backend.settled();
    },
    { gate },
  );
}

async function call(gate: string, strategy: Strategy, { work }: Round): Promise<void> {
  await record(
    { do: 'admit' },
    () => enter(coordinator.open(rateLimiter(gate, { ...limits, strategy })), { timeout: 0 }),
    {
      gate,
      result: () => true,
      refused: (error) => (error instanceof BusyError ? false : undefined),
    },
  ).catch(() => undefined);
  await hold(false);
  await scheduler.wait(Math.random() * work);
}

async function meet(gate: string, id: string): Promise<void> {
  await hold(false);
  await record({ do: 'arrive', id }, () => enter(coordinator.open(cyclicBarrier(gate, meeting)), { label: id }), {
    gate,
    result: ({ index }) => ({ index }),
    refused: (error) => {
      if (!(error instanceof BarrierBrokenError)) return undefined;
      const reason = String(error.details['reason']);
      return { broken: reason.startsWith('only ') ? 'timeout' : reason };
    },
  });
}

function use(gate: string, id: string, round: Round): Promise<void> {
  const { kind } = round;
  if (isLease(kind)) return lend(gate, id, kind, round);
  return kind === 'barrier' ? meet(gate, id) : call(gate, kind, round);
}

process.on('message', (round: Round) => {
  frozen = false;
  const parties = round.gates.flatMap((gate) =>
    Array.from({ length: round.parties }, async (_, party) => {
      for (let i = 0; i < round.cycles; i++) {
        // Who hears nothing of it asks again for the next one.
        await use(gate, `${name}.${gate}.${party}.${i}`, round).catch(() => undefined);
      }
    }),
  );
  void Promise.all(parties).then(() => process.send?.('done'));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
