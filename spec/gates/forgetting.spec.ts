import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { acquire, allOf, mutex, quota, rateLimiter, semaphore, type GateSpec } from 'rxbaton';
import { memoryBackend } from '../../lib/gates/memoryBackend.ts';
import { gateWorld } from '../support/gateWorld.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Megabytes that are still in use. */
function used(): number {
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

const many = 100_000;
/** Enough other names to make the backend look through its idle gates. */
const others = (use: (name: string) => void): void => {
  for (let i = 0; i < 1_000; i++) use(`other ${i}`);
};

describe('names that were used once', () => {
  const kinds: Record<string, (name: string) => GateSpec> = {
    mutex: (name) => mutex(name),
    semaphore: (name) => semaphore(name, { permits: 2 }),
    limiter: (name) => rateLimiter(name, { limit: 2, per: 10 }),
  };
  it.each(Object.entries(kinds))('leave less than 1 MB behind, 100,000 of them: %s', async (_, spec) => {
    const { clock, ask, state } = gateWorld();
    const use = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        ask(spec(`gate ${i}`)).leave();
        if (i % 1_000 === 0) await clock.advance(20);
      }
      await clock.advance(20);
      others((name) => ask(name).leave());
    };
    // What is compiled with the first names is not left behind by them: 2 MB in Node 22, with a hundred names as with 400,000.
    await use(1_000);
    const before = used();
    await use(many);
    expect(used() - before).toBeLessThan(1);
    expect(state('other 1').holders).toEqual([]);
  });

  it('leave no keys behind either, whose accounts are packed until they are level', async () => {
    const { clock, ask, state } = gateWorld();
    const api = rateLimiter('api', { limit: 1, per: 1_000, strategy: 'token-bucket' });
    others((name) => ask(name).leave());
    const before = used();
    for (let i = 0; i < many; i++) ask(api, { key: `user ${i}` });
    others((name) => ask(name).leave());
    // A number in a map for each: a live gate would cost twenty times as much.
    expect(used() - before).toBeLessThan(20);
    expect(state(api, 'user 7').available).toBe(0);
    expect(state(api, 'nobody').available).toBe(1);
    await clock.advance(1_000);
    // Looked through a few at a time, by whoever gives something back.
    for (let i = 0; i < 20; i++) others((name) => ask(name).leave());
    expect(used() - before).toBeLessThan(1);
  }, 60_000);

  it.each(['token-bucket', 'fixed-window', 'leaky-bucket', 'sliding-window'] as const)(
    'come back with the account they left: %s',
    async (strategy) => {
      const { clock, ask } = gateWorld();
      const api = rateLimiter('api', { limit: 2, per: 1_000, strategy });
      await clock.advance(7);
      ask(api, { key: 'ada', cost: 2 });
      for (let i = 0; i < 2_000; i++) ask(api, { key: `user ${i}` });
      const next = ask(api, { key: 'ada' });
      await clock.advance(strategy === 'token-bucket' ? 499 : 999);
      expect(next.fate).toBe('waiting');
      await clock.advance(1);
      expect(next.fate).toBe('spent');
    },
  );
});

