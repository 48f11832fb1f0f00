import type { Overflow } from '../internal/backlog.ts';
import { oneOf, positiveInteger, show } from '../internal/options.ts';
import { ConfigError } from '../errors.ts';
import { backoff, type Retry } from '../time/backoff.ts';
import { checkDurability, durabilities } from './appendRequest.ts';
import { name } from './checks.ts';
import type { Durability, EventLog } from './EventLog.ts';
import type { OutboxOptions } from './Outbox.ts';

/** How values get to a log. */
export interface DeliveryOptions {
  /** The stream of the log. */
  readonly stream?: string;
  /** How many may be on their way to the log. */
  readonly maxBuffer?: number;
  /** What one more meets. */
  readonly overflow?: Overflow;
  /** What must have happened to a value before it counts as kept. Default: the strongest that the log has. */
  readonly durability?: Durability;
  /**
   * How often a commit is tried while the log cannot be reached (`LogUnavailableError`). Default: 10 times within about half a
   * minute, `{ attempts: 10, delay: 100, maxDelay: '10s' }`. What comes meanwhile waits in the buffer.
   */
  readonly retry?: number | Retry;
}

export const deliveryOptionNames: readonly (keyof DeliveryOptions)[] = [
  'stream',
  'maxBuffer',
  'overflow',
  'durability',
  'retry',
];

/** Options that were checked. */
export interface Delivery extends OutboxOptions {
  readonly maxBuffer: number;
  readonly overflow: Overflow;
}

const patient: Retry = { attempts: 10, delay: 100, maxDelay: '10s' };

/** @throws ConfigError */
export function delivery(
  options: Required<Pick<DeliveryOptions, 'stream' | 'maxBuffer'>> & DeliveryOptions,
  owner: string,
): Delivery {
  const { stream, maxBuffer, overflow = 'error', durability, retry = patient } = options;
  if (durability !== undefined) oneOf(durability, durabilities, `${owner}.durability`);
  return {
    stream: name(stream, `${owner}.stream`),
    maxBuffer: positiveInteger(maxBuffer, `${owner}.maxBuffer`),
    overflow: oneOf(overflow, ['error', 'drop-oldest', 'drop-newest'], `${owner}.overflow`),
    durability,
    retry: backoff(retry, `${owner}.retry`),
  };
}

/** @throws ConfigError when it is neither a log nor the promise of one, and for a log that cannot promise this durability. */
export function checkLog(log: EventLog | PromiseLike<EventLog>, owner: string, durability?: Durability): void {
  const { append, then, capabilities } = (log ?? {}) as Partial<EventLog> & { readonly then?: unknown };
  if (typeof append !== 'function' && typeof then !== 'function')
    throw new ConfigError(`${owner} needs a log, or the promise of one, not ${show(log)}.`);
  if (durability !== undefined && capabilities !== undefined)
    checkDurability(durability, capabilities.durability, `${owner}.durability`);
}
