import { ConfigError } from '../../lib/errors.ts';
import type { BackendEnv, GateBackend } from '../../lib/gates/port.ts';
import type { GateSpec } from '../../lib/gates/spec.ts';
import { expected, knownOptions, oneOf } from '../../lib/internal/options.ts';
import { type Duration, milliseconds } from '../../lib/time/duration.ts';
import type { RedisClient } from './client.ts';
import { type Clocks, realClocks } from './clocks.ts';
import { clusterWires } from './clusterWires.ts';
import { shareOf } from './LocalShare.ts';
import { type Share, together } from './RedisJoint.ts';
import { type PlaceSettings, RedisPlace } from './RedisPlace.ts';
import { wiresLike, wiresTo } from './wires.ts';

/** Where gates are kept in Redis, and what becomes of requests while it is away. One of `url` and `client` is needed. */
export interface RedisBackendOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://` for TLS. Needs the package `ioredis`, 5.4 or later. */
  readonly url?: string;
  /** A client of ioredis, or a Cluster, to take the settings from. It is not used itself: this backend makes its own connections. */
  readonly client?: RedisClient;
  /**
   * What the names of all keys and channels begin with. Default `'rxbaton'`. Programs that share gates share the prefix. With a
   * hash tag, `'{shop}'`, all gates are in one slot of a Cluster, which is where `allOf` can take several of them.
   */
  readonly prefix?: string;
  /** How long a command may take before its connection is replaced. Default 2 s. */
  readonly commandTimeout?: Duration;
  /** How long a lease without a `ttl` survives the death of its process; it is renewed at a third of it. Default 30 s. */
  readonly crashTtl?: Duration;
  /** How long a process may be silent before its waiters lose their places; it is heard of at a third of it. Default 3 s. */
  readonly grace?: Duration;
  /**
   * `'fail'` (default): requests end with `BackendUnavailableError` after `patience` without a server. `'wait'`: they wait for it.
   * `'local'`: this process gives its `share` of limiters and quotas by itself; other gates are refused with `ConfigError`.
   */
  readonly onUnavailable?: 'fail' | 'wait' | 'local';
  /** How long a request goes on without a server; with `'local'`, how long there has to be none. Default 5 s. */
  readonly patience?: Duration;
  /** With `'local'`: what part of each limit this process may give by itself, 0 to 1. For n processes that is 1 / n. */
  readonly share?: number;
}

const known: readonly (keyof RedisBackendOptions)[] = [
  'url',
  'client',
  'prefix',
  'commandTimeout',
  'crashTtl',
  'grace',
  'onUnavailable',
  'patience',
  'share',
];

/**
 * Gates that all processes share which use the same Redis and the same prefix: first come, first served over all of them, with
 * fences that rise even after Redis has lost everything. Pass it to `createCoordinator({ backend })` or `configure({ backend })`.
 *
 * A request that would close a circle of processes that wait for each other is refused with `DeadlockError`.
 *
 * Whoever waits is told over a subscription; nobody polls. A lease is renewed while its work runs, and its holder hears that
 * it is lost before anybody else can be let in, as long as its event loop runs. Connects when the first gate is used, and keeps
 * the process alive only while somebody holds or waits.
 *
 * @throws ConfigError for an option that is missing, unknown or makes no sense.
 * @example
 * ```ts
 * const coordinator = createCoordinator({ backend: redisBackend({ url: 'redis://localhost' }) });
 * ```
 */
export function redisBackend(options: RedisBackendOptions): GateBackend {
  return makeBackend(options, realClocks);
}

/** For specs, whose servers go by another clock than their own. */
export function makeBackend(options: RedisBackendOptions, clocks: Clocks): GateBackend {
  const owner = 'redisBackend()';
  knownOptions(owner, options, known);
  const { url, client, prefix = 'rxbaton', onUnavailable = 'fail' } = options;
  if ((url === undefined) === (client === undefined)) {
    throw new ConfigError(`${owner} needs either a url or a client.`, {
      hint: "For example redisBackend({ url: 'redis://localhost:6379' }).",
    });
  }
  if (url !== undefined && !/^rediss?:\/\//.test(url)) expected(`${owner}.url`, 'a redis:// or rediss:// URL', url);
  if (client !== undefined && typeof client.duplicate !== 'function')
    expected(`${owner}.client`, 'a client of ioredis', client);
  if (typeof prefix !== 'string' || prefix === '' || /\s/.test(prefix))
    expected(`${owner}.prefix`, 'a text without spaces', prefix);
  oneOf(onUnavailable, ['fail', 'wait', 'local'], `${owner}.onUnavailable`);
  if (onUnavailable === 'wait' && options.patience !== undefined)
    expected(`${owner}.patience`, "left out, since requests wait with onUnavailable: 'wait'", options.patience);
  const { share } = options;
  if (onUnavailable === 'local' ? !(typeof share === 'number' && share > 0 && share <= 1) : share !== undefined)
    expected(`${owner}.share`, "a number above 0 and up to 1 with onUnavailable: 'local', else left out", share);
  const duration = (name: 'commandTimeout' | 'crashTtl' | 'grace' | 'patience', otherwise: Duration): number =>
    milliseconds(options[name] ?? otherwise, `${owner}.${name}`);
  const commandTimeout = duration('commandTimeout', '2s');
  const cluster = client?.isCluster === true;
  const wiring =
    client === undefined
      ? wiresTo(url ?? '', commandTimeout)
      : (cluster ? clusterWires : wiresLike)(client, commandTimeout);
  const theirs = client?.options?.keyPrefix ?? client?.options?.redisOptions?.keyPrefix ?? '';
  const settings = {
    wiring,
    cluster,
    prefix: `${theirs}${prefix}`,
    commandTimeout,
    crashTtl: duration('crashTtl', '30s'),
    grace: duration('grace', '3s'),
    patience: onUnavailable === 'wait' ? Infinity : duration('patience', '5s'),
    share: share ?? null,
    clocks,
  };

  let place: RedisPlace | null = null;
  /** Clock and randomness come with the first coordinator. */
  const at = (env: BackendEnv): RedisPlace => (place ??= new RedisPlace(settings, env));

  return {
    kind: 'redis',
    shared: true,
    supports: (spec) => supported(spec, settings),
    open: (spec, key, env) => at(env).open(spec, key, env),
    openAll: (shares, env) => together(shares as readonly Share[], env, at(env)),
    forget: (core) => place?.forget(core) ?? false,
    find: (name) => place?.find(name) ?? null,
    waits: () => place?.waits() ?? [],
    settled: () => place?.debts.settled(),
    close: (closing) => place?.close(closing?.deadline) ?? Promise.resolve(),
  };
}

/** Whether Redis can keep such a gate, or why not. */
function supported(spec: GateSpec, { clocks, share }: Pick<PlaceSettings, 'clocks' | 'share'>): true | string {
  const { shortestTtl } = clocks;
  if ('ttl' in spec && spec.ttl < shortestTtl)
    return `The ttl of '${spec.name}' is ${spec.ttl} ms; over a network it has to be ${shortestTtl} ms or more.`;
  const local = share === null ? null : shareOf(spec, share);
  return typeof local === 'string' ? local : true;
}
