import { knownOptions, oneOf, positiveInteger } from '../internal/options.ts';
import { type Duration, milliseconds } from '../time/duration.ts';
import { named } from './lease.ts';
import { Gathering } from './policies/gathering.ts';
import { teach } from './policies/policyOf.ts';
import type { BarrierSpec } from './spec.ts';

export interface BarrierOptions {
  /** How many must arrive before anybody goes on. */
  readonly parties: number;
  /** How long after the first arrival the others may take. Default: for ever. */
  readonly timeout?: Duration;
  /** What a party that leaves does to those who wait: `'break'` (default) fails them, `'forget'` lets them wait for another one. */
  readonly onLeave?: 'break' | 'forget';
}

/** Describes a meeting point: nobody goes on before `parties` have arrived; then it is ready for the next ones. */
export function cyclicBarrier(name: string, options: BarrierOptions): BarrierSpec {
  const owner = `cyclicBarrier('${named('barrier', name)}')`;
  teach('barrier', (spec) => new Gathering(spec as BarrierSpec));
  knownOptions(owner, options, ['parties', 'timeout', 'onLeave']);
  return {
    kind: 'barrier',
    name,
    parties: positiveInteger(options.parties, `${owner}.parties`),
    timeout: options.timeout === undefined ? Infinity : milliseconds(options.timeout, `${owner}.timeout`),
    onLeave: oneOf(options.onLeave ?? 'break', ['break', 'forget'], `${owner}.onLeave`),
  };
}
