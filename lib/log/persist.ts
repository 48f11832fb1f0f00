import type { Subscription } from 'rxjs';
import { ConfigError } from '../errors.ts';
import type { Coordinator } from '../events/Coordinator.ts';
import { disposable } from '../events/handlerSubscription.ts';
import type { Kernel } from '../events/kernel.ts';
import { compile, type Compiled, type Selector } from '../events/patterns.ts';
import type { HandlerSubscription } from '../events/signatures.ts';
import type { Overflow } from '../internal/backlog.ts';
import { expected, flag, knownOptions, show } from '../internal/options.ts';
import { checkLog, delivery, deliveryOptionNames, type DeliveryOptions } from './deliveryOptions.ts';
import { deadLetterStore } from './deadLetterStore.ts';
import { eventText } from './eventText.ts';
import type { EventLog } from './EventLog.ts';
import { Keeper, type KeeperOptions } from './Keeper.ts';
import { redaction } from './redaction.ts';

/** What is kept, and how. */
export interface PersistOptions extends DeliveryOptions {
  /** The stream of the log. Default `'events'`. */
  readonly stream?: string;
  /** One or several selectors, as `when` takes them. Default: every event but the library's own; `'rxbaton.gate.*'` has those. */
  readonly names?: Selector | readonly Selector[];
  /** How many events may be on their way to the log. Default 100,000. */
  readonly maxBuffer?: number;
  /**
   * What one more meets. `'error'` (default): it is not kept, which counts as a failure. `'drop-newest'` and `'drop-oldest'`: it,
   * or the oldest that is not under way yet, is not kept, and `rxbaton.persist_dropped` says so.
   */
  readonly overflow?: Overflow;
  /** `args: false` and `result: false` leave the arguments and the results of calls out of their events. Default: both are kept. */
  readonly record?: { readonly args?: boolean; readonly result?: boolean };
  /**
   * Places in the data that are kept as `[redacted]`: `'data.apiKey'`, `'data.*.token'` (`*`: any one key or index),
   * `'**.password'` (`**`: any number of keys, also none). The events themselves keep their values.
   */
  readonly redact?: readonly string[];
  /** Gets what could not be kept, and why, instead of the `onError` of the coordinator. */
  readonly onError?: (error: unknown, what: string) => void;
}

/** Events on their way to a log. Unsubscribing takes no more of them; those that were taken arrive all the same. */
export interface Persistence extends HandlerSubscription {
  /** How many events are in the log. */
  readonly kept: number;
  /** How many are not, and will not be: they failed or were dropped. */
  readonly lost: number;
  /** How many are on their way. */
  readonly pending: number;
  /** Unsubscribes, and resolves when nothing is on its way any more, dead letters included: the log may be closed then. */
  stop(): Promise<void>;
}

export const persistOptionNames: readonly (keyof PersistOptions)[] = [
  ...deliveryOptionNames,
  'names',
  'record',
  'redact',
  'onError',
];

/**
 * Keeps the events of a coordinator in a log, in order, from now on. Each is an entry like any other, `{ name, id, seq,
 * timestamp, ... data }`, in the words of `losslessCodec`.
 *
 * Emitting costs a place in a list. At the end of the turn (of the running job, before any timer) what was emitted becomes text
 * and goes out as one commit; what comes while one is under way makes up the next. So what happens to the data of an event
 * before the end of its turn is kept too: `freeze: true` forbids it. Data of `emit` that cannot be written is a `CodecError`
 * with its path, and that event alone is not kept; of the arguments and results of calls, which were never meant for
 * paper, it becomes `{ $opaque: 'Function' }`.
 *
 * What is lost goes to `onError` and is told with `rxbaton.persist_failed` or `rxbaton.persist_dropped`, neither of which is ever
 * kept itself. The coordinator's `settled()` waits until nothing is on its way, and so does `close()`, until its deadline. The log
 * stays open.
 *
 * The dead letters of the coordinator are kept there too, in the stream `'dead-letters'` (or `'<stream>.dead-letters'`), so that
 * they outlive the process.
 *
 * @param log A log, or the promise of one: until it is there, events wait.
 * @throws ConfigError for an unknown option or a value that makes no sense, and for a durability that the log does not have.
 * @example
 * ```ts
 * const kept = persist(coordinator, memoryLog(), { names: ['order_*'], redact: ['data.card', '**.password'] });
 * coordinator.emit('order_paid', { id: 7, card: '4111 ...' });   // {"name":"order_paid", ... "data":{"id":7,"card":"[redacted]"}}
 * await coordinator.settled();
 * console.log(kept.kept, kept.lost);                             // 1 0
 * ```
 */
