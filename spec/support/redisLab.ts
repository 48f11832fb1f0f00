import type { RedisOptions } from 'ioredis';
import type { RedisClient } from '../../adapters/redis/client.ts';
import type { TimeSource } from '../../adapters/redis/lua/prelude.ts';
import { makeBackend, type RedisBackendOptions } from '../../adapters/redis/redisBackend.ts';
import type { Coordinator } from '../../lib/events/Coordinator.ts';
import { createCoordinator } from '../../lib/events/createCoordinator.ts';
import { open } from '../../lib/gates/open.ts';
import type { GateBackend } from '../../lib/gates/port.ts';
import type { GateLab } from '../../lib/testing/contract/lab.ts';
import { drainJobs } from '../../lib/testing/drainJobs.ts';
import { virtualTime, type VirtualTime } from '../../lib/testing/virtualTime.ts';
import type { RedisCluster } from './redisCluster.ts';
import { ioredis6, type Library, type Traffic, watchedClient, WatchedCluster } from './watchedClients.ts';

let labs = 0;
let stamps = 0;

/** Sockets take their real time, however busy the machine is: here no connection is given up. */
const commandTimeout = '1m';

export interface RedisLab extends GateLab {
  readonly backend: GateBackend;
  readonly coordinator: Coordinator;
  readonly clock: VirtualTime;
  readonly prefix: string;
  readonly traffic: Traffic;
  /** Sets the server's clock, and no other, by so many milliseconds. */
  setServerClock(by: number): void;
  /** Another process, as far as the server can tell, on the same clock. */
  twin(): RedisLab;
}

/** A server, and how to talk to it. */
export interface RedisThrough {
  readonly url: string;
  readonly library: Library;
  readonly settings?: RedisOptions;
}

interface Place {
  readonly client: RedisClient;
  readonly time: TimeSource;
}

/**
 * Gates in a real Redis, on a clock that stands still until it is advanced: the coordinator's and the server's, which reads it
 * from a key. `idle` waits for what is really under way.
 */
export function redisLab(
  place: string | RedisCluster | RedisThrough,
  options: Omit<RedisBackendOptions, 'url' | 'client'> = {},
  shared: { readonly clock: VirtualTime; readonly prefix: string; readonly server: { ahead: number } } | null = null,
  epoch = 1_800_000_000_000,
): RedisLab {
  const clock = shared?.clock ?? virtualTime({ epoch });
  const prefix = shared?.prefix ?? `rxbaton-spec-${process.pid}-${++labs}`;
  const traffic: Traffic = { sent: 0, pending: 0, clients: new Set() };
  /** How far the server's clock is ahead of the others, ms. */
  const server = shared?.server ?? { ahead: 0 };
  const micros = (): string => `${Math.round((clock.wall() + server.ahead) * 1000)}`;
  const where = typeof place === 'string' ? { url: place, library: ioredis6 } : place;
  const { client, time } = 'primaries' in where ? onCluster(where) : onServer(where);
  const backend = makeBackend({ prefix, commandTimeout, ...options, client }, { time, drift: () => 0, shortestTtl: 0 });

  function onServer({ url, library, settings }: RedisThrough): Place {
    const clockKey = `${prefix}:clock`;
    const { hostname, port } = new URL(url);
    const client = watchedClient(
      library,
      { host: hostname, port: Number(port), lazyConnect: true, ...settings },
      { traffic, timeFor: () => [clockKey, micros()] },
    );
    // Fences rise although the time does not.
    const time = `
local now = tonumber(redis.call('GET', '${clockKey}'))
local stamp = now + redis.call('INCR', '${clockKey}:stamp')
`;
    return { client, time };
  }

  /** Each slot has its own key with the time, and all of them the same one. */
  function onCluster(cluster: RedisCluster): Place {
    const timeFor = (key: string) => [`${prefix}:clock:${/{.*?}/.exec(key)?.[0]}`, `${micros()} ${++stamps}`] as const;
    const [first] = cluster.primaries;
    const client = new WatchedCluster(first?.port ?? 0, { lazyConnect: true }, { traffic, timeFor });
    const time = `
local now, stamp = string.match(redis.call('GET', '${prefix}:clock:' .. string.match(KEYS[1], '{.-}')), '(%S+) (%S+)')
now = tonumber(now)
stamp = now + tonumber(stamp)
`;
    return { client, time };
  }

  const reported: unknown[] = [];
  const coordinator = createCoordinator({ backend, clock, onError: (error) => reported.push(error) });
  const twins: RedisLab[] = [];

  /** All that was sent has been answered, all messages have arrived, and nothing came of it. */
  const idle = async (): Promise<void> => {
    for (let calm = 0; calm < 2;) {
      const { sent } = traffic;
      await drainJobs();
      while (traffic.pending > 0) await new Promise(setImmediate);
      for (const one of traffic.clients) if (one.status === 'ready') await one.ping().catch(() => undefined);
      await drainJobs();
      calm = traffic.sent === sent && traffic.pending === 0 ? calm + 1 : 0;
    }
  };
  const lab: RedisLab = {
    backend,
    coordinator,
    clock,
    prefix,
    traffic,
    setServerClock: (by) => {
      server.ahead += by;
    },
    open: (spec) => open(spec, coordinator.gates),
    idle: async () => {
      // What one process does reaches the others.
      for (let sent = -1; sent !== total();) {
        sent = total();
        for (const one of [idle, ...twins.map((twin) => twin.idle)]) await one();
      }
    },
    advance: async (ms) => {
      await lab.idle();
      for (let left = ms; left > 0; left--) {
        const { sent } = traffic;
        const before = total();
        await clock.advance(Math.min(1, left));
        if (total() !== before || traffic.sent !== sent) await lab.idle();
      }
    },
    wall: () => clock.wall(),
    unit: 100,
    reported,
    twin: () => {
      const twin = redisLab(place, options, { clock, prefix, server });
      twins.push(twin);
      return twin;
    },
    close: async () => {
      for (const twin of twins) await twin.close();
      await coordinator.close({ deadline: 0 });
      for (const one of traffic.clients) one.disconnect();
    },
  };
  const total = (): number => traffic.sent + twins.reduce((sum, twin) => sum + twin.traffic.sent, 0);
  return lab;
}
