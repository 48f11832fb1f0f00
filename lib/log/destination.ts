/** Where the events of a coordinator are to go: checked, and not yet opened. */
import { ConfigError } from '../errors.ts';
import { knownOptions, positiveInteger } from '../internal/options.ts';
import { checkLog } from './deliveryOptions.ts';
import type { Environment } from './environment.ts';
import type { EventLog } from './EventLog.ts';
import { fileAdapter, type FileLogOptions } from './fileAdapter.ts';
import { memoryLog } from './memoryLog.ts';
import { checkPersistOptions, persistOptionNames, type PersistOptions } from './persist.ts';
import { settings, type BrokerKind, type ConfigSettings } from './settings.ts';

/** Options of `configureBroker('memory')`, beside those of `persist`. */
export interface MemoryBrokerOptions extends PersistOptions {
  /** How many events are kept. Default 10,000. */
  readonly keep?: number;
}

/** Options of `configureBroker('file')`: those of `fileLog` and of `persist`. */
export type FileBrokerOptions = PersistOptions & Partial<Omit<FileLogOptions, 'readOnly' | 'submit'>>;

/** Options of `configureBroker('redis')`, beside those of `persist`. */
export interface RedisBrokerOptions extends PersistOptions {
  /** Default `'redis://localhost:6379'`. `rediss://` for TLS. */
  readonly url?: string;
  readonly password?: string;
  /** 0 to 15. Default 0. */
  readonly database?: number;
  /** In front of every key, 1 to 50 characters. Default `'rxbaton:'`. */
  readonly prefix?: string;
}

export interface Destination {
  /** What was said of it in code: settings by their names, and options that only the log and `persist` understand. */
  readonly given: Readonly<Record<string, unknown>>;
  /** What is written to. Two who write to the same would get in each other's way. */
  readonly store: unknown;
  /** It is closed when events go elsewhere, since nobody else has it. */
  readonly owned: boolean;
  readonly persist: PersistOptions;
  open(): EventLog | PromiseLike<EventLog>;
}

type Options = Readonly<Record<string, unknown>>;

/** How many events a broker keeps in memory: a program that runs for weeks must not grow by its events. */
const keptInMemory = 10_000;

/** Those of `fileLog`, which is not there to be asked before it is loaded. The compiler sees to it that none is missing. */
const fileOptions: Readonly<Record<Exclude<keyof FileBrokerOptions, keyof PersistOptions>, true>> = {
  directory: true,
  fsync: true,
  segmentBytes: true,
  retention: true,
  codec: true,
  clock: true,
  maxCommitBytes: true,
};

/**
 * One of the places that have a name; `null`: events go nowhere. What `options` leaves open is taken from the environment.
 *
 * @throws ConfigError
 */
export function destinationOf(kind: BrokerKind, options: Options, environment: Environment): Destination | null {
  return places[kind](`configureBroker('${kind}')`, options, environment);
}

/**
 * A log that somebody else has made.
 *
 * @throws ConfigError
 */
export function ownLog(log: EventLog | PromiseLike<EventLog>, options: object): Destination {
  const owner = 'configureBroker(log)';
  const pending = typeof (log as Partial<PromiseLike<EventLog>>).then === 'function';
  checkPersistOptions(owner, options);
  checkLog(log, owner, (options as PersistOptions).durability);
  // It may have to wait for its turn: whoever asked hears of its failure then, and it must not count as unhandled before.
  if (pending) (log as PromiseLike<EventLog>).then(undefined, () => undefined);
  return { given: { ...options }, store: log, owned: false, persist: options, open: () => able(log, options, owner) };
}

/** The log, if it can do what `persist` wants of it. */
function able(
  log: EventLog | PromiseLike<EventLog>,
  { durability }: PersistOptions,
  owner: string,
): EventLog | PromiseLike<EventLog> {
  checkLog(log, owner, durability);
  return 'then' in log ? log.then((opened) => (checkLog(opened, owner, durability), opened)) : log;
}

const places: Readonly<
  Record<BrokerKind, (owner: string, options: Options, environment: Environment) => Destination | null>
> = {
  none(owner, options) {
    knownOptions(owner, options, []);
    return null;
  },

  memory(owner, options) {
    const { own, persist } = split(owner, options, ['keep']);
    const keep = positiveInteger((own['keep'] ?? keptInMemory) as number, `${owner}.keep`);
    // Made once: it can be gone back to.
    const log = memoryLog({ keep });
    checkLog(log, owner, persist.durability);
    return { given: options, store: log, owned: false, persist, open: () => log };
  },

  file(owner, options, environment) {
    const { own, persist } = split(owner, options, Object.keys(fileOptions));
    const given = checked(owner, { directory: own['directory'] });
    const directory = given.directory ?? environment.directory ?? settings.directory.fallback;
    return {
      given: { ...options, ...given },
      store: directory,
      owned: true,
      persist,
      async open() {
        const log = await (await fileAdapter()).fileLog({ ...own, directory });
        try {
          checkLog(log, owner, persist.durability);
        } catch (error) {
          await log.close();
          throw error;
        }
        return log;
      },
    };
  },

  redis(owner, options) {
    const { url, password, database, prefix } = split(owner, options, ['url', 'password', 'database', 'prefix']).own;
    checked(owner, { redisUrl: url, redisPassword: password, redisDatabase: database, prefix });
    throw new ConfigError('There is no log in Redis in this version: nothing would be kept.', {
      hint: "Keep events with configureBroker('file') or RXBATON_BACKEND=file, or pass an EventLog of your own.",
      details: { backend: 'redis' },
    });
  },
};

/** The options of the log and those of `persist`, which are checked. */
function split(owner: string, options: Options, names: readonly string[]): { own: Options; persist: PersistOptions } {
  knownOptions(owner, options, [...names, ...persistOptionNames]);
  const part = (mine: boolean): Options =>
    Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name) === mine));
  const persist = part(false) as PersistOptions;
  checkPersistOptions(owner, persist);
  return { own: part(true), persist };
}

/** Those settings that are there. */
function checked(owner: string, given: { readonly [K in keyof ConfigSettings]?: unknown }): Partial<ConfigSettings> {
  const there = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    there.map(([name, value]) => {
      const option = name.replace(/^redis(.)/, (_, first: string) => first.toLowerCase());
      return [name, settings[name as keyof ConfigSettings].check(value, `${owner}.${option}`)];
    }),
  );
}
