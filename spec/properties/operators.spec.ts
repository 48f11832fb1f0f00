import fc from 'fast-check';
import { concat, concatMap, from, ignoreElements, map, Observable, of, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { inspect, semaphore, within, type SemaphoreSpec } from '../../lib/index.ts';
import { isolated, virtualTime, type VirtualTime } from '../../lib/testing/index.ts';
import { exclusive, rateLimit, withLock } from '../../operators/index.ts';
import { runs } from '../support/runs.ts';

/** Work that takes a while and may fail, and who is inside it. */
function workshop(clock: VirtualTime) {
  const log: string[] = [];
  let inside = 0;
  let most = 0;
  const work = (name: string, takes: number, fails: boolean): Observable<string> =>
    new Observable((subscriber) => {
      log.push(name);
      most = Math.max(most, ++inside);
      subscriber.add(() => inside--);
      const end = fails ? throwError(() => new Error(name)) : of(name);
      subscriber.add(
        concat(takes === 0 ? from([]) : timer(takes, clock).pipe(ignoreElements()), end).subscribe(subscriber),
      );
    });
  return { work, log, inside: () => inside, most: () => most };
}

const nothingLeft = async (pool: SemaphoreSpec): Promise<void> => {
  expect(await inspect(pool)).toMatchObject({ holders: [], waiting: [], available: pool.permits });
};

const permits = fc.integer({ min: 1, max: 3 });
const cancelledAt = fc.option(fc.nat(150), { nil: Infinity });
const job = fc.record({ gap: fc.nat(15), takes: fc.nat(20), fails: fc.nat(9).map((n) => n === 0) });
const jobs = fc.array(job, { maxLength: 15, size: 'max' });

describe('whatever the schedule', () => {
  it('withLock: never more inside than permits, in order of arrival, and nothing left behind', async () => {
    const agents = fc.array(fc.record({ job, cancelledAt }), { maxLength: 30, size: 'max' });
    await fc.assert(
      fc.asyncProperty(permits, agents, async (count, all) => {
        const clock = virtualTime();
        await isolated(
          async (coordinator) => {
            const pool = semaphore('pool', { permits: count });
            const { work, log, inside, most } = workshop(clock);
            const asked: string[] = [];
            for (const [i, { job, cancelledAt }] of all.entries()) {
              await clock.advance(job.gap);
              asked.push(`agent ${i}`);
              const agent = within(coordinator, () =>
                work(`agent ${i}`, job.takes, job.fails)
                  .pipe(withLock(pool))
                  .subscribe({ error: () => {} }),
              );
              clock.schedule(() => agent.unsubscribe(), cancelledAt);
            }
            await clock.flush();
            expect(most()).toBeLessThanOrEqual(count);
            expect(log).toEqual(asked.filter((name) => log.includes(name)));
            expect(inside()).toBe(0);
            await nothingLeft(pool);
          },
          { clock },
        );
      }),
      { numRuns: runs(150) },
    );
  }, 120_000);

  it('exclusive: subscriptions share the gate, each keeps its order, runs each value once, and ends when it has to', async () => {
    const streams = fc.array(fc.record({ jobs, cancelledAt }), { minLength: 1, maxLength: 4, size: 'max' });
    await fc.assert(
      fc.asyncProperty(permits, streams, async (count, all) => {
        const clock = virtualTime();
        await isolated(
          async () => {
            const pool = semaphore('pool', { permits: count });
            const { work, log, inside, most } = workshop(clock);
            const ends = all.map(() => 'open');
            const results: string[][] = all.map(() => []);
            all.forEach(({ jobs, cancelledAt }, s) => {
              const source = from(jobs).pipe(
                concatMap((job, i) => timer(job.gap, clock).pipe(map(() => ({ ...job, name: `${s}:${i}` })))),
              );
              const running = source
                .pipe(exclusive(pool, ({ name, takes, fails }) => work(name, takes, fails)))
                .subscribe({
                  next: (name) => results[s]?.push(name),
                  error: () => (ends[s] = 'failed'),
                  complete: () => (ends[s] = 'complete'),
                });
              clock.schedule(() => running.unsubscribe(), cancelledAt);
            });
            await clock.flush();

            expect(most()).toBeLessThanOrEqual(count);
            all.forEach(({ jobs, cancelledAt }, s) => {
              const mine = log.filter((name) => name.startsWith(`${s}:`));
              const failing = jobs.findIndex(({ fails }) => fails);
              expect(mine).toEqual(jobs.slice(0, mine.length).map((_, i) => `${s}:${i}`));
              if (ends[s] === 'complete') expect([mine.length, results[s]]).toEqual([jobs.length, mine]);
              else if (ends[s] === 'failed') expect(mine.length).toBe(failing + 1);
              else expect(cancelledAt).toBeLessThan(Infinity);
            });
            expect(inside()).toBe(0);
            await nothingLeft(pool);
          },
          { clock },
        );
      }),
      { numRuns: runs(150) },
    );
  }, 120_000);

  it('rateLimit: values keep their order and their pace, and the end comes after the last', async () => {
    const pace = fc.record({ limit: fc.integer({ min: 1, max: 4 }), per: fc.integer({ min: 20, max: 100 }) });
    await fc.assert(
      fc.asyncProperty(pace, jobs, cancelledAt, async (some, all, cancelled) => {
        const clock = virtualTime();
        await isolated(
          async () => {
            const seen: { i: number; at: number }[] = [];
            let end = 'open';
            const source = from(all).pipe(concatMap(({ gap }, i) => timer(gap, clock).pipe(map(() => i))));
            const running = source
              .pipe(rateLimit(some))
              .subscribe({ next: (i) => seen.push({ i, at: clock.now() }), complete: () => (end = 'complete') });
            clock.schedule(() => running.unsubscribe(), cancelled);
            await clock.flush();
            expect(seen.map(({ i }) => i)).toEqual(seen.map((_, i) => i));
            seen.forEach(({ at }, i) =>
              expect(at - (seen[i - some.limit]?.at ?? -Infinity)).toBeGreaterThanOrEqual(some.per),
            );
            if (cancelled === Infinity) expect([end, seen.length]).toEqual(['complete', all.length]);
          },
          { clock },
        );
      }),
      { numRuns: runs(150) },
    );
  }, 120_000);
});
