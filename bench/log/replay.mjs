import { all, count, lines, plainFile, read, recorded } from './history.mjs';
import { readline } from './readline.mjs';

/** `once` goes through all events and answers how many they were. */
const replays = (once) => ({
  per: count,
  async block(n) {
    for (let i = 0; i < n; i++) all(await once(), count);
  },
});

const log = async (commit) => {
  const recording = await recorded(commit);
  return replays(() => read(recording));
};

const floor = 'floor: JSON.parse of each line, from memory';
const usual = 'readline + JSON.parse';
const ours = { 1: 'rxbaton, commits of 1 event', 100: 'rxbaton, commits of 100 events' };

export default {
  title: 'Reading 1,000,000 events from a file log',
  unit: 'ns for each event',
  base: floor,
  options: { blocks: 4, budget: 8_000 },
  implementations: {
    [floor]: () => {
      const texts = lines();
      return replays(() => {
        let seen = 0;
        for (const text of texts) if (JSON.parse(text).name !== '') seen++;
        return seen;
      });
    },
    [usual]: () => {
      const path = plainFile();
      return replays(async () => {
        let seen = 0;
        await readline(path, ({ name }) => void (name !== '' && seen++));
        return seen;
      });
    },
    [ours[1]]: () => log(1),
    [ours[100]]: () => log(100),
  },
  bars: [1, 100].flatMap((commit) => [
    {
      text: `reading commits of ${commit} against JSON.parse alone (rate)`,
      atLeast: 0.65,
      of: (at) => at(floor) / at(ours[commit]),
    },
    {
      text: `reading commits of ${commit} against readline + JSON.parse (rate)`,
      atLeast: 1.2,
      of: (at) => at(usual) / at(ours[commit]),
    },
  ]),
};
