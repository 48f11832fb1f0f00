/**
 * The trampoline of hand-overs. Whoever ends work does four things in one turn: its teardown, the account (which reserves
 * for the next), its last notification, and only then the reserved grants are delivered. Delivering earlier would run the
 * whole queue before the first consumer hears that it is done; delivering by recursion would overflow the stack.
 */
import { reportUnhandled } from './env.ts';

/** Something reserved, waiting for its turn to hear of it. */
export interface Reserved {
  deliver(): void;
}

/** A queue from `next` to `last`; both start again where they meet, so that it stays as short as the longest wait. */
const reserved: (Reserved | null)[] = [];
let next = 0;
let last = 0;
let depth = 0;

/** Opens a turn. Every `begin` needs an `end` in a `finally`. */
export function begin(): void {
  depth++;
}

/** Puts a reserved grant behind those already waiting for delivery. */
export function handOver(item: Reserved): void {
  reserved[last++] = item;
}

/** Closes a turn; the outermost one delivers. */
export function end(): void {
  if (--depth === 0 && last > 0) deliver();
}

/** A turn of its own: work that ends while it is being delivered only adds to the list. */
function deliver(): void {
  depth = 1;
  try {
    while (next < last) {
      const item = reserved[next]!;
      reserved[next++] = null;
      if (next === last) next = last = 0;
      try {
        item.deliver();
      } catch (error) {
        reportUnhandled(error);
      }
    }
  } finally {
    depth = 0;
  }
}