describe('a gate', () => {
  it('that is opened while idle ones are swept away is one gate, and not two', () => {
    const { within } = gateWorld();
    const holders = within(() =>
      Array.from({ length: 3_000 }, (_, i) => {
        let held = 0;
        const both = [acquire(`gate ${i}`), acquire(`gate ${i}`)].map((one) => one.subscribe(() => held++));
        both.reverse().forEach((one) => one.unsubscribe());
        return held;
      }),
    );
    expect(Math.max(...holders)).toBe(1);
  });

  it('is not forgotten while somebody holds or awaits it', () => {
    const { ask } = gateWorld();
    const lock = mutex('db');
    const holder = ask(lock);
    const waiter = ask(lock, { key: 'k' });
    others((name) => ask(name).leave());
    others((name) => ask(`again ${name}`).leave());
    expect([ask(lock).fate, ask(lock, { key: 'k' }).fate]).toEqual(['waiting', 'waiting']);
    holder.leave();
    waiter.leave();
  });

  it('is not forgotten while its account is not back at the start', async () => {
    const { clock, ask, state } = gateWorld();
    const hours = quota('hours', { limit: 4, per: '1h' });
    const api = rateLimiter('api', { limit: 2, per: '1m' });
    ask(hours, { cost: 3 }).leave();
    ask(api);
    others((name) => ask(name).leave());
    expect([state(hours).available, state(api).available]).toEqual([1, 1]);
    await clock.advance('1h');
    expect([state(hours).available, state(api).available]).toEqual([4, 2]);
  });

  it('is not forgotten while it is paused or changed', () => {
    const { ask, open, state } = gateWorld();
    void open(mutex('paused')).pauseUntil(1_000);
    void open(semaphore('changed', { permits: 1 })).change({ permits: 5 });
    others((name) => ask(name).leave());
    expect([state('paused').pausedFor, state('changed').available]).toEqual([1_000, 5]);
  });

  it('that replaced an idle one of its name is not taken for it when that is swept away', () => {
    const { ask } = gateWorld();
    ask(mutex('db')).leave();
    const holder = ask(mutex('db', { ttl: '1h' }));
    others((name) => ask(name).leave());
    expect([holder.fate, ask(mutex('db', { ttl: '1h' })).fate]).toEqual(['held', 'waiting']);
  });

  it('that replaced an idle key of its name is not taken for it when that is swept away', () => {
    const { ask } = gateWorld();
    ask(mutex('db'), { key: 'k' }).leave();
    const spec = mutex('db', { ttl: '1h' });
    const holder = ask(spec, { key: 'k' });
    others((name) => ask(name).leave());
    expect([holder.fate, ask(spec, { key: 'k' }).fate]).toEqual(['held', 'waiting']);
  });

  it('that is one of many in an allOf is not swept away while the others are opened', () => {
    const { ask } = gateWorld();
    others((name) => ask(name).leave());
    const names = Array.from({ length: 600 }, (_, i) => `part ${i}`);
    const all = ask(allOf(...names));
    expect(all.fate).toBe('held');
    expect(new Set(names.map((name) => ask(name).fate))).toEqual(new Set(['waiting']));
  });

  it('that is only looked at is forgotten too', () => {
    const { state } = gateWorld();
    const before = used();
    for (let i = 0; i < many; i++) state(`gate ${i}`);
    expect(used() - before).toBeLessThan(2);
  });

  it('is found again by a live gate and by requests that were made before it was forgotten', () => {
    const { ask, open, state } = gateWorld();
    const gate = open('db');
    const request = gate.acquire();
    request.subscribe().unsubscribe();
    others((name) => ask(name).leave());
    const held = request.subscribe();
    expect([state('db').holders.length, ask(gate).fate]).toEqual([1, 'waiting']);
    held.unsubscribe();
  });

  it('has rising fences for ever, also when it was forgotten in between', () => {
    const { ask } = gateWorld();
    const fences: number[] = [];
    for (let round = 0; round < 3; round++) {
      const { grant, leave } = ask('db');
      fences.push(grant.fence!);
      leave();
      others((name) => ask(name).leave());
    }
    expect(fences).toEqual([...fences].sort((a, b) => a - b));
    expect(new Set(fences).size).toBe(3);
  });
});

describe('the backend', () => {
  it('keeps nothing of a name that is forgotten', () => {
    const backend = memoryBackend();
    const { ask, coordinator } = gateWorld({ backend });
    ask('db', { key: 'k' }).leave();
    ask('db').leave();
    others((name) => ask(name).leave());
    others((name) => ask(name).leave());
    expect(backend.find('db')).toBeNull();
    expect(coordinator.gates.backend).toBe(backend);
  });
});
