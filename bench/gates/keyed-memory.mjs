import { growth } from '../heap.mjs';
import { ours } from '../rxbaton.mjs';
import { KEYS, byKey, byName, peers } from './keys.mjs';

/**
 * Every key once. The same is done with locks of their own before, so that what is measured are keys, and not the compiled
 * code and the counters that any first use brings.
 */
const kept = (warmUp, visit) => ({
  async measure() {
    await warmUp(0, KEYS);
    await visit(0, 10);
    const bytes = await growth(async () => {
      await visit(0, KEYS);
      return visit;
    });
    return bytes / 1024;
  },
});

/** Ours warms up on a coordinator of its own: not one gate is shared. */
const ourKept = (make) => (api) => {
  const visit = make(api);
  const elsewhere = api.createCoordinator({ context: api.context });
  return kept((from, count) => api.within(elsewhere, () => visit(from, count)), visit);
};

const bar = (face, context, atMost) => ({
  text: `kept after 100,000 locks by ${face}, tracking ${context}`,
  unit: 'KiB',
  atMost,
  of: (at) => at(`rxbaton withLock, ${face}, tracking ${context}`),
});

export default {
  title: '100,000 keys used once and given back: what stays in memory, KiB (small negative figures are zero)',
  unit: 'KiB',
  options: { blocks: 1 },
  implementations: {
    ...Object.fromEntries(
      Object.entries(peers).map(([name, make]) => [name, async () => kept(await make(), await make())]),
    ),
    ...ours(ourKept(byKey), 'rxbaton withLock, key option'),
    ...ours(ourKept(byName), 'rxbaton withLock, bare names'),
  },
  bars: [
    bar('key option', 'off', 256),
    bar('key option', 'on', 256),
    bar('bare names', 'off', 1_000),
    bar('bare names', 'on', 1_000),
  ],
};
