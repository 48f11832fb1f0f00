/** A process of its own that uses locks and writes down what it asked for and heard, until it is killed. */
import { appendFileSync } from 'node:fs';
import { scheduler } from 'node:timers/promises';
import { redisBackend, type RedisBackendOptions } from '../../adapters/redis/index.ts';
import { createCoordinator } from '../../lib/events/createCoordinator.ts';
import { enter } from '../../lib/gates/enter.ts';
import { mutex } from '../../lib/gates/mutex.ts';
import { readWriteLock } from '../../lib/gates/readWriteLock.ts';
import { semaphore } from '../../lib/gates/semaphore.ts';
import type { GateSpec } from '../../lib/gates/spec.ts';
import { recorder } from '../../lib/testing/linear/recorder.ts';
import type { LeaseOp, LeaseResult } from '../../lib/testing/linear/sequentialLease.ts';
import { type Mutant, mutantClient } from './redisMutants.ts';
import { permits, type Round } from './round.ts';

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

const record = recorder<LeaseOp, LeaseResult>({
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
function turn({ kind, ttl }: Round, gate: string, i: number): readonly [spec: GateSpec, cost: number, asked: number] {
  const lease = { ttl, renew: false };
  if (kind === 'mutex') return [mutex(gate, lease), 1, 1];
  const all = permits[kind];
  if (kind === 'semaphore') return [semaphore(gate, { permits: all, ...lease }), 1 + (i % all), 1 + (i % all)];
  const { read, write } = readWriteLock(gate, lease);
  return i % 3 === 0 ? [write, all, 1] : [read, 1, 1];
}

let turns = 0;

async function cycle(gate: string, id: string, round: Round): Promise<void> {
  const { work, checks, freezes = false } = round;
  const [spec, part, cost] = turn(round, gate, turns++);
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

process.on('message', (round: Round) => {
  frozen = false;
  const parties = round.gates.flatMap((gate) =>
    Array.from({ length: round.parties }, async (_, party) => {
      for (let i = 0; i < round.cycles; i++) {
        // Who hears nothing of it asks again for the next one.
        await cycle(gate, `${name}.${gate}.${party}.${i}`, round).catch(() => undefined);
      }
    }),
  );
  void Promise.all(parties).then(() => process.send?.('done'));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
