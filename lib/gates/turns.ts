import type { DeadlockError } from '../errors.ts';
import type { Line } from './line.ts';
import type { Ticket } from './port.ts';

/** What is different where readers and writers take turns. */
export interface Turns {
  reads(ticket: Ticket): boolean;
  insideAlready(ticket: Ticket, outer: Ticket): DeadlockError | 'in' | null;
  joinReaders(line: Line, ticket: Ticket, writing: boolean): void;
}

/** Taught by whoever describes such a lock, so that a program without one does not carry it. */
export const taught: { turns: Turns | null } = { turns: null };
