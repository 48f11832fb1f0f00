import { lastValueFrom, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ConfigError, type GateRef } from '../../lib/index.ts';
import { withLock } from '../../operators/index.ts';

// Nobody in this file makes a description: what is here was parsed from JSON, say.
const parsed: Readonly<Record<string, unknown>> = {
  quota: { kind: 'quota', name: 'tokens', limit: 10, per: 1_000, anchor: 0 },
  barrier: { kind: 'barrier', name: 'merge', parties: 2, timeout: Infinity, onLeave: 'break' },
  readWriteLock: { kind: 'readWriteLock', name: 'catalogue', ttl: Infinity, renew: true, mode: 'read' },
  allOf: { kind: 'all', members: [{ gate: 'a', cost: 1 }] },
};

const use = async (gate: unknown): Promise<string> => lastValueFrom(of('in').pipe(withLock(() => gate as GateRef)));

describe('a description that nobody here has made', () => {
  it.each(['mutex', 'semaphore'])('is as good as any of a %s', async (kind) => {
    const given = { kind, name: kind, permits: 1, reentrant: false, ttl: Infinity, renew: true };
    expect(await use(given)).toBe('in');
  });

  it.each([
    ['quota', 'quota()'],
    ['barrier', 'cyclicBarrier()'],
    ['readWriteLock', 'readWriteLock()'],
    ['allOf', 'allOf(...)'],
  ])('is refused of a %s, and the error names %s', async (kind, maker) => {
    const refused = use(parsed[kind]);
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(maker);
  });
});
