/** How readers and writers share a lock: a writer takes all of it, a reader a very small part. */
import { DeadlockError } from '../errors.ts';
import { whoIs } from './describe.ts';
import type { Line } from './line.ts';
import { nest } from './nesting.ts';
import type { GateCore, Ticket } from './port.ts';
import { titleOf } from './spec.ts';

/** Whether a request is one of a reader of a read/write lock. */
export const reads = (ticket: Ticket): boolean =>
  ticket.core.spec.kind === 'readWriteLock' && ticket.waiter.ask.cost < 1;

/**
 * Work that is inside already asks again: who reads is let in with what its work holds, who wants to write while it reads
 * would wait for itself, and is answered with the error.
 *
 * @returns `null` where it stands in line like everybody, else whether it was let in.
 */
export function insideAlready(ticket: Ticket, outer: Ticket): DeadlockError | 'in' | null {
  if (reads(ticket)) {
    nest(ticket, outer.extras?.outer ?? outer);
    return 'in';
  }
  return reads(outer) && ticket.waiter.ask.timeout > 0 ? upgrade(ticket.core, ticket) : null;
}

function upgrade(gate: GateCore, { waiter }: Ticket): DeadlockError {
  return new DeadlockError(`${whoIs(waiter)} reads ${titleOf(gate)} and would wait for itself to write.`, {
    hint: 'Take .write from the start, or give the reading back first; work that its caller does not await belongs in detached(fn).',
    details: {
      gate: titleOf(gate),
      cycle: [{ waiter: whoIs(waiter), gate: titleOf(gate), holders: [whoIs(waiter)], since: 0 }],
    },
  });
}

/**
 * Readers do not stand behind more than one writer: they join those who read in the next turn. If somebody writes now, that is
 * before the first writer who waits, else after it. Requests for several gates stand where they came.
 */
export function joinReaders(line: Line, ticket: Ticket, writing: boolean): void {
  const { priority } = ticket.waiter.ask;
  let behind = line.head;
  while (behind !== null && behind.waiter.ask.priority > priority) behind = behind.next;
  const first = behind === line.head && writing;
  const equal = behind !== null && behind.waiter.ask.priority === priority;
  const isReader = (one: Ticket | null): boolean =>
    one !== null && one.waiter.ask.priority === priority && one.waiter.ask.cost < 1 && !one.extras?.joint;
  // Those who read next stand together already, or nobody does.
  if (equal && !isReader(behind) && (!first || isReader(behind!.next))) behind = behind!.next;
  while (isReader(behind)) behind = behind!.next;
  line.insert(ticket, behind === null ? line.tail : behind.prev);
}
