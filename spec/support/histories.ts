import fc from 'fast-check';
import type { Operation, SequentialModel, Time } from '../../lib/testing/linear/sequential.ts';

const ms = 1e6;

/**
 * Writes histories by hand, in milliseconds: `op('a', { do: 'admit' }, 0, 2, true)`. Without an end the outcome is unknown;
 * without a result nobody heard it.
 */
export function op<Op, Result>(
  process: string,
  what: Op,
  call: number,
  end: number | null = null,
  result?: Result,
): Operation<Op, Result> {
  return {
    process,
    op: what,
    call: call * ms,
    return: end === null ? null : end * ms,
    ...(result === undefined ? {} : { result }),
  };
}

/** The same, known to wait since `queued`. */
export const waiting = <Op, Result>(operation: Operation<Op, Result>, queued: number): Operation<Op, Result> => ({
  ...operation,
  queued: queued * ms,
});

/** Whether there is an order that explains a history, found by trying them all. */
export function tryAllOrders<State, Op, Result>(
  model: SequentialModel<State, Op, Result>,
  history: readonly Operation<Op, Result>[],
): boolean {
  const all = model.prepare?.(history) ?? history;
  const start = all.reduce<Time>((least, { call }) => (call < least ? call : least), all[0]?.call ?? 0);
  const since = (time: Time): number => Number(time) - Number(start);
  const explains = (states: readonly State[], left: readonly Operation<Op, Result>[]): boolean => {
    if (states.length === 0) return false;
    if (left.every((operation) => operation.return === null)) return true;
    return left.some((operation) => {
      const others = left.filter((other) => other !== operation);
      if (others.some((other) => other.return !== null && other.return < operation.call)) return false;
      const step = {
        op: operation.op,
        result: operation.result,
        from: since(operation.call),
        to: operation.return === null ? Infinity : since(operation.return),
      };
      return explains(
        states.flatMap((state) => model.step(state, step)),
        others,
      );
    });
  };
  return explains([model.initial], all);
}

export type RegisterOp = { readonly write: number } | 'read' | 'flip';

/** A number that can be written, read, and turned to 0 or 1 by chance. */
export const register: SequentialModel<number, RegisterOp, number> = {
  initial: 0,
  key: String,
  step(value, { op: what, result }) {
    if (what === 'flip') return [0, 1];
    if (what !== 'read') return [what.write];
    return result === undefined || result === value ? [value] : [];
  },
};

export function registers(most: number): fc.Arbitrary<Operation<RegisterOp, number>[]> {
  const value = fc.nat(2);
  const what = fc.oneof(
    fc.record({ op: fc.record({ write: value }) }),
    fc.record({ op: fc.constant<'read'>('read'), result: value }),
    fc.constant({ op: 'flip' as const }),
  );
  return fc.array(
    fc.tuple(what, fc.nat(12), fc.nat(6), fc.nat(6)).map(([request, call, length, open]) => ({
      process: 'p',
      ...request,
      call,
      return: open === 0 ? null : call + length,
    })),
    { maxLength: most },
  );
}
