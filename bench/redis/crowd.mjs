import { members } from './crowdMember.mjs';

const PROCESSES = 10;
const few = '100 waiters';
const lots = '1,000 waiters';
const our = 'rxbaton enter';

export default {
  title: `Waiters for one lock in ${PROCESSES} processes: time for each hand-over`,
  unit: 'us for each waiter',
  base: our,
  options: { together: true, blocks: 9, rounds: 1, budget: 60_000 },
  cases: { [few]: 100, [lots]: 1_000 },
  implementations: {
    [our]: async (waiters) => {
      const crowd = await members(PROCESSES);
      await crowd(10);
      return { measure: async () => (await crowd(waiters / PROCESSES)) * 1_000 };
    },
  },
  bars: [
    {
      text: '1,000 waiters against 100, time for each hand-over',
      atMost: 1.5,
      of: (at) => at(our, lots) / at(our, few),
    },
  ],
};
