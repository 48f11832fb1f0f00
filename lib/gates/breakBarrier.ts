import { BarrierBrokenError } from '../errors.ts';
import { whoIs } from './describe.ts';
import type { InMemory } from './inMemory.ts';
import { OVER, type Ticket } from './port.ts';
import { titleOf } from './spec.ts';

/** Fails everybody who waits at a barrier. The next to arrive begins a new generation. */
export function breakBarrier(gate: InMemory, reason: string): void {
  const { line } = gate;
  const broken: Ticket[] = [];
  for (let t = line.head; t !== null; t = line.head) {
    line.remove(t);
    t.state = OVER;
    broken.push(t);
  }
  const who = broken.map(({ waiter }) => whoIs(waiter));
  for (const ticket of broken) {
    gate.refuse(
      ticket,
      new BarrierBrokenError(`The barrier ${titleOf(gate)} is broken: ${reason}.`, {
        details: { gate: titleOf(gate), reason, waiting: who },
      }),
    );
  }
}
