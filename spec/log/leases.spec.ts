import { describe, expect, it } from 'vitest';
import { Leases } from '../../lib/log/Leases.ts';

describe('Leases', () => {
  it('forgets those that have lapsed, also where one that is live stands before them', () => {
    const leases = new Leases();
    leases.set('long', { token: 1, until: 1e9, owner: 'me' }, 0);
    let most = 0;
    for (let i = 0; i < 10_000; i++) {
      leases.set(`k${i}`, { token: i + 2, until: i + 1, owner: 'me' }, i);
      most = Math.max(most, leases.size);
    }
    expect(most).toBeLessThan(100);
    expect(leases.live('long', 10_000)?.token).toBe(1);
    expect(leases.token).toBe(10_001);
  });

  it('keeps 10,000 that are live, and does not look at all of them for each', () => {
    const leases = new Leases();
    let looks = 0;
    for (let i = 0; i < 10_000; i++) {
      const lease = {
        token: i + 1,
        owner: 'me',
        get until() {
          looks++;
          return 1e9;
        },
      };
      leases.set(`k${i}`, lease, i);
    }
    expect(leases.size).toBe(10_000);
    expect(looks).toBeLessThan(40_000);
  });
});
