/** Random stories of work that asks for gates inside of gates, for places that have to agree about who would wait for ever. */
import fc from 'fast-check';
import { acquire } from '../../lib/gates/acquire.ts';
import { allOf } from '../../lib/gates/allOf.ts';
import type { AcquireOptions } from '../../lib/gates/gate.ts';
import { mutex } from '../../lib/gates/mutex.ts';
import { quota } from '../../lib/gates/quota.ts';
import { readWriteLock } from '../../lib/gates/readWriteLock.ts';
import { semaphore } from '../../lib/gates/semaphore.ts';
import { unitOf } from '../../lib/gates/spec.ts';
import { type Asked, fates, follow, type GateLab } from '../../lib/testing/contract/lab.ts';

const lock = readWriteLock('lock');
const descriptions = [
  mutex('a'),
  mutex('b'),
  mutex('c'),
  semaphore('pool', { permits: 2 }),
  semaphore('pool', { permits: 2 }),
  semaphore('wide', { permits: 3 }),
  lock.read,
  lock.write,
  mutex('lapsing', { ttl: '1h', renew: false }),
  quota('budget', { limit: 2, per: '1d' }),
] as const;

const one = fc.nat(descriptions.length - 1).map((gate) => [gate]);
const several = fc.constantFrom([0, 1], [1, 3], [2, 6], [0, 7], [5, 8]);

export type NestedStep =
  | {
      readonly do: 'ask';
      readonly actor: number;
      readonly gates: readonly number[];
      readonly cost: number;
      readonly priority: number;
      /** Whether it asks for its own work, or beside it. */
      readonly nested: boolean;
    }
  | { readonly do: 'end'; readonly actor: number; readonly which: number };

const actor = fc.nat(5);

/** `joint`: also of several gates that are taken together. */
export const nestedStory = (joint: boolean): fc.Arbitrary<NestedStep[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('ask' as const),
          actor,
          gates: joint ? fc.oneof({ weight: 6, arbitrary: one }, { weight: 1, arbitrary: several }) : one,
          cost: fc.constantFrom(1, 1, 2),
          priority: fc.constantFrom(0, 0, 0, 1),
          nested: fc.nat(9).map((n) => n > 0),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const), actor, which: fc.nat(3) }) },
    ),
    { minLength: 4, maxLength: 30, size: 'max' },
  );

/** What has become of everybody after each step. `labs`: the processes, of which each actor has one. */
export async function tell(
  story: readonly NestedStep[],
  labs: readonly GateLab[],
  pass: () => Promise<void>,
): Promise<string[]> {
  const told: string[] = [];
  const all: Asked[] = [];
  const own = Array.from({ length: 6 }, (): Asked[] => []);
  for (const step of story) {
    const mine = own[step.actor]!;
    // Work ends after what is nested in it.
    const last = mine.findLast(({ fate }) => fate === 'held');
    const going = mine.filter((one) => one === last || one.fate === 'waiting');
    if (step.do === 'end') {
      going[going.length - 1 - (step.which % Math.max(1, going.length))]?.leave();
    } else {
      const lab = labs[step.actor % labs.length]!;
      const owner = step.nested ? last : undefined;
      const options: AcquireOptions = {
        priority: step.priority,
        label: `${all.length}`,
        ...(owner === undefined ? null : { owner: owner.grant }),
      };
      const specs = step.gates.map((gate) => descriptions[gate]!);
      const [first] = specs;
      // Who asks for more than there is, or for a part of a lock by number, is another story.
      const cost = specs.length === 1 && first!.kind === 'semaphore' && unitOf(first!) === 1 ? step.cost : undefined;
      const gates = specs.map((spec) => lab.open(spec));
      const asked =
        gates.length === 1
          ? follow(gates[0]!.acquire(cost === undefined ? options : { ...options, cost }))
          : follow(acquire(allOf(...gates), options));
      all.push(asked);
      mine.push(asked);
    }
    await pass();
    told.push(fates(all).join(' '));
  }
  for (const one of all) one.leave();
  await pass();
  return told;
}
