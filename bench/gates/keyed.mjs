import { ours } from '../rxbaton.mjs';
import { KEYS, byKey, byName, peers, runByKey } from './keys.mjs';

const timed = (visit) => {
  let from = 0;
  return {
    async block(n) {
      await visit(from, n);
      from = (from + n) % KEYS;
    },
  };
};

const bar = (context) => ({
  text: `withLock by key, tracking ${context}, against async-lock`,
  atMost: 1,
  of: (at) => at(`rxbaton withLock, key option, tracking ${context}`) / at('async-lock'),
});

export default {
  title: '100,000 keys in scattered order, free: acquire, do nothing, release, ns',
  unit: 'ns',
  base: 'async-lock',
  implementations: {
    ...Object.fromEntries(Object.entries(peers).map(([name, make]) => [name, async () => timed(await make())])),
    ...ours((api) => timed(byKey(api)), 'rxbaton withLock, key option'),
    ...ours((api) => timed(byName(api)), 'rxbaton withLock, bare names'),
    ...ours((api) => timed(runByKey(api)), 'rxbaton run, key option'),
  },
  bars: [bar('off'), bar('on')],
};
