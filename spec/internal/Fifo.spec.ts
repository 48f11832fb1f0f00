import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { Fifo } from '../../lib/internal/Fifo.ts';

describe('Fifo', () => {
  test.prop([
    fc.array(
      fc.oneof(
        { weight: 5, arbitrary: fc.nat() },
        { weight: 4, arbitrary: fc.constant('shift' as const) },
        { weight: 1, arbitrary: fc.constant('clear' as const) },
      ),
      { maxLength: 300 },
    ),
  ])('does what an array does', (commands) => {
    const fifo = new Fifo<number>();
    const model: number[] = [];
    for (const command of commands) {
      if (command === 'shift') expect(fifo.shift()).toBe(model.shift());
      else if (command === 'clear') {
        fifo.clear();
        model.length = 0;
      } else {
        fifo.push(command);
        model.push(command);
      }
      expect(fifo.length).toBe(model.length);
    }
  });
});
