import { describe, expect, it } from 'vitest';
import { cyclicBarrier } from '../../lib/gates/cyclicBarrier.ts';
import { mutex } from '../../lib/gates/mutex.ts';
import { quota } from '../../lib/gates/quota.ts';
import { rateLimiter } from '../../lib/gates/rateLimiter.ts';
import { semaphore } from '../../lib/gates/semaphore.ts';
import type { GateSpec } from '../../lib/gates/spec.ts';
import { consult, oracle, type OracleCommand } from '../../lib/testing/index.ts';

/** A story: a name arrives (`a`, with a cost `a*2`), leaves (`-a`), gives back (`/a`); a number is a moment; else a command. */
type Line = string | number | OracleCommand;

const command = (line: Line): OracleCommand => {
  if (typeof line === 'number') return { do: 'advance', to: line };
  if (typeof line !== 'string') return line;
  if (line.startsWith('-')) return { do: 'leave', id: line.slice(1) };
  if (line.startsWith('/')) return { do: 'release', id: line.slice(1) };
  const [id = '', cost = '1'] = line.split('*');
  return { do: 'arrive', id, cost: Number(cost) };
};

/** What came of it: `a 0` granted at 0, `a! 5 expired` lost, `a? 5 busy` refused, `a 0 #2` with its index. */
function tell(specs: GateSpec | readonly GateSpec[], ...lines: readonly Line[]): string[] {
  const gates = [specs].flat() as readonly GateSpec[];
  return consult(oracle(...gates), ...lines.map(command)).outcomes.map((o) => {
    if (o.outcome === 'granted') return `${o.id} ${o.at}${o.index > 0 ? ` #${o.index}` : ''}`;
    return `${o.id}${o.outcome === 'lost' ? '!' : '?'} ${o.at} ${o.reason}`;
  });
}

describe('the oracle on mutexes and semaphores', () => {
  it('serves in order of arrival', () => {
    expect(tell(mutex('m'), 'a', 'b', 'c', 3, '/a', 5, '/b')).toEqual(['a 0', 'b 3', 'c 5']);
  });

  it('forgets who left, and frees nothing when a waiter leaves', () => {
    expect(tell(mutex('m'), 'a', 'b', 'c', '-b', 3, '/a')).toEqual(['a 0', 'c 3']);
  });

  it('lets nobody overtake a heavy request at the head', () => {
    const pool = semaphore('s', { permits: 3 });
    expect(tell(pool, 'a*2', 'b*2', 'c*1', 1, '/a')).toEqual(['a 0', 'b 1', 'c 1']);
    expect(tell(pool, 'a*2', 'b*2', 'c*1', 1, '-b')).toEqual(['a 0', 'c 1']);
  });

  it('serves higher priorities first, and in order of arrival within one', () => {
    const late = { do: 'arrive', id: 'late', priority: 1 } as const;
    const later = { do: 'arrive', id: 'later', priority: 1 } as const;
    expect(tell(mutex('m'), 'a', 'b', late, later, '/a', '/late', '/later')).toEqual([
      'a 0',
      'late 0',
      'later 0',
      'b 0',
    ]);
  });

  it('refuses what can never be, at once and after a change', () => {
    const pool = semaphore('s', { permits: 3 });
    expect(tell(pool, 'a*4')).toEqual(['a? 0 impossible']);
    const shrink = { do: 'change', patch: { permits: 1 } } as const;
    expect(tell(pool, 'a*3', 'b*2', 'c', 2, shrink, 4, '/a')).toEqual(['a 0', 'b? 2 impossible', 'c 4']);
  });

  it('lets a try in at once or not at all', () => {
    const attempt = { do: 'arrive', id: 'try', attempt: true } as const;
    expect(tell(mutex('m'), attempt)).toEqual(['try 0']);
    expect(tell(mutex('m'), 'a', attempt, '/a', 'b')).toEqual(['a 0', 'try? 0 busy', 'b 0']);
  });

  it('keeps those inside when permits go, and lets more in when they come', () => {
    const change = (permits: number) => ({ do: 'change', patch: { permits } }) as const;
    expect(tell(semaphore('s', { permits: 2 }), 'a', 'b', 'c', change(1), '/a', 2, change(2))).toEqual([
      'a 0',
      'b 0',
      'c 2',
    ]);
  });

  it('takes a lease back at its end unless it was extended or renews itself', () => {
    const extend = { do: 'extend', id: 'a', ms: 10 } as const;
    expect(tell(mutex('m', { ttl: 10, renew: false }), 'a', 'b', 30)).toEqual([
      'a 0',
      'a! 10 expired',
      'b 10',
      'b! 20 expired',
    ]);
    expect(tell(mutex('m', { ttl: 10, renew: false }), 'a', 'b', 5, extend, 14, '/a')).toEqual(['a 0', 'b 14']);
    expect(tell(mutex('m', { ttl: 10, renew: false }), 'a', 'b', 5, extend, 15)).toEqual([
      'a 0',
      'a! 15 expired',
      'b 15',
    ]);
    expect(tell(mutex('m', { ttl: 10 }), 'a', 'b', 1000, '/a')).toEqual(['a 0', 'b 1000']);
  });

  it('takes a lease away by force', () => {
    expect(tell(mutex('m'), 'a', 'b', 5, { do: 'force', id: 'a' })).toEqual(['a 0', 'a! 5 forced', 'b 5']);
  });

  it('lets nobody in during a pause', () => {
    expect(tell(mutex('m'), { do: 'change', patch: { pauseUntil: 10 } }, 'a', 4, 'b', 20)).toEqual(['a 10']);
  });
});