export function persist(
  coordinator: Pick<Coordinator, 'settled' | 'close'>,
  log: EventLog | PromiseLike<EventLog>,
  options: PersistOptions = {},
): Persistence {
  const kernel = coordinator as unknown as Kernel;
  if (typeof (coordinator as Partial<Kernel> | null)?.tap !== 'function')
    throw new ConfigError(`persist() needs a coordinator, as createCoordinator() makes it, not ${show(coordinator)}.`);
  const { selected, ...settings } = settingsOf(options, 'persist()');
  checkLog(log, 'persist()', settings.durability);
  kernel.admit('persist()');
  const keeper = new Keeper(kernel, log, settings);
  const tap = kernel.tap(selected, keeper);
  const { deadLetters } = kernel;
  const settled: (() => Promise<unknown>)[] = [() => keeper.settled()];
  if (deadLetters.limit > 0) {
    const { stream, text: encode } = settings;
    const letters = stream === 'events' ? 'dead-letters' : `${stream}.dead-letters`;
    const store = deadLetterStore(log, { limit: deadLetters.limit, stream: letters, encode });
    tap.add(deadLetters.keepIn(store));
    settled.push(() => store.settled());
  }
  return handleOf(keeper, tap, async () => {
    await Promise.all(settled.map((each) => each()));
  });
}

function handleOf(keeper: Keeper, tap: Subscription, settled: () => Promise<void>): Persistence {
  const handle = disposable(() => {
    tap.unsubscribe();
  });
  // The coordinator is closed.
  tap.add(handle);
  const facts = {
    get kept(): number {
      return keeper.kept;
    },
    get lost(): number {
      return keeper.lost;
    },
    get pending(): number {
      return keeper.pending;
    },
    stop(): Promise<void> {
      handle.unsubscribe();
      return settled();
    },
  };
  return Object.defineProperties(handle, Object.getOwnPropertyDescriptors(facts)) as HandlerSubscription & typeof facts;
}

/** For whoever persists later. @throws ConfigError as `persist` would. */
export function checkPersistOptions(owner: string, options: PersistOptions): void {
  settingsOf(options, owner);
}

function settingsOf(options: PersistOptions, owner: string): KeeperOptions & { readonly selected: Compiled } {
  knownOptions(owner, options, persistOptionNames);
  const { stream = 'events', maxBuffer = 100_000, names = '*', record = {}, redact = [], onError = null } = options;
  knownOptions(`${owner}.record`, record, ['args', 'result']);
  const { args = true, result = true } = record;
  if (onError !== null && typeof onError !== 'function') expected(`${owner}.onError`, 'a function', onError);
  return {
    ...delivery({ ...options, stream, maxBuffer }, owner),
    selected: anyOf(Array.isArray(names) ? (names as readonly Selector[]) : [names as Selector]),
    text: eventText({
      args: flag(args, `${owner}.record.args`),
      result: flag(result, `${owner}.record.result`),
      redaction: redaction(redact, `${owner}.redact`),
    }),
    onError,
  };
}

/** Several selectors as one, so that an event which two of them mean is kept once. Never what persisting itself has to say. */
function anyOf(selectors: readonly Selector[]): Compiled {
  const parts = selectors.map(compile);
  const matches = (of: Compiled, name: string): boolean => of.matches(name) && !name.startsWith('rxbaton.persist_');
  return {
    label: parts.map(({ label }) => label).join(', '),
    name: null,
    matches: (name) => parts.some((part) => matches(part, name)),
    accepts: parts.some(({ accepts }) => accepts !== null)
      ? (event) => parts.some((part) => matches(part, event.name) && (part.accepts?.(event) ?? true))
      : null,
  };
}
