import { ours } from '../rxbaton.mjs';

const agent = async (x) => x;
const bare = 'floor: the bare async function';

const awaited = (call) => ({
  async block(n) {
    for (let i = 0; i < n; i++) await call(i);
  },
});

const bar = (kind, context, atMost) => ({
  text: `coordinate ${kind}, tracking ${context}, against a bare awaited call`,
  atMost,
  of: (at) => at(`rxbaton coordinate ${kind}, tracking ${context}`) / at(bare),
});

export default {
  title: 'await agent(x): bare, coordinated, coordinated with a free lock; nobody listens, ns',
  unit: 'ns',
  base: bare,
  implementations: {
    [bare]: () => awaited(agent),
    ...ours(({ coordinate }) => awaited(coordinate('agent', agent)), 'rxbaton coordinate without a lock'),
    ...ours(
      ({ coordinate, mutex }) => awaited(coordinate('agent', { lock: mutex('db') }, agent)),
      'rxbaton coordinate with a free lock',
    ),
    ...ours(({ coordinate, when }) => {
      const call = coordinate('agent', agent);
      when(call.complete, () => {});
      return awaited(call);
    }, 'rxbaton coordinate, _complete handled'),
  },
  bars: [
    bar('without a lock', 'off', 18),
    bar('without a lock', 'on', 18),
    bar('with a free lock', 'off', 24),
    bar('with a free lock', 'on', 24),
  ],
};
