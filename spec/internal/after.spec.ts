import { describe, expect, it } from 'vitest';
import { virtualTime } from 'rxbaton/testing';
import { after } from '../../lib/internal/after.ts';

describe('after', () => {
  it('waits however long, in pieces that a host can arm', async () => {
    const clock = virtualTime();
    const armed: number[] = [];
    const host = {
      now: () => clock.now(),
      schedule: ((work: never, delay = 0) => {
        armed.push(delay);
        return clock.schedule(work, delay);
      }) as typeof clock.schedule,
    };
    let at = -1;
    after(host, 2 ** 32, () => (at = clock.now()));
    await clock.advance(2 ** 32 - 1);
    expect(at).toBe(-1);
    await clock.advance(1);
    expect(at).toBe(2 ** 32);
    expect(Math.max(...armed)).toBe(2 ** 31 - 1);
  });

  it('never comes for Infinity, and not after unsubscribe', async () => {
    const clock = virtualTime();
    let calls = 0;
    after(clock, Infinity, () => calls++);
    expect(clock.pending).toBe(0);
    const waiting = after(clock, 2 ** 31, () => calls++);
    await clock.advance(2 ** 31 - 1);
    waiting.unsubscribe();
    await clock.advance('1d');
    expect([calls, clock.pending]).toEqual([0, 0]);
  });
});
