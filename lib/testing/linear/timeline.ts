import { ConfigError } from '../../errors.ts';
import { show } from '../show.ts';
import type { Operation, Step, Time } from './sequential.ts';

/** The call of an operation, or its return. */
export interface Mark<Op, Result> {
  readonly operation: Operation<Op, Result>;
  /** The same object in the call and in the return. */
  readonly step: Step<Op, Result>;
  readonly returns: boolean;
}

/** Calls and returns in the order of time. Of those at one moment calls come first: nobody knows that the other was over before. */
export function timeline<Op, Result>(history: readonly Operation<Op, Result>[]): readonly Mark<Op, Result>[] {
  const since = sinceTheFirstCall(history);
  const marks = history.flatMap((operation): Mark<Op, Result>[] => {
    const { op, result } = operation;
    const from = since(operation.call);
    const to = operation.return === null ? Infinity : since(operation.return);
    if (!(from <= to)) throw new ConfigError(`An operation cannot return before its call: ${show(operation)}.`);
    const step = { op, result, from, to };
    const call = { operation, step, returns: false };
    return to === Infinity ? [call] : [call, { operation, step, returns: true }];
  });
  const at = ({ returns, step }: Mark<Op, Result>): number => (returns ? step.to : step.from);
  return marks.sort((a, b) => at(a) - at(b) || Number(a.returns) - Number(b.returns));
}

/** The clock may have counted for years: the difference of two times is exact as a number, the times are not. */
function sinceTheFirstCall(history: readonly Operation[]): (time: Time) => number {
  const first = history.reduce<Time>((least, { call }) => (call < least ? call : least), history[0]?.call ?? 0);
  return (time) => {
    if (typeof time === 'bigint' && typeof first === 'bigint') return Number(time - first);
    if (typeof time === 'number' && typeof first === 'number') return time - first;
    throw new ConfigError(`The times of a history must all be numbers, or all bigints: ${show(time)}, ${show(first)}.`);
  };
}
