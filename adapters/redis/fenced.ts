import { ConfigError, StaleFenceError } from '../../lib/errors.ts';
import { knownOptions } from '../../lib/internal/options.ts';
import { type Duration, milliseconds } from '../../lib/time/duration.ts';

/** What is needed of a client of ioredis. */
export interface FencedClient {
  call(command: string, ...args: readonly string[]): Promise<unknown>;
}

export interface FencedOptions {
  /** How long the last fence of a key is remembered after its last write. Default `'1d'`: longer than anybody can be stalled. */
  readonly remember?: Duration;
}

/** A Redis whose keys refuse the writes of those who have lost their lease. */
export interface Fenced {
  /**
   * Carries out one command, unless somebody with a higher fence has written to its key before. Its first argument is the key:
   * `SET`, `HSET`, `INCRBY`, `LPUSH`, `ZADD`, `XADD`, `DEL` and most others. Resolves with the answer of Redis.
   *
   * @param fence `grant.fence` of the lease under which this is written.
   * @throws rejects with StaleFenceError, and nothing is written; ConfigError for a grant without a fence.
   */
  call(fence: number | null, command: string, key: string, ...args: readonly (string | number)[]): Promise<unknown>;
}

/** The last fence is beside the key, in its slot. Numbers of sixteen digits stay texts: Lua would round their print. */
const script = `
local newest = redis.call('GET', KEYS[2])
if newest and tonumber(newest) > tonumber(ARGV[1]) then return {0, newest} end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return {1, redis.call(ARGV[3], KEYS[1], unpack(ARGV, 4))}
`;

/**
 * Makes writes to Redis safe against holders that have stood still: a process that was frozen, swapped out or cut off while its
 * lease lapsed does not know it when it goes on, and no lock can stop it. The store can: it remembers the highest fence it has
 * seen for a key, and refuses lower ones, in one step with the write.
 *
 * Protects those keys only that are written through it. The fences of a key have to come from gates that share their fences:
 * those of one Redis and one prefix, of one name.
 *
 * @param client A client of ioredis, yours: of the server with your data, which need not be the one with the gates.
 * @throws ConfigError for unknown options.
 * @example
 * ```ts
 * const store = fenced(new Redis());
 * await run(mutex('customer-42'), ({ fence }) => store.call(fence, 'HSET', 'customer:42', 'status', 'paid'));
 * ```
 */
export function fenced(client: FencedClient, options: FencedOptions = {}): Fenced {
  knownOptions('fenced()', options, ['remember']);
  const remember = `${milliseconds(options.remember ?? '1d', 'fenced().remember')}`;
  return {
    async call(fence, command, key, ...args) {
      if (fence === null) {
        throw new ConfigError(`${command} ${key}: this grant has no fence.`, {
          hint: 'Fences come with leases: those of a mutex, a semaphore or a quota.',
        });
      }
      const given = [`${fence}`, remember, command, ...args.map(String)];
      const reply = await client.call('EVAL', script, '2', key, fenceOf(key), ...given);
      const [written, answer] = reply as readonly [written: number, answer: unknown];
      if (written === 1) return answer;
      throw new StaleFenceError(`${command} ${key} was refused: fence ${fence} is older than ${String(answer)}.`, {
        hint: 'The lease was lost and somebody else has written since. Stop this work; start it again under a new lease.',
        details: { key, fence, newest: Number(answer) },
      });
    },
  };
}

/** In the slot of the key: its hash tag, or the whole of it. */
const fenceOf = (key: string): string => (/\{[^}]+\}/.test(key) ? `${key}:fence` : `{${key}}:fence`);
