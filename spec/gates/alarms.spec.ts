import { allOf, createCoordinator, cyclicBarrier, rateLimiter, run, semaphore, within } from 'rxbaton';
import { virtualTime } from 'rxbaton/testing';
import { describe, expect, it } from 'vitest';

function start() {
  const clock = virtualTime();
  return { clock, coordinator: createCoordinator({ clock }) };
}

describe('the timers of gates', () => {
  it('are gone with the last who could need them, so that the process can end', async () => {
    const { clock, coordinator } = start();
    const barrier = cyclicBarrier('merge', { parties: 2, timeout: '30s' });
    const slow = rateLimiter('slow', { limit: 1, per: '1h' });
    const leaver = new AbortController();
    await within(coordinator, async () => {
      await Promise.all([run(barrier, () => {}), run(barrier, () => {})]);
      expect(clock.pending).toBe(0);
      await run(slow, () => {});
      const refused = run(slow, { signal: leaver.signal }, () => {}).catch(() => 'left');
      expect(clock.pending).toBe(1);
      leaver.abort();
      expect(await refused).toBe('left');
      expect(clock.pending).toBe(0);
    });
  });

  it('stay when somebody joins behind a request for several gates whose pause has just ended', async () => {
    const { clock, coordinator } = start();
    const pace = rateLimiter('pace', { limit: 40, per: '1s', from: 'release' });
    const gate = allOf(pace, semaphore('slots', { permits: 8 }));
    const served: string[] = [];
    const ask = (name: string) => run(gate, { label: name }, () => void served.push(name));
    await within(coordinator, async () => {
      await coordinator.open(pace).pauseUntil(clock.wall() + 50);
      // Its timer comes first, so it joins when the pause is over and the gate has not looked yet.
      const second = new Promise((resolve) => clock.schedule(() => resolve(ask('second')), 50));
      const first = ask('first');
      await clock.advance(60);
      expect(served).toEqual(['first', 'second']);
      await Promise.all([first, second]);
    });
  });
});
