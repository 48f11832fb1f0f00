import fc from 'fast-check';
import { expect, it } from 'vitest';
import { linearize } from '../../lib/testing/linear/linearize.ts';
import type { Operation, SequentialModel } from '../../lib/testing/linear/sequential.ts';
import { sequentialBarrier, type BarrierOp, type BarrierResult } from '../../lib/testing/linear/sequentialBarrier.ts';
import { sequentialBucket, type LimiterOp } from '../../lib/testing/linear/sequentialBucket.ts';
import { sequentialFixedWindow } from '../../lib/testing/linear/sequentialFixedWindow.ts';
import { sequentialLease, type LeaseOp, type LeaseResult } from '../../lib/testing/linear/sequentialLease.ts';
import { sequentialSlidingWindow } from '../../lib/testing/linear/sequentialSlidingWindow.ts';
import { register, registers, tryAllOrders } from '../support/histories.ts';
import { runs } from '../support/runs.ts';

/** When something was called and heard of, in whole milliseconds, so that moments often coincide. */
const times = fc
  .record({ process: fc.constant('p'), call: fc.nat(8), length: fc.nat(4), open: fc.nat(5) })
  .map(({ process, call, length, open }) => ({
    process,
    call: call * 1e6,
    return: open === 0 ? null : (call + length) * 1e6,
  }));

/** Histories of a few operations; each gets a number of its own. Of what never returned nobody heard. */
function few<Op, Result>(
  most: number,
  what: (i: number) => fc.Arbitrary<{ op: Op; result?: Result; queued?: number }>,
): fc.Arbitrary<Operation<Op, Result>[]> {
  return fc.nat(most).chain((count) =>
    fc.tuple(
      ...[...Array(count).keys()].map((i) =>
        fc.tuple(times, what(i)).map(([time, { op, result, queued }]) => ({
          ...time,
          op,
          ...(result === undefined || time.return === null ? {} : { result }),
          ...(queued === undefined ? {} : { queued: time.call + queued }),
        })),
      ),
    ),
  );
}

const leases = few<LeaseOp, LeaseResult>(5, (i) => {
  const fence = fc.integer({ min: 1, max: 4 });
  const held = fc.option(fc.boolean(), { nil: undefined });
  const acquire = fc.record({
    do: fc.constant('acquire' as const),
    id: fc.constant(`${i}`),
    cost: fc.constantFrom(1, 2),
  });
  const owned = fc
    .constantFrom('renew', 'release', 'check')
    .chain((name) => fence.map((own) => ({ do: name, fence: own })));
  const optional = <R>(result: fc.Arbitrary<R>) => fc.option(result, { nil: undefined });
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        op: acquire,
        result: optional(fc.record({ fence })),
        queued: optional(fc.integer({ min: 0, max: 3e6 })),
      }),
    },
    { weight: 1, arbitrary: fc.record({ op: acquire, result: fc.constant('busy' as const) }) },
    { weight: 2, arbitrary: fc.record({ op: owned, result: held }) },
    {
      weight: 1,
      arbitrary: fc.record({
        op: fc.constantFrom<LeaseOp>(
          { do: 'wipe' },
          { do: 'force' },
          { do: 'cancel', id: '0' },
          { do: 'cancel', id: '1' },
        ),
      }),
    },
  ) as fc.Arbitrary<{ op: LeaseOp; result?: LeaseResult; queued?: number }>;
});

const limits = few<LimiterOp, boolean>(5, () =>
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record({
        op: fc.record({ do: fc.constant('admit' as const), cost: fc.constantFrom(1, 2) }),
        result: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ op: { do: 'wipe' as const } }) },
  ),
);

const arrivals = few<BarrierOp, BarrierResult>(4, (i) =>
  fc.record({
    op: fc.constant({ do: 'arrive' as const, id: `${i}` }),
    result: fc.oneof(
      { weight: 4, arbitrary: fc.record({ index: fc.nat(1) }) },
      { weight: 1, arbitrary: fc.constantFrom({ broken: 'timeout' }, { broken: 'forced' }) },
    ),
  }),
);

const limit = { limit: 2, per: 3, drift: 0 };
const cases: [name: string, model: SequentialModel<any, any, any>, histories: fc.Arbitrary<Operation<any, any>[]>][] = [
  ['a register', register, registers(5)],
  ['a mutex', sequentialLease({ ttl: 3, fifo: true, drift: 0 }), leases],
  ['a semaphore', sequentialLease({ ttl: 3, permits: 2, fifo: true, drift: 0 }), leases],
  ['a barrier', sequentialBarrier({ parties: 2, timeout: 3 }), arrivals],
  ['a token bucket', sequentialBucket(limit), limits],
  ['a leaky bucket', sequentialBucket({ ...limit, strategy: 'leaky-bucket' }), limits],
  ['a sliding window', sequentialSlidingWindow(limit), limits],
  ['a fixed window', sequentialFixedWindow(limit), limits],
];

it.each(cases)(
  'finds an order for %s exactly if there is one among all',
  (_, model, histories) => {
    const verdicts = { true: 0, false: 0 };
    fc.assert(
      fc.property(histories, (history) => {
        const found = linearize(model, history).linearizable;
        expect(found).toBe(tryAllOrders(model, history));
        verdicts[`${found}`]++;
      }),
      { numRuns: runs(500) },
    );
    // Else the histories say nothing.
    expect(Math.min(verdicts.true, verdicts.false)).toBeGreaterThan(10);
  },
  120_000,
);
