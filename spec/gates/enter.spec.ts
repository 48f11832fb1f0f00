import { describe, expect, it } from 'vitest';
import { enter, mutex, rateLimiter, type Entered } from 'rxbaton';
import { errorOf, gateWorld } from '../support/gateWorld.ts';

const lock = mutex('db');

describe('enter', () => {
  it('holds the gate for the rest of a block, and gives it back however the block ends', async () => {
    const { within, state } = gateWorld();
    const block = async (end: () => void): Promise<void> => {
      await using grant = await enter(lock, { label: 'block' });
      expect([grant.valid(), state(lock).holders[0]?.who]).toEqual([true, 'block']);
      end();
    };
    await within(() => block(() => {}));
    expect(state(lock).available).toBe(1);
    await within(() =>
      errorOf(
        block(() => {
          throw new Error('no');
        }),
      ),
    );
    expect(state(lock).available).toBe(1);
  });

  it('queues like every request', async () => {
    const { within, ask } = gateWorld();
    const holder = ask(lock);
    const order: string[] = [];
    const entered = within(() => enter(lock)).then((grant) => {
      order.push('entered');
      grant.release();
    });
    const behind = ask(lock);
    holder.leave();
    expect(behind.fate).toBe('waiting');
    await entered;
    expect([order, behind.fate]).toEqual([['entered'], 'held']);
  });

  it('gives back once: a second release frees nothing of the next holder', async () => {
    const { within, ask } = gateWorld();
    const grant = await within(() => enter(lock));
    const [next, third] = [ask(lock), ask(lock)];
    grant.release();
    grant.release();
    await grant[Symbol.asyncDispose]();
    expect([next.fate, third.fate, grant.valid(), grant.signal.aborted]).toEqual(['held', 'waiting', false, true]);
  });

  it('gives a lease back when the next one is already waiting, in the same turn', async () => {
    const { within, ask } = gateWorld();
    const grant = await within(() => enter(lock));
    const next = ask(lock);
    grant.release();
    expect(next.fate).toBe('held');
  });

  it('is refused when its signal aborts while it waits; once in, the signal changes nothing', async () => {
    const { within, ask } = gateWorld();
    const control = new AbortController();
    const holder = ask(lock);
    const waits = within(() => errorOf(enter(lock, { signal: control.signal })));
    control.abort();
    expect((await waits).code).toBe('RXB_ABORTED');
    holder.leave();
    const later = new AbortController();
    const grant = await within(() => enter(lock, { signal: later.signal }));
    later.abort();
    expect([grant.valid(), grant.signal.aborted]).toEqual([true, false]);
  });

  it('hears of a lost lease through its signal, whose reason says what happened', async () => {
    const { within, clock } = gateWorld();
    const grant: Entered = await within(() => enter(mutex('db', { ttl: 10, renew: false }), { label: 'me' }));
    const { signal } = grant;
    await clock.advance(10);
    expect([signal.aborted, grant.valid(), grant.extend()]).toEqual([true, false, false]);
    expect(signal.reason).toMatchObject({
      code: 'RXB_LEASE_LOST',
      message: expect.stringMatching(/^me lost db: expired/),
    });
    grant.release();
  });

  it('of a limiter is a token: there is nothing to give back', async () => {
    const { within, state } = gateWorld();
    const api = rateLimiter('api', { limit: 2, per: 100 });
    const grant = await within(() => enter(api));
    grant.release();
    expect([grant.fence, grant.valid(), grant.signal.aborted, state(api).available]).toEqual([null, true, false, 1]);
  });

  it('refuses bad options at once', async () => {
    const { within } = gateWorld();
    expect((await errorOf(() => within(() => enter(lock, { cost: -1 })))).message).toMatch(/^enter\(\)\.cost must be/);
    expect((await errorOf(() => within(() => enter(null as never)))).message).toMatch(/^enter\(\) needs a gate/);
  });
});
