import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acquire, allOf, hold, mutex, rateLimiter, semaphore, type GateSpec } from 'rxbaton';
import { timer } from 'rxjs';
import { gateWorld } from '../support/gateWorld.ts';
import { runs } from '../support/runs.ts';

const gates: readonly GateSpec[] = [
  mutex('a'),
  mutex('b'),
  mutex('c'),
  semaphore('pool', { permits: 2 }),
  rateLimiter('api', { limit: 3, per: 20 }),
];

describe('many requests for several gates, in whatever order they name them', () => {
  it('never block each other: everybody gets in, in order of arrival where they share a gate, and nothing is left', async () => {
    const request = fc.record({
      wants: fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 1, maxLength: 4 }),
      gap: fc.nat(10),
      takes: fc.nat(15),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 30, size: 'max' }), async (requests) => {
        const { clock, within, state, problems } = gateWorld();
        const entered: number[] = [];
        const errors: unknown[] = [];
        for (const [i, { wants, gap, takes }] of requests.entries()) {
          await clock.advance(gap);
          within(() => {
            const members = wants.map((which) => gates[which]!);
            hold(acquire(allOf(...members)), () => {
              entered.push(i);
              return timer(takes, clock);
            }).subscribe({ error: (error: unknown) => errors.push(error) });
          });
        }
        await clock.flush();
        expect([entered.length, errors, problems]).toEqual([requests.length, [], []]);
        for (const which of gates.keys()) {
          const wanting = entered.filter((i) => requests[i]!.wants.includes(which));
          expect(wanting).toEqual([...wanting].sort((x, y) => x - y));
        }
        await clock.advance(20);
        expect(gates.map((gate) => state(gate).available)).toEqual([1, 1, 1, 2, 3]);
      }),
      { numRuns: runs(150) },
    );
  });
});
