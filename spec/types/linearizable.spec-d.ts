import { describe, expectTypeOf, it } from 'vitest';
import {
  historyOf,
  linearizable,
  linearize,
  recorder,
  sequentialBarrier,
  sequentialBucket,
  sequentialLease,
  type BarrierOp,
  type BarrierResult,
  type BarrierState,
  type LeaseOp,
  type LeaseResult,
  type LimiterOp,
  type Operation,
  type SequentialModel,
} from 'rxbaton/testing';

const lease = sequentialLease({ ttl: '1s', fifo: true });

describe('histories', () => {
  it('are judged by a model of the same operations', () => {
    const history: Operation<LeaseOp, LeaseResult>[] = [
      { process: 1, op: { do: 'acquire', id: 'a' }, call: 0, queued: 1, return: 2, result: { fence: 1 } },
      { process: 'b', gate: 'db', op: { do: 'release', fence: 1 }, call: 0n, return: null },
    ];
    expectTypeOf(linearizable<unknown, LeaseOp, LeaseResult>).returns.toBeVoid();
    linearizable(lease, history);
    const found = linearize(lease, history);
    if (found.linearizable) expectTypeOf(found.order).toEqualTypeOf<readonly Operation<LeaseOp, LeaseResult>[]>();
    else expectTypeOf(found.misfit).toEqualTypeOf<Operation<LeaseOp, LeaseResult>>();

    // @ts-expect-error a barrier does not release
    linearizable(sequentialBarrier({ parties: 2 }), history);
    // @ts-expect-error a misfit is known only if there is one
    expectTypeOf(found.misfit).toBeObject();
  });

  it('are made of what a model knows', () => {
    // @ts-expect-error nobody can steal a lease
    linearizable(lease, [{ process: 1, op: { do: 'steal' }, call: 0, return: 1 }]);
    // @ts-expect-error a release names a fence
    linearizable(lease, [{ process: 1, op: { do: 'release', id: 'a' }, call: 0, return: 1 }]);
    // @ts-expect-error whether it returned must be said
    linearizable(lease, [{ process: 1, op: { do: 'release', fence: 1 }, call: 0 }]);
    const limiter = sequentialBucket({ limit: 1, per: 1 });
    // @ts-expect-error a limiter gives no fences
    linearizable(limiter, [{ process: 1, op: { do: 'admit' }, call: 0, return: 1, result: { fence: 1 } }]);
  });

  it('are recorded with the types of their model', () => {
    const record = recorder<LeaseOp, LeaseResult>({ process: 1, now: () => 0n, write: () => undefined });
    const granted = record({ do: 'acquire', id: 'a' }, () => Promise.resolve('value'), {
      result: (value) => ({ fence: value.length }),
      refused: () => 'busy',
    });
    expectTypeOf(granted).toEqualTypeOf<Promise<string>>();
    // @ts-expect-error not an answer of a lease
    void record({ do: 'acquire', id: 'a' }, () => 1, { result: () => ({ token: 1 }) });
    expectTypeOf(historyOf<LimiterOp, boolean>('')).toEqualTypeOf<readonly Operation<LimiterOp, boolean>[]>();
  });
});

describe('models', () => {
  it('say what they need', () => {
    expectTypeOf(sequentialBarrier({ parties: 2, timeout: '1s' })).toEqualTypeOf<
      SequentialModel<BarrierState, BarrierOp, BarrierResult>
    >();
    // @ts-expect-error a barrier has parties
    sequentialBarrier({});
    // @ts-expect-error a bucket has a rate
    sequentialBucket({ limit: 1 });
    // @ts-expect-error a lease has a ttl, not a timeout
    sequentialLease({ timeout: 1 });
    // @ts-expect-error a duration has a unit that we know
    sequentialLease({ ttl: '1 week' });
  });

  it('can be made by users', () => {
    const counter: SequentialModel<number, 'add', number> = {
      initial: 0,
      key: String,
      step: (count, { result }) => (result === undefined || result === count ? [count + 1] : []),
    };
    linearizable(counter, [{ process: 1, op: 'add', call: 0, return: 1, result: 0 }]);
  });
});
