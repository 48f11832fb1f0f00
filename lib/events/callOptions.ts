import type { OperatorFunction } from 'rxjs';
import { allOf } from '../gates/allOf.ts';
import type { GateRef } from '../gates/gate.ts';
import { GateRequest } from '../gates/gateRequest.ts';
import { expected, knownOptions } from '../internal/options.ts';
import { backoff, type Backoff, type Retry } from '../time/backoff.ts';
import { milliseconds, type Duration } from '../time/duration.ts';
import type { AnyFunction, ValueOf } from './handles.ts';
import { isOwn } from './patterns.ts';

/** One or several gates, or a function that picks them by the arguments of the call. */
export type GatesOf<Args extends readonly unknown[]> =
  GateRef | readonly GateRef[] | ((...args: Args) => GateRef | readonly GateRef[]);

/** How the calls of a method or function with these arguments go. */
export interface MethodOptions<Args extends readonly unknown[] = never[]> {
  /**
   * What a call holds while it runs. Several are taken in one fixed order, so that nobody can wait for each other in a
   * ring. A function picks them for each call, with the `this` of the call: `(customer) => mutex('customer:' + customer)`.
   */
  readonly lock?: GatesOf<Args>;
  /** What a call pays before it runs: rate limiters and quotas. Taken together with `lock`, all or nothing. */
  readonly limits?: GatesOf<Args>;
  /** The longest wait for the gates, for each attempt anew; 0 tries once; default: no end. Being refused is never retried. */
  readonly acquireTimeout?: Duration;
  /** The longest that one attempt may take once it has its gates. Then it fails with `CallTimeoutError`. Default: no end. */
  readonly timeout?: Duration;
  /** Cancels the call when it aborts, waiting or running; or a function that finds the signal among the arguments. */
  readonly signal?: AbortSignal | ((...args: Args) => AbortSignal | undefined);
  /**
   * Tries again when an attempt fails: a number of attempts, or more exactly. Each attempt takes its gates and pays its
   * limits again; nothing is held between two of them.
   */
  readonly retry?: number | Retry;
  /**
   * How long a promise that was told to stop keeps its gates. Then they go back although it still runs, and
   * `{name}_abandoned` says so. Default: for ever, because until it settles it may still write.
   */
  readonly abandonAfter?: Duration;
}

/** How the calls of a coordinated function go. */
export interface CallOptions<F extends AnyFunction = AnyFunction, Collected = unknown> extends MethodOptions<
  Parameters<F>
> {
  /** Makes the result out of the values of a stream: `toArray()`, `reduce(...)`. Default: the last value. */
  readonly collect?: OperatorFunction<ValueOf<F>, Collected>;
}

const names = ['lock', 'limits', 'acquireTimeout', 'timeout', 'signal', 'retry', 'abandonAfter', 'collect'];

type GateChoice = GateRef | readonly GateRef[];
type Picks<T> = (this: unknown, ...args: unknown[]) => T;

/** What a coordinated function is, checked and worked out once, when it is made. */
export interface Plan {
  readonly name: string;
  readonly fn: Picks<unknown>;
  readonly started: string;
  readonly complete: string;
  readonly failed: string;
  readonly cancelled: string;
  readonly retrying: string;
  readonly abandoned: string;
  /** For the gates, if they are always the same; `null` if there are none, or if they depend on the arguments. */
  readonly request: GateRequest | null;
  readonly pickRequest: Picks<GateRequest | null> | null;
  readonly timeout: number;
  readonly signal: AbortSignal | Picks<AbortSignal | null> | null;
  readonly retry: Backoff | null;
  readonly abandonAfter: number;
  readonly collect: OperatorFunction<unknown, unknown> | null;
}

/** @throws ConfigError for an unknown option or a value out of range. */
export function planOf(name: string, options: CallOptions, fn: AnyFunction): Plan {
  checkAgentName(name);
  const owner = `coordinate('${name}')`;
  knownOptions(owner, options, names);
  if (typeof fn !== 'function') expected(`The work of ${owner}`, 'a function', fn);
  const { lock, limits, acquireTimeout, timeout, signal = null, retry, abandonAfter, collect = null } = options;
  if (collect !== null && typeof collect !== 'function') expected(`${owner}.collect`, 'an RxJS operator', collect);
  const parts = [gatesIn(lock, `${owner}.lock`), gatesIn(limits, `${owner}.limits`)];
  const varies = parts.some((part) => typeof part === 'function');
  const wait =
    acquireTimeout === undefined ? Infinity : milliseconds(acquireTimeout, `${owner}.acquireTimeout`, { zero: true });
  const requestFor = (gates: readonly GateRef[]): GateRequest | null =>
    gates.length === 0
      ? null
      : new GateRequest(gates.length > 1 ? allOf(...gates) : gates[0]!, { timeout: wait }, owner);
  return {
    name,
    fn: fn as Picks<unknown>,
    started: `${name}_started`,
    complete: `${name}_complete`,
    failed: `${name}_failed`,
    cancelled: `${name}_cancelled`,
    retrying: `${name}_retrying`,
    abandoned: `${name}_abandoned`,
    request: varies ? null : requestFor((parts as GateRef[][]).flat()),
    pickRequest: varies
      ? function (...args) {
          return requestFor(parts.flatMap((part) => (typeof part === 'function' ? part.apply(this, args) : part)));
        }
      : null,
    timeout: timeout === undefined ? Infinity : milliseconds(timeout, `${owner}.timeout`),
    signal:
      typeof signal === 'function'
        ? signalPicker(signal as Picks<unknown>, owner)
        : checkedSignal(signal, `${owner}.signal`),
    retry: retry === undefined ? null : backoff(retry, `${owner}.retry`),
    abandonAfter:
      abandonAfter === undefined ? Infinity : milliseconds(abandonAfter, `${owner}.abandonAfter`, { zero: true }),
    collect: collect,
  };
}

/** @throws ConfigError when the events of a call could not have this name. */
export function checkAgentName(name: string): void {
  if (typeof name !== 'string' || name === '' || name.includes('*') || isOwn(name)) {
    expected('The name of a coordinated function', "some text without '*' that does not begin with 'rxbaton.'", name);
  }
}

/** What `lock` or `limits` was given: a list, or a function that makes one out of the arguments of a call. */
function gatesIn(given: GatesOf<never[]> | undefined, owner: string): readonly GateRef[] | Picks<readonly GateRef[]> {
  if (given === undefined) return [];
  if (typeof given !== 'function') return listed(given, owner);
  return function (...args) {
    return listed((given as Picks<GateChoice>).apply(this, args), `What ${owner} returns`);
  };
}

function listed(given: GateChoice, owner: string): readonly GateRef[] {
  const list = Array.isArray(given) ? (given as readonly GateRef[]) : [given as GateRef];
  for (const gate of list) {
    const described =
      typeof gate === 'object' && (gate as GateRef | null) !== null && ('kind' in gate || 'spec' in gate);
    if (!described && (typeof gate !== 'string' || gate === ''))
      expected(owner, 'a gate, the name of one, or a list of them', gate);
  }
  return list;
}

function signalPicker(pick: Picks<unknown>, owner: string): Picks<AbortSignal | null> {
  return function (...args) {
    return checkedSignal(pick.apply(this, args), `What ${owner}.signal returns`);
  };
}

function checkedSignal(signal: unknown, owner: string): AbortSignal | null {
  if (signal === null || signal === undefined) return null;
  return signal instanceof AbortSignal ? signal : expected(owner, 'an AbortSignal', signal);
}
