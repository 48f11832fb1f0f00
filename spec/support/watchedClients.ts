/** Clients of a lab: they say when nothing is under way, and bring the time along with each script, since no server has it. */
import { Cluster, type ClusterOptions, Command as Command6, Redis as Redis6, type RedisOptions } from 'ioredis';

/** What the clients of one lab have sent, and whether all of it has been answered. */
export interface Traffic {
  /** How many scripts were sent: for those who count. */
  sent: number;
  pending: number;
  readonly clients: Set<Redis6>;
}

export interface Watch {
  readonly traffic: Traffic;
  /** Key and value that tell a script of this key the time. */
  readonly timeFor: (key: string) => readonly [key: string, value: string];
}

function watched<T>({ traffic }: Watch, work: Promise<T>): Promise<T> {
  traffic.pending++;
  const over = (): void => {
    traffic.pending--;
  };
  work.then(over, over);
  return work;
}

function sendWithTime(
  { Command }: { Command: typeof Command6 },
  watch: Watch,
  command: Command6,
  send: (command: Command6) => unknown,
): unknown {
  if (/^eval/i.test(command.name)) {
    watch.traffic.sent++;
    const set = new Command('SET', [...watch.timeFor(String(command.args[2]))]);
    set.promise.catch(() => undefined);
    send(set);
  }
  return watched(watch, send(command) as Promise<unknown>);
}

/** What the majors of ioredis have in common, as far as a lab needs it. */
export interface Library {
  readonly Redis: typeof Redis6;
  readonly Command: typeof Command6;
}

/** Makes a client that can be watched. */
export function watchedClient(library: Library, settings: RedisOptions, watch: Watch): Redis6 {
  class WatchedClient extends library.Redis {
    constructor() {
      super(settings as never);
      watch.traffic.clients.add(this);
    }

    override duplicate(override?: Partial<RedisOptions>): Redis6 {
      return watchedClient(library, { ...settings, ...override }, watch);
    }

    override connect(callback?: never): Promise<void> {
      return watched(watch, super.connect(callback));
    }

    override sendCommand(command: Command6, stream?: never): unknown {
      return sendWithTime(library, watch, command, (one) => super.sendCommand(one, stream));
    }
  }
  return new WatchedClient();
}

export const ioredis6: Library = { Redis: Redis6, Command: Command6 };

export class WatchedCluster extends Cluster {
  private readonly watcher: Watch;
  private readonly port: number;

  constructor(port: number, options: ClusterOptions, watch: Watch) {
    super([{ host: '127.0.0.1', port }], options as never);
    this.port = port;
    this.watcher = watch;
  }

  override duplicate(_nodes?: never, override?: never): never {
    return new WatchedCluster(this.port, override ?? {}, this.watcher) as never;
  }

  override connect(): Promise<void> {
    return watched(this.watcher, super.connect());
  }

  /** Whoever listens to a node makes a connection to it that is like this one. */
  override nodes(role?: 'all' | 'master' | 'slave'): Redis6[] {
    const nodes = super.nodes(role);
    const { watcher } = this;
    for (const node of nodes)
      node.duplicate = ((override: RedisOptions) =>
        watchedClient(ioredis6, { ...node.options, ...override }, watcher)) as never;
    return nodes;
  }

  override sendCommand(command: Command6, stream?: never, node?: never): unknown {
    return sendWithTime(ioredis6, this.watcher, command, (one) => super.sendCommand(one, stream, node));
  }
}
