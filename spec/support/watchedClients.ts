/** Clients of a lab: they say when nothing is under way, and bring the time along with each script, since no server has it. */
import { Cluster, type ClusterOptions, Command, Redis, type RedisOptions } from 'ioredis';

/** What the clients of one lab have sent, and whether all of it has been answered. */
export interface Traffic {
  /** How many scripts were sent: for those who count. */
  sent: number;
  pending: number;
  readonly clients: Set<Redis>;
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

function sendWithTime(watch: Watch, command: Command, send: (command: Command) => unknown): unknown {
  if (/^eval/i.test(command.name)) {
    watch.traffic.sent++;
    const set = new Command('SET', [...watch.timeFor(String(command.args[2]))]);
    set.promise.catch(() => undefined);
    send(set);
  }
  return watched(watch, send(command) as Promise<unknown>);
}

export class WatchedClient extends Redis {
  private readonly watcher: Watch;
  private readonly settings: RedisOptions;

  constructor(settings: RedisOptions, watch: Watch) {
    super(settings as never);
    this.settings = settings;
    this.watcher = watch;
    watch.traffic.clients.add(this);
  }

  override duplicate(override?: Partial<RedisOptions>): Redis {
    return new WatchedClient({ ...this.settings, ...override }, this.watcher);
  }

  override connect(callback?: never): Promise<void> {
    return watched(this.watcher, super.connect(callback));
  }

  override sendCommand(command: Command, stream?: never): unknown {
    return sendWithTime(this.watcher, command, (one) => super.sendCommand(one, stream));
  }
}

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
  override nodes(role?: 'all' | 'master' | 'slave'): Redis[] {
    const nodes = super.nodes(role);
    const { watcher } = this;
    for (const node of nodes)
      node.duplicate = ((override: RedisOptions) =>
        new WatchedClient({ ...node.options, ...override }, watcher)) as never;
    return nodes;
  }

  override sendCommand(command: Command, stream?: never, node?: never): unknown {
    return sendWithTime(this.watcher, command, (one) => super.sendCommand(one, stream, node));
  }
}
