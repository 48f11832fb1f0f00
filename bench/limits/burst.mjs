import { worst } from '../harness.mjs';
import { LIMIT, PER, exact, limited, most } from './paced.mjs';

const CALLS = 1_000;

async function burst({ call, due }) {
  const stamps = [];
  await Promise.all(Array.from({ length: CALLS }, () => call(() => stamps.push(performance.now()))));
  stamps.sort((a, b) => a - b);
  const late = stamps.map((stamp, i) => stamp - stamps[0] - due(i)).sort((a, b) => a - b);
  return {
    'most in 1,000 ms': most(stamps, PER),
    'most in 995 ms': most(stamps, PER - 5),
    'all done, ms': stamps.at(-1) - stamps[0],
    'of its own optimum': (stamps.at(-1) - stamps[0]) / due(CALLS - 1),
    'late p50, ms': late[CALLS / 2],
    'late p99, ms': late[CALLS * 0.99],
    'late worst, ms': late.at(-1),
  };
}

export default {
  title: '1,000 calls at once at 200 a second, in real time; the worst of all runs',
  unit: 'calls and ms',
  options: { rounds: 2, blocks: 1 },
  combine: worst,
  implementations: limited(burst),
  bars: exact.map((name) => ({
    text: `1,000 calls at once, ${name}: most in any 1,000 ms`,
    unit: 'calls',
    atMost: LIMIT,
    of: (at) => at(name, 'most in 1,000 ms'),
  })),
};
