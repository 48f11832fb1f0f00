import { describe, expect, it } from 'vitest';
import {
  type Address,
  addressOf,
  comesBack,
  common,
  type Facts,
  gateAt,
  noFacts,
} from '../../../adapters/redis/facts.ts';
import { victimsIn } from '../../../adapters/redis/picture.ts';
import { mutex } from '../../../lib/gates/mutex.ts';
import { semaphore } from '../../../lib/gates/semaphore.ts';
import type { GateSpec } from '../../../lib/gates/spec.ts';

const at = (spec: GateSpec): Address => addressOf(JSON.stringify(Object.entries(spec)), undefined);
const [a, b, c] = [at(mutex('a')), at(mutex('b')), at(mutex('c'))];
const pool = at(semaphore('pool', { permits: 2 }));

type Held = readonly [id: string, fence: number, cost?: number];
type Waits = readonly [id: string, since: number, cost?: number];

/** What servers and processes say: holders and waiters of gates, and what waits inside of leases. */
function facts(
  gates: Readonly<Record<Address, readonly [holders: readonly Held[], waiting: readonly Waits[]]>>,
  leases: Readonly<Record<string, readonly [fence: number, ...waits: string[]]>>,
): Facts {
  const all = noFacts();
  for (const [address, [holders, waiting]] of Object.entries(gates)) {
    const limit = address === pool ? 2 : 1;
    all.gates.set(address, {
      ...gateAt(address),
      now: 1e9,
      limit,
      holders: holders.map(([id, fence, cost = 1]) => ({ id, fence, cost, who: `channel ${id}` })),
      waiting: waiting.map(([id, since, cost = 1]) => ({ id, since, cost, who: `channel ${id}` })),
    });
    for (const [id] of waiting) {
      const gatesOf = [...(all.wishes.get(id)?.gates ?? []), address];
      all.wishes.set(id, { gates: gatesOf, stays: false });
    }
  }
  for (const [id, [fence, ...waits]] of Object.entries(leases)) all.leases.set(id, { fence, waits });
  return all;
}

const victims = (...all: Parameters<typeof facts>): string[] => victimsIn(facts(...all)).map(({ id }) => id);

/** Process p has a and waits for b; process q has b and waits for a. */
type AtGate = readonly [holders: readonly Held[], waiting: readonly Waits[]];
const atA: AtGate = [[['p.1', 7]], [['q.2', 20]]];
const gates = { [a]: atA, [b]: [[['q.1', 8]], [['p.2', 10]]] } as const;
const leases = { 'p.1': [7, 'p.2'], 'q.1': [8, 'q.2'] } as const;

describe('in a picture of what is known', () => {
  it('the last of two who close a cycle is its victim', () => {
    expect(victims(gates, leases)).toEqual(['q.2']);
    expect(victims({ ...gates, [a]: [[['p.1', 7]], [['q.2', 9]]] }, leases)).toEqual(['p.2']);
  });

  it('a lease whose process means one with another fence keeps nobody waiting', () => {
    expect(victims(gates, { ...leases, 'p.1': [6, 'p.2'] })).toEqual([]);
    expect(victims(gates, { ...leases, 'q.1': [9, 'q.2'] })).toEqual([]);
  });

  it('a lease that the server does not know keeps nobody waiting', () => {
    expect(victims({ ...gates, [a]: [[['r.1', 7]], [['q.2', 20]]] }, leases)).toEqual([]);
  });

  it('a request that is not in the queue waits for nobody', () => {
    const all = facts({ ...gates, [b]: [[['q.1', 8]], []] }, leases);
    all.wishes.set('p.2', { gates: [b], stays: false });
    expect(victimsIn(all)).toEqual([]);
  });

  it('a request for several gates waits only if it is in all of their queues', () => {
    const joint = { [a]: atA, [b]: [[['q.1', 8]], [['+p.2', 10]]], [c]: [[], [['+p.2', 10]]] } as const;
    const inside = { 'p.1': [7, '+p.2'], 'q.1': [8, 'q.2'] } as const;
    expect(victims(joint, inside)).toEqual(['q.2']);
    const all = facts({ ...joint, [c]: [[], []] }, inside);
    all.wishes.set('+p.2', { gates: [b, c], stays: false });
    expect(victimsIn(all)).toEqual([]);
  });

  it('a process that says nothing of its leases has nobody who waits', () => {
    expect(victims(gates, { 'q.1': [8, 'q.2'] })).toEqual([]);
  });

  it('who stays in spite of it is a victim and still in the way', () => {
    const all = facts(
      {
        ...gates,
        [b]: [
          [['q.1', 8]],
          [
            ['p.2', 10],
            ['p.3', 30],
          ],
        ],
      },
      { ...leases, 'p.1': [7, 'p.2', 'p.3'] },
    );
    expect(victimsIn(all).map(({ id }) => id)).toEqual(['q.2']);
    all.wishes.set('q.2', { gates: [a], stays: true });
    expect(victimsIn(all).map(({ id }) => id)).toEqual(['q.2', 'p.3']);
  });

  it('of two cycles that share a request, one end is enough', () => {
    // p has a and waits for b; q has b and waits for a and for c; r has c and waits for b.
    const two = {
      [a]: [[['p.1', 1]], [['q.2', 20]]],
      [b]: [
        [['q.1', 2]],
        [
          ['p.2', 10],
          ['r.2', 11],
        ],
      ],
      [c]: [[['r.1', 3]], [['q.3', 30]]],
    } as const;
    expect(victims(two, { 'p.1': [1, 'p.2'], 'q.1': [2, 'q.2', 'q.3'], 'r.1': [3, 'r.2'] })).toEqual(['q.2', 'q.3']);
    const one = { ...two, [c]: [[['r.1', 3]], []] } as const;
    expect(victims(one, { 'p.1': [1, 'p.2'], 'q.1': [2, 'q.2'], 'r.1': [3, 'r.2'] })).toEqual(['q.2']);
  });

  it('permits are a deadlock only if all who have one are stuck', () => {
    const stuck = {
      [pool]: [
        [
          ['p.1', 1],
          ['q.1', 2],
        ],
        [
          ['p.2', 10],
          ['q.2', 20],
        ],
      ],
    } as const;
    expect(victims(stuck, { 'p.1': [1, 'p.2'], 'q.1': [2, 'q.2'] })).toEqual(['q.2']);
    expect(victims(stuck, { 'p.1': [1, 'p.2'] })).toEqual([]);
  });

  it('somebody who came later does not stand before those who came first', () => {
    // Of a higher priority, and in need of more than there will be: who was there before it is not refused for it.
    const all = {
      [pool]: [
        [['p.1', 1]],
        [
          ['r.1', 30, 2],
          ['q.2', 20],
        ],
      ],
      [b]: [[['q.1', 8]], [['p.2', 10]]],
    } as const;
    expect(victims(all, { 'p.1': [1, 'p.2'], 'q.1': [8, 'q.2'] })).toEqual([]);
  });

  it('who comes later with a higher priority does not wait behind those it overtakes', () => {
    const all = facts(
      {
        [pool]: [
          [['p.1', 1]],
          [
            ['p.3', 30],
            ['q.2', 20, 2],
          ],
        ],
        [b]: [[['q.1', 8]], [['p.2', 10]]],
      },
      { 'p.1': [1, 'p.2', 'p.3'], 'q.1': [8, 'q.2'] },
    );
    all.wishes.set('q.2', { gates: [pool], stays: true });
    expect(victimsIn(all).map(({ id }) => id)).toEqual(['q.2']);
  });
});

