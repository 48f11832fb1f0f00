import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Heap } from '../../lib/internal/Heap.ts';
import { runs } from '../support/runs.ts';

interface Item {
  weight: number;
  place: number;
}

const step = fc.oneof(
  fc.record({ do: fc.constant('push' as const), weight: fc.nat(20) }),
  fc.record({ do: fc.constant('shift' as const) }),
  fc.record({ do: fc.constant('remove' as const), which: fc.nat(30) }),
  fc.record({ do: fc.constant('change' as const), which: fc.nat(30), weight: fc.nat(20) }),
);

describe('Heap', () => {
  it('gives the least item first, and knows the place of each, whatever is added, changed and taken out', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const heap = new Heap<Item>(
          (a, b) => a.weight < b.weight,
          (item, place) => {
            item.place = place;
          },
        );
        const items = new Set<Item>();
        for (const each of steps) {
          const least = Math.min(...[...items].map(({ weight }) => weight));
          const chosen = 'which' in each ? [...items][each.which % Math.max(1, items.size)] : undefined;
          if (each.do === 'push') {
            const item = { weight: each.weight, place: -1 };
            items.add(item);
            heap.push(item);
          } else if (each.do === 'shift') {
            const item = heap.shift();
            expect(item?.weight ?? Infinity).toBe(least);
            if (item) items.delete(item);
          } else if (chosen !== undefined && each.do === 'remove') {
            expect(heap.remove(chosen.place)).toBe(chosen);
            items.delete(chosen);
          } else if (chosen !== undefined && each.do === 'change') {
            chosen.weight = each.weight;
            heap.settle(chosen.place);
          }
          expect(new Set(heap.items)).toEqual(items);
          expect(heap.items.every(({ place }, i) => place === i)).toBe(true);
        }
        const rest = Array.from({ length: items.size }, () => heap.shift()?.weight);
        expect(rest).toEqual([...rest].sort((a = 0, b = 0) => a - b));
        expect(heap.shift()).toBeUndefined();
      }),
      { numRuns: runs(200) },
    );
  });
});
