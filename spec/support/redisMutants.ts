/** Scripts that are wrong on purpose: what the server runs is not what was sent. */
import { Redis } from 'ioredis';
import type { RedisClient } from '../../adapters/redis/index.ts';
import { serverTime } from '../../adapters/redis/lua/prelude.ts';
import { makeScripts } from '../../adapters/redis/scripts.ts';

interface Mutation {
  readonly from: string;
  readonly to: string;
}

export type Mutant = 'no owner check' | 'granted twice' | 'no queue';

const mutations: Readonly<Record<Mutant, Mutation>> = {
  /** A release frees whoever holds the lock. */
  'no owner check': {
    from: 'if a and not ARGV[7] then',
    to: `if a and not ARGV[7] then
  local all = redis.call('HGETALL', G)
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 2) == 'h:' then ARGV[5] = string.sub(all[i], 3) end
  end`,
  },
  /** Two fit into a lock. */
  'granted twice': { from: 'local capacity = limit', to: 'local capacity = limit + 1' },
  /** The last one who came is the next one. */
  'no queue': {
    from: `redis.call('ZRANGE', Q, at, at)`,
    to: `redis.call('ZREVRANGE', Q, at, at)`,
  },
};

/** The server knows no script by the digest of the right one, and gets the wrong one with each command. */
class MutantClient extends Redis {
  private readonly server: string;
  private readonly mutation: Mutation;

  constructor(url: string, mutation: Mutation, settings: object) {
    super(url, settings);
    this.server = url;
    this.mutation = mutation;
  }

  override duplicate(settings: object = {}): Redis {
    return new MutantClient(this.server, this.mutation, settings);
  }

  override call(command: string, ...args: unknown[]): Promise<unknown> {
    const [text, ...others] = args.flat() as string[];
    const { from, to } = this.mutation;
    return super.call(command, [text?.replace(from, () => to) ?? '', ...others]);
  }
}

/** Whether a script still has the place that is to be wrong. */
export const mutates = (mutant: Mutant): boolean =>
  (['acquire', 'release'] as const).some((operation) =>
    makeScripts(serverTime).of(operation, 'permits').text.includes(mutations[mutant].from),
  );

export const mutantClient = (url: string, mutant: Mutant): RedisClient =>
  new MutantClient(url, mutations[mutant], { lazyConnect: true });
