import { all, count, plainFile, read, recorded } from './history.mjs';
import { readline } from './readline.mjs';

const MiB = 1024 * 1024;

/** By how much the largest size that the process has ever had grows. */
async function peak(replay) {
  const before = process.resourceUsage().maxRSS;
  all(await replay(() => {}), count);
  return ((process.resourceUsage().maxRSS - before) * 1024) / MiB;
}

function inUse() {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MiB;
}

/** How much more is in use after so many events, when everything that can go has gone. */
const held = (after) => async (replay) => {
  const before = inUse();
  let seen = 0;
  let during = NaN;
  const total = await replay(() => {
    if (++seen === after) during = inUse();
  });
  all(total, count);
  return during - before;
};

const early = 'held after 100,000';
const late = 'held after 900,000';
const cases = { 'peak of the process': peak, [early]: held(100_000), [late]: held(900_000) };

const log = (commit) => async (measured) => {
  const recording = await recorded(commit);
  return { measure: () => measured((each) => read(recording, {}, each)) };
};

const usual = 'readline + JSON.parse';
const ours = { 1: 'rxbaton, commits of 1 event', 100: 'rxbaton, commits of 100 events' };

export default {
  title: 'Memory while 1,000,000 events are read from a file log',
  unit: 'MiB',
  base: usual,
  cases,
  options: { blocks: 1 },
  implementations: {
    [usual]: (measured) => {
      const path = plainFile();
      const replay = async (each) => {
        let seen = 0;
        await readline(path, () => each(++seen));
        return seen;
      };
      return { measure: () => measured(replay) };
    },
    [ours[1]]: log(1),
    [ours[100]]: log(100),
  },
  bars: [1, 100].flatMap((commit) => [
    {
      text: `what reading holds after 900,000 events beyond 100,000, commits of ${commit}`,
      unit: 'MiB',
      // A buffer that has grown, code that was compiled meanwhile: five bytes an event would be as much.
      atMost: 4,
      of: (at) => at(ours[commit], late) - at(ours[commit], early),
    },
    {
      text: `memory at the peak against readline, commits of ${commit}`,
      atMost: 1,
      of: (at) => at(ours[commit], 'peak of the process') / at(usual, 'peak of the process'),
    },
  ]),
};
