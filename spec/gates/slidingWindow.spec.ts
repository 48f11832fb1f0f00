import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rateLimiter } from 'rxbaton';
import { gateWorld } from '../support/gateWorld.ts';
import { runs } from '../support/runs.ts';

interface Call {
  readonly gap: number;
  readonly cost: number;
}

/** First come, first served: the first moment, not before the one ahead, at which every window that ends then has room. */
function bruteForce(calls: readonly Call[], limit: number, per: number): number[] {
  const entered: { at: number; cost: number }[] = [];
  let arrives = 0;
  let ahead = 0;
  return calls.map(({ gap, cost }) => {
    arrives += gap;
    let at = Math.max(arrives, ahead);
    const inWindow = (): number => entered.filter((one) => one.at > at - per).reduce((sum, one) => sum + one.cost, 0);
    while (inWindow() + cost > limit) at++;
    entered.push({ at, cost });
    ahead = at;
    return at;
  });
}

describe('a sliding window', () => {
  it('is exact: each call enters at the first moment at which no window would hold too much', async () => {
    const call = fc.record({ gap: fc.nat(12), cost: fc.integer({ min: 1, max: 3 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { maxLength: 60, size: 'max' }),
        fc.integer({ min: 3, max: 6 }),
        fc.integer({ min: 1, max: 40 }),
        async (calls, limit, per) => {
          const { clock, open } = gateWorld();
          const gate = open(rateLimiter('api', { limit, per }));
          const entered = calls.map(() => NaN);
          for (const [i, { gap, cost }] of calls.entries()) {
            await clock.advance(gap);
            gate.acquire({ cost }).subscribe(() => (entered[i] = clock.now()));
          }
          await clock.flush();
          expect(entered).toEqual(bruteForce(calls, limit, per));
        },
      ),
      { numRuns: runs(200) },
    );
  });
});
