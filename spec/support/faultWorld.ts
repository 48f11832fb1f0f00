/** Real servers, networks with faults, and parties that ask for gates: what the fault specs have in common. */
import { expect } from 'vitest';
import { redisBackend, type RedisBackendOptions } from '../../adapters/redis/index.ts';
import type { CoordinationError } from '../../lib/errors.ts';
import type { Coordinator } from '../../lib/events/Coordinator.ts';
import { createCoordinator } from '../../lib/events/createCoordinator.ts';
import type { AcquireOptions, Grant } from '../../lib/gates/gate.ts';
import { mutex } from '../../lib/gates/mutex.ts';
import { readWriteLock } from '../../lib/gates/readWriteLock.ts';
import { semaphore } from '../../lib/gates/semaphore.ts';
import type { GateSpec } from '../../lib/gates/spec.ts';
import { type Proxy, startProxy } from './proxy.ts';
import { type RedisCluster, startCluster } from './redisCluster.ts';
import { type RedisServer, startRedis } from './redisServer.ts';

/** Short enough for a spec, long enough for a busy machine. */
export const lives = { crashTtl: 1_500, grace: 900, commandTimeout: 600, patience: 1_200 } as const;

/** Somebody who asked for a gate, and what became of it. */
export interface Party {
  readonly label: string;
  /** `asking`, `queued`, then `held` or `spent`; the code of an error; `left`. */
  readonly fate: string;
  readonly grant: Grant;
  readonly error: CoordinationError;
  /** When it was granted, and when it stopped believing so, by the clock of this process; `Infinity`: not yet. */
  readonly grantedAt: number;
  readonly endedAt: number;
  /** Resolves when its fate is, or was, one of these; rejects if it comes to another end, or to none. */
  becomes(...fates: string[]): Promise<void>;
  leave(): void;
}

export interface FaultWorld {
  serve(options?: Parameters<typeof startRedis>[0]): Promise<RedisServer>;
  serveCluster(options?: Parameters<typeof startCluster>[0]): Promise<RedisCluster>;
  network(server: { readonly port: number }): Promise<Proxy>;
  /** A process of its own, as far as Redis can tell. */
  coordinate(options: RedisBackendOptions): Coordinator;
  ask(coordinator: Coordinator, spec: GateSpec, label: string, options?: AcquireOptions): Party;
  /** Ends everything; fails if two grants of one mutex could not be told apart by their fences. */
  end(): Promise<void>;
}

const limit = 20_000;

export function faultWorld(): FaultWorld {
  const stops: (() => Promise<void>)[] = [];
  const coordinators: Coordinator[] = [];
  const asked = new Map<string, { note(fate: string): void }>();
  const fences = new Map<string, (number | null)[]>();

  const watch = (coordinator: Coordinator): Coordinator => {
    coordinators.push(coordinator);
    coordinator.when('rxbaton.gate.queued', ({ who }) => asked.get(who ?? '')?.note('queued'));
    return coordinator;
  };

  return {
    serve: async (options) => {
      const server = await startRedis(options);
      stops.push(server.stop);
      return server;
    },
    serveCluster: async (options) => {
      const cluster = await startCluster(options);
      stops.push(cluster.stop);
      return cluster;
    },
    network: async ({ port }) => {
      const proxy = await startProxy(port);
      stops.push(proxy.stop);
      return proxy;
    },
    coordinate: (options) => {
      const { patience, ...others } = lives;
      const limits = options.onUnavailable === 'wait' ? others : { ...others, patience };
      return watch(createCoordinator({ backend: redisBackend({ ...limits, ...options }) }));
    },
    ask: (coordinator, spec, label, options) => {
      let fate = 'asking';
      let grant: Grant | null = null;
      let error: Error | null = null;
      const past = [fate];
      const watchers = new Set<() => void>();
      const times = { granted: Infinity, ended: Infinity };
      const note = (now: string): void => {
        if (over()) return;
        fate = now;
        past.push(now);
        for (const look of [...watchers]) look();
      };
      const over = (): boolean => fate === 'spent' || fate === 'left' || fate.startsWith('RXB_');
      const end = (now: string): void => {
        times.ended = performance.now();
        note(now);
      };
      asked.set(label, { note });
      const subscription = coordinator
        .open(spec)
        .acquire({ ...options, label })
        .subscribe({
          next: (given) => {
            grant = given;
            times.granted = performance.now();
            const { name } = spec;
            if (spec.kind === 'mutex') fences.set(name, [...(fences.get(name) ?? []), given.fence]);
            note('held');
          },
          error: (cause: unknown) => {
            error = cause as Error;
            end((cause as CoordinationError).code);
          },
          complete: () => end('spent'),
        });
      return {
        label,
        get fate() {
          return fate;
        },
        get grant() {
          if (grant === null) throw new Error(`${label} has no grant: it is ${fate}, ${String(error)}`);
          return grant;
        },
        get error() {
          return error as CoordinationError;
        },
        get grantedAt() {
          return times.granted;
        },
        get endedAt() {
          return times.ended;
        },
        becomes: (...fates) =>
          new Promise((resolve, reject) => {
            const stop = (): void => {
              clearTimeout(timer);
              watchers.delete(look);
            };
            const fail = (why: string): void => {
              stop();
              reject(
                new Error(
                  `${label} is ${fate}, not ${fates.join(' or ')}${why}. ${error === null ? '' : String(error)}`,
                ),
              );
            };
            const timer = setTimeout(() => fail(`, after ${limit} ms`), limit);
            const look = (): void => {
              if (fates.some((one) => past.includes(one))) {
                stop();
                resolve();
              } else if (over()) fail('');
            };
            watchers.add(look);
            look();
          }),
        leave: () => {
          if (!over()) end('left');
          subscription.unsubscribe();
        },
      };
    },
    end: async () => {
      for (const coordinator of coordinators.splice(0)) await coordinator.close({ deadline: 0 });
      for (const stop of stops.splice(0)) await stop();
      asked.clear();
      const given = [...fences.values()];
      fences.clear();
      for (const all of given) expect(new Set(all).size).toBe(all.length);
    },
  };
}

/** Why a lease was lost, a barrier broken. */
export const reasonOf = ({ error }: Party): unknown => error.details['reason'];

const lock = mutex('db');
const pool = semaphore('pool', { permits: 1 });
const short = mutex('short', { ttl: 1_500, renew: false });
const catalogue = readWriteLock('catalogue');

/** Everything that is held for some time, and what nobody can have meanwhile. */
export const leases: readonly (readonly [what: string, spec: GateSpec, next: GateSpec])[] = [
  ['a lock', lock, lock],
  ['a permit', pool, pool],
  ['a lease that nobody renews', short, short],
  ['a lock to read', catalogue.read, catalogue.write],
  ['a lock to write', catalogue.write, catalogue.read],
];

/** Why a holder loses its lease who hears nothing from the server. */
export const silence = (spec: GateSpec): string => ('renew' in spec && !spec.renew ? 'expired' : 'unreachable');
