import { describe, expect, it } from 'vitest';
import { DeadlockError, detached, enter, hold, acquire, mutex, run, type Grant } from 'rxbaton';
import { withLock } from 'rxbaton/operators';
import { defer, lastValueFrom, of } from 'rxjs';
import { deferred } from '../support/deferred.ts';
import { errorOf, gateWorld } from '../support/gateWorld.ts';

const lock = mutex('db', { reentrant: true });

describe('a reentrant mutex', () => {
  it('lets the work that holds it in again, with the same fence, past those who wait', async () => {
    const { within, ask } = gateWorld();
    await within(() =>
      run(lock, async (outer) => {
        const other = detached(() => ask(lock));
        const inner = await run(lock, (grant) => [grant.fence, grant.waited, grant.valid()]);
        expect(inner).toEqual([outer.fence, 0, true]);
        expect(other.fate).toBe('waiting');
      }),
    );
  });

  it('is given back by the outermost work only', async () => {
    const { within, state } = gateWorld();
    await within(() =>
      run(lock, async () => {
        await run(lock, () => run(lock, () => undefined));
        expect(state(lock)).toMatchObject({ available: 0, holders: [{}] });
      }),
    );
    expect(state(lock)).toMatchObject({ available: 1, holders: [] });
  });

  it('lets in through every face', async () => {
    const { within } = gateWorld();
    const fences = await within(() =>
      run(lock, async ({ fence }) => [
        fence,
        await lastValueFrom(hold(acquire(lock), (grant) => of(grant.fence))),
        await lastValueFrom(defer(() => of(fence)).pipe(withLock(lock))),
        (await enter(lock)).fence,
      ]),
    );
    expect(new Set(fences).size).toBe(1);
  });

  it('lets in whoever names the owner', async () => {
    const { within, state } = gateWorld();
    await within(async () => {
      const grant = await enter(lock);
      expect(await run(lock, { owner: grant }, ({ fence }) => fence)).toBe(grant.fence);
      expect(state(lock).available).toBe(0);
      grant.release();
      expect(state(lock).available).toBe(1);
    });
  });

  it('lets nobody else in', async () => {
    const { within, ask, state } = gateWorld();
    const work = deferred();
    const first = within(() => run(lock, () => work.promise));
    const second = ask(lock);
    expect([second.fate, state(lock).holders.length]).toEqual(['waiting', 1]);
    work.resolve();
    await first;
    expect(second.fate).toBe('held');
  });

  it('takes nested leases away with the outer one', async () => {
    const { clock, within } = gateWorld();
    const leased = mutex('db', { reentrant: true, ttl: 10, renew: false });
    const stuck = deferred();
    const seen: unknown[] = [];
    const outer = errorOf(
      within(() =>
        run(leased, async () => {
          await run(leased, async (inner) => {
            inner.signal.addEventListener('abort', () => seen.push('aborted', inner.valid(), inner.extend()));
            await stuck.promise;
          }).catch((error: unknown) => seen.push((error as Error).name));
        }),
      ),
    );
    await clock.advance(10);
    expect([(await outer).name, ...seen]).toEqual(['LeaseLostError', 'aborted', false, false, 'LeaseLostError']);
  });

  it('moves the end of the outer lease when a nested one is extended', async () => {
    const { clock, within, state } = gateWorld();
    const leased = mutex('db', { reentrant: true, ttl: 10, renew: false });
    await within(() =>
      run(leased, async (outer) => {
        await run(leased, (inner) => expect(inner.extend(50)).toBe(true));
        expect(state(leased).holders[0]?.left).toBe(50);
        await clock.advance(49);
        expect(outer.valid()).toBe(true);
      }),
    );
  });
});

describe('a nested lease that outlives the outer one', () => {
  it('is over with it, and gives nothing back', async () => {
    const { within, ask } = gateWorld();
    const late = deferred();
    let inner: Grant | undefined;
    let unawaited: Promise<unknown> | undefined;
    await within(() =>
      run(lock, () => {
        unawaited = run(lock, (grant) => {
          inner = grant;
          return late.promise;
        });
      }),
    );
    expect([inner?.valid(), inner?.signal.aborted]).toEqual([false, true]);
    const next = ask(lock);
    const third = ask(lock);
    late.resolve();
    await unawaited;
    expect([next.fate, third.fate]).toEqual(['held', 'waiting']);
  });
});

describe('a mutex that is not reentrant', () => {
  it('refuses the work that holds it instead of letting it wait for itself', async () => {
    const { within } = gateWorld();
    await within(() =>
      run(mutex('db'), async () => {
        const error = await errorOf(run(mutex('db'), { label: 'again' }, () => undefined));
        expect(error).toBeInstanceOf(DeadlockError);
      }),
    );
  });
});
