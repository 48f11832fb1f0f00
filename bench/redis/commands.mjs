import { floor, floors, ours, peers } from './locks.mjs';
import { commandsSent } from './server.mjs';

const CYCLES = 100;

const counted = (make) => async () => {
  const lock = (await make())('counted');
  const cycles = async () => {
    for (let i = 0; i < CYCLES; i++) {
      const release = await lock.acquire();
      await release();
    }
  };
  await cycles();
  return {
    async measure() {
      const before = commandsSent();
      await cycles();
      return { commands: (commandsSent() - before) / CYCLES };
    },
  };
};

const our = 'rxbaton enter';

export default {
  title: 'What clients send for a free lock: acquire and release',
  unit: 'commands',
  base: floor,
  options: { together: true, blocks: 1, rounds: 1 },
  implementations: Object.fromEntries(
    Object.entries({ ...floors, ...peers, [our]: ours('off', true) }).map(([name, make]) => [name, counted(make)]),
  ),
  bars: [{ text: 'commands for a free lock', unit: '', atMost: 2, of: (at) => at(our, 'commands') }],
};
