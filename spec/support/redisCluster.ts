/** A Redis Cluster for specs: real nodes on spare loopback ports, without a wait longer than their own messages. */
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { printed } from './printed.ts';
import { type RedisServer, sparePort, startRedis } from './redisServer.ts';

const slots = 16_384;

export interface RedisCluster {
  /** Who has the slots, in order. */
  readonly primaries: readonly RedisServer[];
  /** One for each primary, if there are any. */
  readonly replicas: readonly RedisServer[];
  /** A client that is not connected yet, with options for its nodes. */
  client(redisOptions?: Pick<RedisOptions, 'keyPrefix' | 'protocol' | 'password'>): Cluster;
  /** Moves a slot with all its keys from one primary to another, by their places, in the way of redis-cli. */
  move(slot: number, from: number, to: number): Promise<void>;
  stop(): Promise<void>;
}

const member = async (args: readonly string[]): Promise<RedisServer & { readonly bus: number }> => {
  const bus = await sparePort();
  const server = await startRedis({
    args: ['--cluster-enabled', 'yes', '--cluster-port', `${bus}`, '--repl-diskless-sync-delay', '0', ...args],
  });
  return { ...server, bus };
};

/** Asks one server one thing. */
async function tell(server: RedisServer, command: string, ...args: readonly (string | number)[]): Promise<unknown> {
  const admin = new Redis(server.url);
  try {
    return await admin.call(command, ...args.map(String));
  } finally {
    admin.disconnect();
  }
}

/** Starts `count` primaries that share the slots evenly, each with a replica if that is wanted. */
export async function startCluster({
  count = 3,
  replicas: wanted = false,
  nodeTimeout = 1_000,
  args = [],
}: { count?: number; replicas?: boolean; nodeTimeout?: number; args?: readonly string[] } = {}): Promise<RedisCluster> {
  const all = ['--cluster-node-timeout', `${nodeTimeout}`, '--cluster-replica-validity-factor', '0', ...args];
  const primaries = await Promise.all(Array.from({ length: count }, () => member(all)));
  const replicas = wanted ? await Promise.all(primaries.map(() => member(all))) : [];
  const members = [...primaries, ...replicas];
  const [first] = primaries;
  for (const [i, server] of primaries.entries()) {
    const [from, to] = [i, i + 1].map((part) => Math.floor((part * slots) / count)) as [number, number];
    await tell(server, 'CLUSTER', 'ADDSLOTSRANGE', from, to - 1);
    // Nodes with the same epoch would argue about it before they work.
    await tell(server, 'CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
  }
  for (const other of members)
    if (other !== first) await tell(first!, 'CLUSTER', 'MEET', '127.0.0.1', other.port, other.bus);
  await Promise.all(members.map((server) => printed(server, /Cluster state changed: ok/)));
  for (const [i, replica] of replicas.entries()) {
    const id = (await tell(primaries[i]!, 'CLUSTER', 'MYID')) as string;
    await tell(replica, 'CLUSTER', 'REPLICATE', id);
    await printed(primaries[i]!, /Synchronization with replica \S+ succeeded/);
  }
  return {
    primaries,
    replicas,
    client: (redisOptions = {}) =>
      new Cluster([{ host: '127.0.0.1', port: first!.port }], { lazyConnect: true, redisOptions }),
    move: async (slot, from, to) => {
      const [source, target] = [primaries[from]!, primaries[to]!];
      const [sourceId, targetId] = await Promise.all([
        tell(source, 'CLUSTER', 'MYID'),
        tell(target, 'CLUSTER', 'MYID'),
      ]);
      await tell(target, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId as string);
      await tell(source, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId as string);
      for (;;) {
        const keys = (await tell(source, 'CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
        if (keys.length === 0) break;
        await tell(source, 'MIGRATE', '127.0.0.1', target.port, '', 0, 5_000, 'KEYS', ...keys);
      }
      for (const server of [target, source, ...primaries])
        await tell(server, 'CLUSTER', 'SETSLOT', slot, 'NODE', targetId as string);
    },
    stop: async () => {
      await Promise.all(members.map((server) => server.stop()));
    },
  };
}
