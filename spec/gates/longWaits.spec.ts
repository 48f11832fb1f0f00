import { describe, expect, it } from 'vitest';
import { cyclicBarrier, mutex, quota, rateLimiter } from 'rxbaton';
import { virtualTime } from '../../lib/testing/index.ts';
import { gateWorld } from '../support/gateWorld.ts';

/** What a host timer can be set to: a longer one fires after a millisecond. */
const longest = 2 ** 31 - 1;

/** A world whose clock notes every delay that is asked of it. */
function noting() {
  const clock = virtualTime();
  const delays: number[] = [];
  const world = gateWorld({
    clock: {
      now: () => clock.now(),
      wall: () => clock.wall(),
      schedule: (work, delay = 0, state?: never) => {
        delays.push(delay);
        return clock.schedule(work, delay, state as never);
      },
    },
  });
  return { ...world, clock, delays };
}

describe('waits of more than 24 days', () => {
  it('are cut into pieces that a host timer can keep, and end on time', async () => {
    const { ask, open, clock, delays } = noting();
    const yearly = quota('yearly', { limit: 1, per: '365d' });
    const lock = mutex('lock', { ttl: '40d', renew: false });
    const meet = cyclicBarrier('meet', { parties: 2, timeout: '50d' });
    const paused = open(rateLimiter('api', { limit: 1, per: '1s' }));
    void paused.pauseUntil(clock.wall() + 60 * 86_400_000);
    ask(yearly);
    ask('busy');
    const [next, leased, first, call] = [ask(yearly), ask(lock), ask(meet), ask(paused)];
    const patient = ask('busy', { timeout: '30d' });
    const fates = (): string[] => [patient, leased, first, call, next].map(({ fate }) => fate);
    const ends: string[] = [];
    for (const day of [30, 40, 50, 60, 365]) {
      await clock.advance(day * 86_400_000 - 1 - clock.now());
      const before = fates();
      await clock.advance(1);
      fates().forEach((fate, i) => {
        if (fate !== before[i]) ends.push(`day ${day}: ${fate}`);
      });
    }
    expect(ends).toEqual([
      'day 30: RXB_ACQUIRE_TIMEOUT',
      'day 40: RXB_LEASE_LOST',
      'day 50: RXB_BARRIER_BROKEN',
      'day 60: spent',
      'day 365: held',
    ]);
    expect(Math.max(...delays)).toBeLessThanOrEqual(longest);
    expect(clock.pending).toBe(0);
  });

  it('for ever need no timer', () => {
    const { ask, clock } = noting();
    ask('busy');
    ask('busy', { timeout: Infinity });
    ask(cyclicBarrier('meet', { parties: 2 }));
    expect(clock.pending).toBe(0);
  });
});
