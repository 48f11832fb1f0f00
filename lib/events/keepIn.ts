import { ownLog } from '../log/destination.ts';
import type { EventLog } from '../log/EventLog.ts';
import { brokerOf } from './broker.ts';
import type { CoordinatorKernel } from './CoordinatorKernel.ts';

/** Keeps the events of a new coordinator in the log that it was made with, until `configureBroker` says another. */
export function keepIn(
  kernel: CoordinatorKernel,
  log: EventLog | PromiseLike<EventLog>,
  by: 'createCoordinator()' | 'configure()',
): void {
  brokerOf(kernel)
    .choose(ownLog(log, {}), { by, values: { backend: 'custom' } })
    .catch((error: unknown) => {
      kernel.report(error, 'The log in which events were to be kept cannot be opened.');
    });
}
