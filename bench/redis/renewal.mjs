import { shared } from './ours.mjs';
import { commandsSent } from './server.mjs';

const LEASES = 1_000;
const TTL = 3_000;
/** Leases are renewed at a third of their length. */
const PERIOD = TTL / 3;
const PERIODS = 5;

const our = 'rxbaton enter';

export default {
  title: `${LEASES} leases of one process, kept for ${PERIODS} renewal periods`,
  unit: 'commands for each period',
  base: our,
  options: { together: true, blocks: 1, rounds: 1, budget: 60_000 },
  implementations: {
    [our]: async () => {
      const { enter, mutex } = await shared();
      await Promise.all(Array.from({ length: LEASES }, (_, i) => enter(mutex(`kept-${i}`, { ttl: TTL }))));
      return {
        async measure() {
          const before = commandsSent();
          await new Promise((resolve) => setTimeout(resolve, PERIODS * PERIOD));
          return (commandsSent() - before) / PERIODS;
        },
      };
    },
  },
  bars: [{ text: 'commands that renew all leases once', unit: '', atMost: 20, of: (at) => at(our) }],
};
