import { growth } from '../heap.mjs';
import { ours } from '../rxbaton.mjs';
import { KEYS, byKey, byName, peers } from './keys.mjs';

/** Every key once; the measurement starts after the first few, which bring the code and the counters with them. */
const kept = (visit) => ({
  async measure() {
    await visit(0, 10);
    const bytes = await growth(async () => {
      await visit(0, KEYS);
      return visit;
    });
    return bytes / 1024;
  },
});

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
    ...Object.fromEntries(Object.entries(peers).map(([name, make]) => [name, async () => kept(await make())])),
    ...ours((api) => kept(byKey(api)), 'rxbaton withLock, key option'),
    ...ours((api) => kept(byName(api)), 'rxbaton withLock, bare names'),
  },
  bars: [
    bar('key option', 'off', 256),
    bar('key option', 'on', 256),
    bar('bare names', 'off', 1_000),
    bar('bare names', 'on', 1_000),
  ],
};