describe('of what was seen twice', () => {
  const first = facts(gates, leases);
  const both = (second: Facts): string[] => victimsIn(common(first, second)).map(({ id }) => id);

  it('all counts that is the same', () => {
    expect(both(facts(gates, leases))).toEqual(['q.2']);
  });

  it.each<[what: string, second: Facts]>([
    [
      'a lease that was given again',
      facts({ ...gates, [a]: [[['p.1', 9]], [['q.2', 20]]] }, { ...leases, 'p.1': [9, 'p.2'] }),
    ],
    [
      'a lease that was given again when its process had been asked already',
      facts({ ...gates, [a]: [[['p.1', 9]], [['q.2', 20]]] }, leases),
    ],
    ['a lease that was given again when its process has been asked', facts(gates, { ...leases, 'p.1': [9, 'p.2'] })],
    ['a lease that is gone', facts({ ...gates, [b]: [[], [['p.2', 10]]] }, leases)],
    ['a place that was taken again', facts({ ...gates, [b]: [[['q.1', 8]], [['p.2', 15]]] }, leases)],
    ['a request that does not wait inside any more', facts(gates, { ...leases, 'p.1': [7] })],
    ['a lease that its process has no more', facts(gates, { 'q.1': [8, 'q.2'] })],
  ])('%s does not', (_what, second) => {
    expect(both(second)).toEqual([]);
    expect(victimsIn(common(second, first))).toEqual([]);
  });

  it('the larger limit counts, and what only one has known does not', () => {
    const wide = facts(
      {
        [pool]: [
          [
            ['p.1', 1],
            ['q.1', 2],
          ],
          [
            ['p.2', 10],
            ['q.2', 20],
          ],
        ],
      },
      { 'p.1': [1, 'p.2'], 'q.1': [2, 'q.2'] },
    );
    const [[address, looked]] = wide.gates as unknown as [
      [Address, typeof wide.gates extends Map<Address, infer L> ? L : never],
    ];
    const wider: Facts = { ...wide, gates: new Map([[address, { ...looked, limit: 3 }]]) };
    expect(victimsIn(wide).map(({ id }) => id)).toEqual(['q.2']);
    expect(victimsIn(common(wide, wider))).toEqual([]);
    expect(victimsIn(common(wider, wide))).toEqual([]);
  });
});

describe('whether it may come back', () => {
  const seen = facts(gates, leases);

  it('over those who are in the way, to a lease of its own', () => {
    expect(comesBack([a], new Set(['q.1']), seen)).toBe(true);
    expect(comesBack([b], new Set(['q.1']), seen)).toBe(true);
    expect(comesBack([a], new Set(['r.1']), seen)).toBe(false);
  });

  it('over requests for several gates that stand before it', () => {
    const joint = facts({ [a]: [[], [['+p.2', 10]]], [c]: [[['q.1', 8]], [['+p.2', 10]]] }, {});
    expect(comesBack([a], new Set(['q.1']), joint)).toBe(true);
  });
});