describe('the oracle on quotas', () => {
  const hourly = quota('q', { limit: 4, per: 100, anchor: 30 });

  it('counts in periods from the anchor', () => {
    expect(tell(hourly, 'a*3', 'b*2', 'c', 200)).toEqual(['a 0', 'b 30', 'c 30']);
  });

  it('gives a difference back to the same period, and only there', () => {
    const charge = { do: 'charge', id: 'a', actual: 1 } as const;
    expect(tell(hourly, 'a*3', 'b*3', 5, charge)).toEqual(['a 0', 'b 5']);
    expect(tell(hourly, 'a*3', 30, 'b*4', 'c', 35, charge, 200)).toEqual(['a 0', 'b 30', 'c 130']);
  });

  it('keeps what was reserved when it is given back without a charge', () => {
    expect(tell(hourly, 'a*3', 'b*2', 5, '/a', 29)).toEqual(['a 0']);
  });

  it('lets a charge above the reservation make the others wait', () => {
    expect(tell(hourly, 'a*1', { do: 'charge', id: 'a', actual: 9 }, 'b', 29, 'c', 40)).toEqual([
      'a 0',
      'b 30',
      'c 30',
    ]);
  });

  it('applies another limit and another period at once; what is spent stays spent', () => {
    expect(tell(hourly, 'a*4', 'b', 5, { do: 'change', patch: { limit: 5 } })).toEqual(['a 0', 'b 5']);
    // With 20 for 100 the periods end at 10, 30, 50 ...
    expect(tell(hourly, 'a*4', 'b', 5, { do: 'change', patch: { per: 20 } }, 9, 40)).toEqual(['a 0', 'b 10']);
  });
});

