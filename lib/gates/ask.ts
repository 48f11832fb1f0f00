import { expected, knownOptions, show } from '../internal/options.ts';
import { ConfigError } from '../errors.ts';
import { milliseconds } from '../time/duration.ts';
import type { AcquireOptions } from './gate.ts';
import type { Ask, GateCore } from './port.ts';
import { type GateSpec, unitOf } from './spec.ts';

const known: readonly (keyof AcquireOptions)[] = ['cost', 'timeout', 'signal', 'priority', 'owner', 'label', 'key'];

const whole: readonly GateSpec['kind'][] = ['mutex', 'semaphore', 'readWriteLock'];

/** A request without wishes: what most requests are, and one object for all of them. */
export const plainAsk: Ask = { cost: 1, priority: 0, timeout: Infinity, label: undefined };

export function costOf(cost: number, owner: string): number {
  return typeof cost === 'number' && cost > 0 && cost < Infinity
    ? cost
    : expected(`${owner}.cost`, 'a positive number', cost);
}

/** Whoever reads takes what readers take. */
export function checkReading(cost: number, owner: string): void {
  if (cost !== 1) expected(`${owner}.cost`, 'left out where somebody reads', cost);
}

/** Permits are whole: half of one would let two into a lock. Only readers share one. */
export function checkCost({ spec }: GateCore, cost: number): void {
  if (spec.kind === 'readWriteLock' && cost === unitOf({ ...spec, mode: 'read' })) return;
  if (whole.includes(spec.kind) && !Number.isInteger(cost)) {
    expected(`cost of '${spec.name}'`, 'a whole number of permits', cost);
  }
}

/** What options ask for, checked. `more` names the options of the caller that are read elsewhere. */
export function askOf(options: AcquireOptions, owner: string, more: readonly string[] = []): Ask {
  knownOptions(owner, options, more.length === 0 ? known : [...known, ...more]);
  const { cost = 1, priority = 0, timeout = Infinity, label, signal, key } = options;
  if (!Number.isInteger(priority) || priority < -4096 || priority > 4095) {
    expected(`${owner}.priority`, 'an integer from -4096 to 4095', priority);
  }
  if (label !== undefined && typeof label !== 'string') expected(`${owner}.label`, 'a string', label);
  if (key !== undefined && typeof key !== 'string') expected(`${owner}.key`, 'a string', key);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new ConfigError(`${owner}.signal must be an AbortSignal, not ${show(signal)}.`);
  }
  if (cost === 1 && priority === 0 && timeout === Infinity && label === undefined) return plainAsk;
  return {
    cost: costOf(cost, owner),
    priority,
    timeout: milliseconds(timeout, `${owner}.timeout`, { zero: true, infinite: true }),
    label,
  };
}
