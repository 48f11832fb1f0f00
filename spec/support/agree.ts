import { expect } from 'vitest';
import type { GateSpec } from '../../lib/gates/spec.ts';
import type { GateActivity } from '../../lib/gates/state.ts';
import { consult, fifo, neverTwoHolders, oracle } from '../../lib/testing/index.ts';
import { actOut, type StoryCommand, type StoryWorld } from './gateStory.ts';
import { full, told } from './stories.ts';

/** Whether real gates do what the oracle says, by default those in memory. */
export async function agree(
  specs: readonly GateSpec[],
  story: readonly StoryCommand[],
  world?: StoryWorld,
): Promise<void> {
  const { state, outcomes } = consult(oracle(...specs), ...story);
  const real = await actOut(specs, story, world);
  const expected = told(specs, story, outcomes);
  const happened = told(specs, story, real.outcomes);
  if (world?.scattered === true) {
    expect(sorted(happened)).toEqual(sorted(expected));
    // Who was let in first has the lower fence, whoever heard of it first.
    const inOrder = expected.granted.map((all) =>
      all.flatMap(({ id, at }) => {
        const fence = real.fenceOf.get(id);
        return fence === undefined ? [] : [{ at, fence }];
      }),
    );
    // Readers who enter together have no order.
    const shared = specs.some(({ kind }) => kind === 'readWriteLock');
    const byFence = inOrder.map((all) => [...all].sort((a, b) => (shared ? a.at - b.at : 0) || a.fence - b.fence));
    for (const [i, all] of byFence.entries())
      expect(shared ? all.map(({ fence }) => fence) : inOrder[i]).toEqual(
        shared ? all.map(({ fence }) => fence).sort((a, b) => a - b) : all,
      );
  } else {
    expect(happened).toEqual(expected);
    expect(real.fences).toEqual([...real.fences].sort((a, b) => a - b));
    fifo(real.events);
    neverTwoHolders(real.events.filter(({ data }) => (data as GateActivity).kind === 'mutex'));
  }
  expect(real.events.filter(({ name }) => name === 'rxbaton.gate.granted')).toHaveLength(
    expected.granted.flat().length,
  );

  for (const [name, { holders, waiting, available }] of Object.entries(real.left)) {
    const setting = state.gates[name]?.history.findLast((item) => item.what === 'setting');
    expect({ name, holders, waiting, available }).toEqual({
      name,
      holders: 0,
      waiting: 0,
      available: setting ? full(setting.spec) : NaN,
    });
  }
}

type Told = ReturnType<typeof told>;

const sorted = ({ granted, others }: Told): Told => ({
  granted: granted.map((all) => [...all].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))),
  others,
});