describe('the oracle on barriers', () => {
  it('opens for a generation when it is complete, in order of arrival, again and again', () => {
    const gate = cyclicBarrier('b', { parties: 3 });
    expect(tell(gate, 'a', 'b', 5, 'c', 'd', 'e', 9, 'f')).toEqual([
      'a 5',
      'b 5 #1',
      'c 5 #2',
      'd 9',
      'e 9 #1',
      'f 9 #2',
    ]);
  });

  it('breaks for all who wait when the time from the first arrival is over', () => {
    const gate = cyclicBarrier('b', { parties: 3, timeout: 10 });
    expect(tell(gate, 'a', 8, 'b', 12, 'c', 13, 'd', 'e')).toEqual([
      'a? 10 broken',
      'b? 10 broken',
      'c 13',
      'd 13 #1',
      'e 13 #2',
    ]);
  });

  it('breaks when a party leaves, unless it forgets', () => {
    const forget = cyclicBarrier('b', { parties: 3, onLeave: 'forget' });
    expect(tell(cyclicBarrier('b', { parties: 3 }), 'a', 'b', '-a', 'c', 'd')).toEqual(['b? 0 broken']);
    expect(tell(forget, 'a', 'b', '-a', 'c', 'd')).toEqual(['b 0', 'c 0 #1', 'd 0 #2']);
  });

  it('is not broken by a try, and opens when fewer are needed', () => {
    const gate = cyclicBarrier('b', { parties: 3 });
    expect(tell(gate, 'a', { do: 'arrive', id: 'x', attempt: true }, 'b', 'c')).toEqual([
      'x? 0 busy',
      'a 0',
      'b 0 #1',
      'c 0 #2',
    ]);
    expect(tell(gate, 'a', 'b', 4, { do: 'change', patch: { parties: 2 } })).toEqual(['a 4', 'b 4 #1']);
  });
});

describe('the oracle on limiters', () => {
  const burst = (n: number) => Array.from({ length: n }, (_, i) => `r${i + 1}`);
  const times = (told: string[]) => told.map((line) => Number(line.split(' ')[1]));
  const sliding = rateLimiter('l', { limit: 2, per: 100 });

  it('sliding window: what entered at t is out at exactly t + per', () => {
    expect(tell(sliding, 'a', 60, 'b', 'c', 'd', 'e', 300)).toEqual(['a 0', 'b 60', 'c 100', 'd 160', 'e 200']);
    expect(tell(sliding, 'a*2', 'b', 99)).toEqual(['a 0']);
  });

  it('sliding window from the release: counts while held and until per after', () => {
    const gate = rateLimiter('l', { limit: 2, per: 100, from: 'release' });
    expect(tell(gate, 'a', 'b', 'c', 'd', 50, '/b', 149, 150, 500, '/a', 600)).toEqual([
      'a 0',
      'b 0',
      'c 150',
      'd 600',
    ]);
  });

  it('sliding window: a change applies to what is in the window, and what is out stays out', () => {
    expect(tell(sliding, 'a*2', 'b', 50, { do: 'change', patch: { per: 60 } }, 200)).toEqual(['a 0', 'b 60']);
    expect(tell(sliding, 'a*2', 100, { do: 'change', patch: { per: 900 } }, 'b')).toEqual(['a 0', 'b 100']);
    expect(tell(sliding, 'a*2', 'b', 99, { do: 'change', patch: { per: 900 } }, 1000)).toEqual(['a 0', 'b 900']);
    expect(tell(sliding, 'a*2', 'b', 50, { do: 'change', patch: { limit: 3 } })).toEqual(['a 0', 'b 50']);
  });

  it('token bucket: starts full, then one each interval', () => {
    const gate = rateLimiter('l', { limit: 10, per: 1000, strategy: 'token-bucket', burst: 5 });
    const expected = [0, 0, 0, 0, 0, ...Array.from({ length: 15 }, (_, i) => (i + 1) * 100)];
    expect(times(tell(gate, ...burst(20), 5_000))).toEqual(expected);
    expect(tell(gate, 'a*5', 'b*3', 'c', 1000)).toEqual(['a 0', 'b 300', 'c 400']);
    expect(tell(gate, 'a*6')).toEqual(['a? 0 impossible']);
    expect(tell(gate, 'a*5', 100_000, 'b*5', 'c', 200_000)).toEqual(['a 0', 'b 100000', 'c 100100']);
  });

  it('token bucket: a debt keeps its size and is paid at the new pace', () => {
    const gate = rateLimiter('l', { limit: 10, per: 1000, strategy: 'token-bucket', burst: 2 });
    expect(tell(gate, 'a*2', 'b', 50, { do: 'change', patch: { per: 2000 } }, 500)).toEqual(['a 0', 'b 150']);
    expect(tell(gate, 'a*2', 'b*2', 50, { do: 'change', patch: { burst: 4 } }, 500)).toEqual(['a 0', 'b 50']);
  });

  it('fixed window: opens with its first entry and lasts per', () => {
    const gate = rateLimiter('l', { limit: 2, per: 100, strategy: 'fixed-window' });
    expect(tell(gate, 30, 'a', 120, 'b', 'c', 'd', 'e', 300)).toEqual(['a 30', 'b 120', 'c 130', 'd 130', 'e 230']);
    expect(tell(gate, 'a*2', 'b', 50, { do: 'change', patch: { per: 60 } }, 200)).toEqual(['a 0', 'b 60']);
    expect(tell(gate, 'a*2', 100, { do: 'change', patch: { per: 900 } }, 'b')).toEqual(['a 0', 'b 100']);
  });

  it('leaky bucket: one at once, then one each interval; a cost of c takes c intervals', () => {
    const gate = rateLimiter('l', { limit: 10, per: 1000, strategy: 'leaky-bucket' });
    expect(times(tell(gate, ...burst(20), 5_000))).toEqual(Array.from({ length: 20 }, (_, i) => i * 100));
    expect(tell(gate, 'a*3', 'b', 'c', 1000)).toEqual(['a 0', 'b 300', 'c 400']);
    expect(tell(gate, 'a', 'b', 50, { do: 'change', patch: { per: 2000 } }, 500)).toEqual(['a 0', 'b 150']);
  });

  it('a pause holds back what is due, and what is not due stays so', () => {
    expect(tell(sliding, 'a', { do: 'change', patch: { pauseUntil: 40 } }, 'b*2', 'c', 300)).toEqual([
      'a 0',
      'b 100',
      'c 200',
    ]);
    expect(tell(sliding, { do: 'change', patch: { pauseUntil: 40 } }, 'a', 'b', 'c', 300)).toEqual([
      'a 40',
      'b 40',
      'c 140',
    ]);
  });
});

