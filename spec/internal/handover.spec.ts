import { asyncScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { begin, end, handOver } from '../../lib/internal/handover.ts';
import { unhandledErrors } from '../support/unhandled.ts';

const unhandled = unhandledErrors();

/** One turn: what `body` hands over is delivered at its end. */
function turn(body: () => void): void {
  begin();
  try {
    body();
  } finally {
    end();
  }
}

describe('a turn', () => {
  it('delivers what was handed over when it is over, in order', () => {
    const log: string[] = [];
    turn(() => {
      for (const name of ['a', 'b']) handOver({ deliver: () => log.push(name) });
      log.push('still inside');
    });
    expect(log).toEqual(['still inside', 'a', 'b']);
  });

  it('is over when the outermost one is', () => {
    const log: string[] = [];
    turn(() => {
      turn(() => {
        handOver({ deliver: () => log.push('a') });
      });
      log.push('still inside');
    });
    expect(log).toEqual(['still inside', 'a']);
  });

  it('delivers what a delivery hands over after those that wait, without a stack', () => {
    const log: number[] = [];
    const next = (n: number): void => {
      log.push(n);
      if (n < 20_000) {
        turn(() => {
          handOver({ deliver: () => next(n + 2) });
        });
      }
    };
    turn(() => {
      handOver({ deliver: () => next(0) });
      handOver({ deliver: () => next(1) });
    });
    expect(log).toEqual(Array.from({ length: 20_002 }, (_, i) => i));
  });

  it('reports a delivery that throws, and goes on with the others', async () => {
    const log: string[] = [];
    const error = new Error('delivery');
    expect(() =>
      turn(() => {
        handOver({
          deliver: () => {
            throw error;
          },
        });
        handOver({ deliver: () => log.push('after it') });
      }),
    ).not.toThrow();
    expect(log).toEqual(['after it']);
    turn(() => {
      handOver({ deliver: () => log.push('another turn') });
    });
    expect(log).toEqual(['after it', 'another turn']);
    // It is reported in a job of its own, like every error without a receiver.
    await new Promise<void>((resolve) => asyncScheduler.schedule(() => resolve()));
    expect(unhandled).toEqual([error]);
  });

  it('is closed by a body that throws', () => {
    const log: string[] = [];
    expect(() =>
      turn(() => {
        handOver({ deliver: () => log.push('delivered') });
        throw new Error('body');
      }),
    ).toThrow('body');
    expect(log).toEqual(['delivered']);
  });
});
