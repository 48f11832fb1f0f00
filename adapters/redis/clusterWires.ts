import { type Connection, expectFailures, type RedisClient, settings } from './client.ts';
import type { Wires, Wiring } from './wires.ts';

/** What is needed of a Cluster of ioredis. */
interface ClusterClient extends Omit<Connection, 'duplicate'> {
  /** The addresses of those who have a slot, its primary first. */
  readonly slots: readonly (readonly string[] | undefined)[];
  nodes(role: 'all' | 'master'): readonly NodeClient[];
  refreshSlotsCache(): unknown;
  duplicate(nodes: readonly unknown[], override: Record<string, unknown>): ClusterClient;
}

interface NodeClient extends Connection {
  readonly options: { readonly host?: string; readonly port?: number };
  ssubscribe?(channel: string): Promise<unknown>;
  sunsubscribe?(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
}

/** One node's connection for messages, shared by all wires that listen there. */
interface Ear {
  readonly client: NodeClient;
  readonly ready: Promise<unknown>;
  readonly listeners: Map<string, (text: string) => void>;
  /** Told when it ends. */
  readonly watchers: Set<(cause: unknown) => void>;
}

/** What wires need of the connections that they share. */
interface Shared {
  readonly ready: Promise<void>;
  readonly over: boolean;
  join(member: object, onEnd: (cause: unknown) => void): void;
  leave(member: object): void;
  hold(member: object, alive: boolean): void;
  nodeOf(slot: number): NodeClient;
  /** Asks again who has which slots. */
  refresh(): void;
  call(command: string, args: readonly string[]): Promise<unknown>;
  /** Messages to a channel of this slot; resolves with what scripts call the channel. */
  listen(
    slot: number,
    channel: string,
    onMessage: (text: string) => void,
    onEnd: (cause: unknown) => void,
  ): Promise<Listening>;
}

interface Listening {
  readonly name: string;
  sync(): Promise<unknown>;
  end(): void;
}

/**
 * Wires to the nodes of a cluster. ioredis finds the node of a slot and follows it when it moves. Messages come over plain
 * connections to the primaries: scripts publish to the shard of their slot, or to the whole cluster where the server or the
 * client knows no shards yet. The end of the name of a channel says which, see \`lua/turnstile.ts\`.
 */
export function clusterWires(cluster: RedisClient, commandTimeout: number): Wiring {
  let latest: Shared | null = null;
  const shared = (): Shared => {
    if (latest === null || latest.over) latest = share(cluster as unknown as ClusterClient, commandTimeout);
    return latest;
  };

  return (slot, { onMessage, onEnd }) => {
    const all = shared();
    const member = {};
    let listening: Listening | null = null;
    let node: NodeClient | null = null;
    let over = false;
    all.join(member, onEnd);

    const wires: Wires = {
      open: async (channel) => {
        await all.ready;
        try {
          node = all.nodeOf(slot);
          listening = await all.listen(slot, channel, onMessage, onEnd);
        } catch (cause) {
          // Somebody else may have the slot by now.
          all.refresh();
          throw cause;
        }
        if (over) listening.end();
        return listening.name;
      },
      call: (command, args) =>
        all.call(command, args).catch((cause: unknown) => {
          // It was not answered: whatever is still stuck in this socket must not be carried out later.
          if ((cause as Error).name !== 'ReplyError') node?.disconnect();
          throw cause;
        }),
      sync: () => listening?.sync() ?? Promise.reject(new Error('There is no connection.')),
      hold: (alive) => all.hold(member, alive),
      cut: () => {
        over = true;
        listening?.end();
        all.leave(member);
      },
    };
    return wires;
  };
}

function share(like: ClusterClient, commandTimeout: number): Shared {
  const own = settings(commandTimeout);
  const cluster = like.duplicate([], {
    lazyConnect: true,
    // Only while a node is being connected, within the deadlines of the commands.
    enableOfflineQueue: true,
    enableAutoPipelining: false,
    shardedSubscribers: false,
    scaleReads: 'master',
    keyPrefix: '',
    clusterRetryStrategy: () => null,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: commandTimeout,
    slotsRefreshInterval: 0,
    redisOptions: own,
  });
  const members = new Map<object, (cause: unknown) => void>();
  const awake = new Set<object>();
  const ears = new Map<string, Ear>();
  let over = false;
  let sharded = false;
  let trouble: unknown = new Error('The cluster is out of reach.');

  const wake = (client: Pick<Connection, 'stream'>): void => {
    if (awake.size > 0) client.stream?.ref();
    else client.stream?.unref();
  };
  const wakeAll = (): void => {
    for (const client of [...cluster.nodes('all'), ...[...ears.values()].map((ear) => ear.client)]) wake(client);
  };
  const end = (): void => {
    if (over) return;
    over = true;
    for (const { client } of ears.values()) client.disconnect();
    cluster.disconnect();
    for (const onEnd of [...members.values()]) onEnd(trouble);
  };

  const remember = (cause: unknown): void => {
    trouble = cause;
  };
  cluster.on('error', remember);
  cluster.on('node error', remember);
  cluster.on('+node', (node) => {
    const client = node as NodeClient;
    client.on('connect', () => wake(client));
    client.on('error', () => expectFailures(client));
  });
  cluster.on('end', end);

  const ready = (async () => {
    await cluster.connect();
    const known = (await cluster.call('COMMAND', ['INFO', 'SPUBLISH'])) as readonly unknown[];
    sharded = known[0] !== null && typeof cluster.nodes('master')[0]?.ssubscribe === 'function';
  })();
  ready.catch(end);

  const nodeOf = (slot: number): NodeClient => {
    const address = cluster.slots[slot]?.[0];
    const node = cluster.nodes('all').find(({ options }) => `${options.host}:${options.port}` === address);
    if (node === undefined) throw new Error(`No node of the cluster has slot ${slot}.`, { cause: trouble });
    return node;
  };

  const earAt = (node: NodeClient): Ear => {
    const address = sharded ? `${node.options.host}:${node.options.port}` : '';
    const known = ears.get(address);
    if (known !== undefined) return known;
    const client = node.duplicate({ ...own, readOnly: false }) as NodeClient;
    let cause: unknown = new Error('The connection ended.');
    const ear: Ear = { client, ready: client.connect(), listeners: new Map(), watchers: new Set() };
    ears.set(address, ear);
    client.on('connect', () => wake(client));
    client.on('error', (error) => {
      cause = error;
      expectFailures(client);
    });
    // A slot has moved, with all subscriptions to its channels. ioredis answers such a SSUBSCRIBE with this event only.
    client.on('moved', () => {
      cause = new Error('A slot has moved to another node.');
      cluster.refreshSlotsCache();
      client.disconnect();
    });
    client.on('end', () => {
      ears.delete(address);
      for (const watch of [...ear.watchers]) watch(cause);
    });
    client.on(sharded ? 'smessage' : 'message', (channel, text) =>
      ear.listeners.get(channel as string)?.(text as string),
    );
    return ear;
  };

  return {
    ready,
    get over() {
      return over;
    },
    join(member, onEnd) {
      members.set(member, onEnd);
      awake.add(member);
    },
    leave(member) {
      members.delete(member);
      this.hold(member, false);
      if (members.size === 0) end();
    },
    hold(member, alive) {
      const before = awake.size > 0;
      if (alive) awake.add(member);
      else awake.delete(member);
      if (before !== awake.size > 0) wakeAll();
    },
    nodeOf,
    refresh: () => cluster.refreshSlotsCache(),
    call: (command, args) => cluster.call(command, args),
    async listen(slot, channel, onMessage, onEnd) {
      const ear = earAt(nodeOf(slot));
      const name = `${channel}${sharded ? ':shard' : ':cluster'}`;
      const subscribe = (): Promise<unknown> =>
        sharded ? (ear.client.ssubscribe?.(name) ?? Promise.resolve()) : ear.client.subscribe(name);
      const end = (): void => {
        ear.watchers.delete(onEnd);
        if (ear.listeners.get(name) !== onMessage) return;
        ear.listeners.delete(name);
        const gone = sharded ? ear.client.sunsubscribe?.(name) : ear.client.unsubscribe(name);
        gone?.catch(() => undefined);
      };
      ear.watchers.add(onEnd);
      ear.listeners.set(name, onMessage);
      try {
        await ear.ready;
        await subscribe();
      } catch (cause) {
        end();
        throw cause;
      }
      // Said again: the slot may have moved away, and with it all subscriptions to its channels.
      return { name, sync: subscribe, end };
    },
  };
}