describe('the oracle on several gates', () => {
  const gates = [mutex('m'), rateLimiter('l', { limit: 1, per: 100 })];
  const both = (id: string) => ({ do: 'arrive', id, gate: ['m', 'l'] }) as const;
  const one = (id: string, gate: string) => ({ do: 'arrive', id, gate }) as const;

  it('lets a joint request in when it is first in each and each would admit it, taking nothing before', () => {
    expect(tell(gates, one('x', 'l'), both('a'), one('m1', 'm'), 50, 200)).toEqual(['x 0', 'a 100']);
    expect(tell(gates, one('m0', 'm'), both('a'), one('l1', 'l'), 30, '/m0', 200, '/a')).toEqual([
      'm0 0',
      'a 30',
      'l1 130',
    ]);
  });

  it('keeps its place in each queue, so that nobody behind it overtakes', () => {
    expect(tell(gates, one('x', 'l'), both('a'), one('m1', 'm'), 99, '-a')).toEqual(['x 0', 'm1 99']);
  });

  it('wants to hear which gate is meant, and a time that goes on', () => {
    expect(() => consult(oracle(...gates), { do: 'arrive', id: 'a' })).toThrow('Say which gate');
    expect(() => consult(oracle(...gates), one('a', 'other'))).toThrow("no gate 'other'");
    expect(() => consult(oracle(...gates), { do: 'advance', to: 5 }, { do: 'advance', to: 4 })).toThrow(
      'does not go back',
    );
  });

  it('changes nothing that it was given', () => {
    const start = oracle(mutex('m'));
    const before = structuredClone(start);
    consult(start, { do: 'arrive', id: 'a' }, { do: 'release', id: 'a' });
    expect(start).toEqual(before);
  });
});
