import { createCoordinator } from '../../lib/events/createCoordinator.ts';
import { memoryBackend } from '../../lib/gates/memoryBackend.ts';
import { open } from '../../lib/gates/open.ts';
import type { GateBackend } from '../../lib/gates/port.ts';
import type { GateLab } from '../../lib/testing/contract/lab.ts';
import { drainJobs } from '../../lib/testing/drainJobs.ts';
import { virtualTime } from '../../lib/testing/virtualTime.ts';

/** Gates in memory on a virtual clock. */
export function memoryLab(backend: GateBackend = memoryBackend()): GateLab {
  const clock = virtualTime();
  const reported: unknown[] = [];
  const coordinator = createCoordinator({ backend, clock, onError: (error) => reported.push(error) });
  return {
    open: (spec) => open(spec, coordinator.gates),
    advance: (ms) => clock.advance(ms),
    idle: drainJobs,
    wall: () => clock.wall(),
    unit: 100,
    reported,
    close: async () => {
      await coordinator.close({ deadline: 0 });
    },
  };
}
