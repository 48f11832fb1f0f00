import type { EventLog } from '../../lib/log/EventLog.ts';
import { memoryLog, type MemoryLog, type MemoryLogOptions } from '../../lib/log/memoryLog.ts';
import type { LogLab } from '../../lib/testing/log/lab.ts';
import { virtualTime } from '../../lib/testing/virtualTime.ts';

/** A log in memory on a virtual clock, each handle as `spoil` leaves it. */
export function memoryLogLab(
  spoil: (log: MemoryLog) => EventLog = (log) => log,
  options: MemoryLogOptions = {},
): LogLab {
  const clock = virtualTime({ epoch: 1e12 });
  // Nobody closes this one: it is the place itself.
  const place = memoryLog({ clock, maxCommitBytes: 4_096, ...options });
  let handles: EventLog[] = [];
  const open = (): Promise<EventLog> => {
    const log = spoil(place.handle());
    handles.push(log);
    return Promise.resolve(log);
  };
  const close = async (deadline: number): Promise<void> => {
    const open = handles;
    handles = [];
    await Promise.all(open.map((log) => log.close({ deadline })));
  };
  return {
    open,
    reopen: async () => {
      await close(1_000);
      return open();
    },
    advance: (ms) => clock.advance(ms),
    unit: 100,
    patience: 1_000,
    close: () => close(0),
  };
}
