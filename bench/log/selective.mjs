import { all, count, plainFile, rare, read, recorded } from './history.mjs';
import { readline } from './readline.mjs';

/** `once` finds the rare events among all and answers how many they were. */
const searches = (once) => ({
  per: count,
  async block(n) {
    for (let i = 0; i < n; i++) all(await once(), count / 100);
  },
});

const log = async (commit) => {
  const recording = await recorded(commit);
  return searches(() => read(recording, { names: [rare] }));
};

const usual = 'readline + JSON.parse, then the name';
const ours = { 1: 'rxbaton, commits of 1 event', 100: 'rxbaton, commits of 100 events' };

export default {
  title: 'Reading the 1% of 1,000,000 events that have a name',
  unit: 'ns for each event in the log',
  base: usual,
  options: { blocks: 4, budget: 8_000 },
  implementations: {
    [usual]: () => {
      const path = plainFile();
      return searches(async () => {
        let seen = 0;
        await readline(path, ({ name }) => void (name === rare && seen++));
        return seen;
      });
    },
    [ours[1]]: () => log(1),
    [ours[100]]: () => log(100),
  },
  bars: [1, 100].map((commit) => ({
    text: `reading 1% of commits of ${commit} against readline + JSON.parse of all (rate)`,
    atLeast: 10,
    of: (at) => at(usual) / at(ours[commit]),
  })),
};
