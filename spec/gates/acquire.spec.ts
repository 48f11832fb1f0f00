import { firstValueFrom, map, race, Subject, take, takeUntil, toArray, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { acquire, allOf, hold, mutex, rateLimiter, type Grant } from 'rxbaton';
import { gateWorld } from '../support/gateWorld.ts';

const lock = mutex('db');
const api = rateLimiter('api', { limit: 1, per: 100 });

describe('acquire', () => {
  it('does nothing before it is subscribed to, and asks anew with each subscription', () => {
    const { within, state } = gateWorld();
    const request = within(() => acquire(lock));
    expect(state(lock).holders).toEqual([]);
    const [one, two] = within(() => [request.subscribe(), request.subscribe()]);
    expect(state(lock)).toMatchObject({ holders: [{}], waiting: [{}] });
    one?.unsubscribe();
    two?.unsubscribe();
    expect(state(lock)).toMatchObject({ available: 1, waiting: [] });
  });

  it('emits one grant; a lease stays open until it is unsubscribed', () => {
    const { ask, state } = gateWorld();
    const lease = ask(lock);
    expect([lease.fate, state(lock).available]).toEqual(['held', 0]);
    lease.leave();
    expect(state(lock).available).toBe(1);
  });

  it('emits one grant and completes: a token', async () => {
    const { within } = gateWorld();
    const grants = await within(() => firstValueFrom(acquire(api).pipe(toArray())));
    expect(grants.map(({ gate, fence, index, degraded }) => ({ gate, fence, index, degraded }))).toEqual([
      { gate: 'api', fence: null, index: 0, degraded: false },
    ]);
    expect(grants[0]?.valid()).toBe(true);
  });

  it('of a request that was made outside means the coordinator in which it is subscribed to', () => {
    const [here, there] = [gateWorld(), gateWorld()];
    const request = acquire(lock);
    here.within(() => request.subscribe());
    there.within(() => request.subscribe());
    expect([here.state(lock), there.state(lock)]).toMatchObject([
      { holders: [{}], waiting: [] },
      { holders: [{}], waiting: [] },
    ]);
  });

  it('never throws when it is subscribed to: what is wrong is its error', () => {
    const { ask } = gateWorld();
    ask(lock);
    expect(ask(mutex('db', { ttl: 5 })).fate).toBe('RXB_SPEC_CONFLICT');
  });

  it('shows its grant in a log', () => {
    const { ask } = gateWorld();
    const { grant } = ask(lock);
    expect(JSON.parse(JSON.stringify({ grant }))).toEqual({ grant: { gate: 'db', fence: grant.fence } });
  });
});

describe('a lease that is given back inside its own first notification', () => {
  const discards: Record<string, (request: Observable<Grant>) => unknown> = {
    firstValueFrom: (request) => firstValueFrom(request),
    'take(1)': (request) => request.pipe(take(1)).subscribe(),
    'map and take(1)': (request) =>
      request
        .pipe(
          map(({ fence }) => fence),
          take(1),
        )
        .subscribe(),
    'hold of take(1)': (request) => hold(request.pipe(take(1)), () => [1]).subscribe(),
  };

  it.each(Object.entries(discards))('is reported to onError, with the way out: %s', (_, discard) => {
    const { within, problems, state } = gateWorld();
    within(() => discard(acquire(lock)));
    expect(problems).toMatchObject([
      {
        code: 'RXB_GRANT_DISCARDED',
        message:
          'The grant of db was given back before anything could run under it. Use hold(acquire(gate), work), run(gate, work) or enter(gate) instead of firstValueFrom or take(1).',
        details: { gate: 'db' },
      },
    ]);
    expect(state(lock).available).toBe(1);
  });

  it.each(Object.entries(discards))('is also reported where it had to wait: %s', (_, discard) => {
    const { within, ask, problems } = gateWorld();
    const holder = ask(lock);
    within(() => discard(acquire(lock)));
    expect(problems).toEqual([]);
    holder.leave();
    expect(problems.map(({ code }) => code)).toEqual(['RXB_GRANT_DISCARDED']);
  });

  it('is no mistake for tokens', async () => {
    const { within, problems } = gateWorld();
    await within(() => firstValueFrom(acquire(api)));
    const other = rateLimiter('other', { limit: 2, per: 1 });
    await within(() => firstValueFrom(acquire(allOf(other, rateLimiter('third', { limit: 2, per: 1 })))));
    expect(problems).toEqual([]);
    await within(() => firstValueFrom(acquire(allOf(other, lock))));
    expect(problems.map(({ details }) => details['gate'])).toEqual(['db + other']);
  });

  it('is no mistake for hold, or for a subscription that is ended later', () => {
    const { within, problems } = gateWorld();
    const stop = new Subject<void>();
    within(() => {
      hold(acquire(lock), () => [1]).subscribe();
      hold(race(acquire(lock), acquire('other')), () => [1]).subscribe();
      acquire(lock).pipe(takeUntil(stop)).subscribe();
    });
    stop.next();
    expect(problems).toEqual([]);
  });
});
