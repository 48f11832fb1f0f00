import { worst } from '../harness.mjs';
import { LIMIT, PER, exact, limited, most } from './paced.mjs';

const PAUSE = 0.9 * PER;
const CALLS = 600;
// One call, then 199 after the pause; as each of them leaves the window, one more: 1 at 1,000, 199 at 1,900, 1 at 2,000, 199 at 2,900.
const OPTIMUM = 2 * PER + PAUSE;

async function boundary({ call }) {
  const stamps = [];
  const stamp = () => stamps.push(performance.now());
  await call(stamp);
  const until = stamps[0] + PAUSE;
  while (performance.now() < until) await new Promise((resolve) => setTimeout(resolve, until - performance.now()));
  await Promise.all(Array.from({ length: CALLS - 1 }, () => call(stamp)));
  stamps.sort((a, b) => a - b);
  const total = stamps.at(-1) - stamps[0];
  return {
    'most in 1,000 ms': most(stamps, PER),
    'most in 995 ms': most(stamps, PER - 5),
    'all done, ms': total,
    'of the exact optimum': total / OPTIMUM,
  };
}

export default {
  title: `The boundary attack: one call, ${PAUSE} ms, then 599, at 200 a second; the worst of all runs (below 1 of the optimum: too many at once)`,
  unit: 'calls and ms',
  options: { rounds: 2, blocks: 1 },
  combine: worst,
  implementations: limited(boundary),
  bars: exact.flatMap((name) => [
    {
      text: `boundary attack, ${name}: most in any 1,000 ms`,
      unit: 'calls',
      atMost: LIMIT,
      of: (at) => at(name, 'most in 1,000 ms'),
    },
    {
      text: `boundary attack, ${name}: time against the optimum`,
      atMost: 1.01,
      of: (at) => at(name, 'of the exact optimum'),
    },
  ]),
};
