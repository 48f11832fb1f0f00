import { of, toArray } from 'rxjs';
import { expect, it } from 'vitest';
import type { CallOptions } from '../../lib/events/callOptions.ts';
import { currentCall } from '../../lib/events/currentCall.ts';
import type { GateRef } from '../../lib/gates/gate.ts';
import { rateLimiter } from '../../lib/gates/rateLimiter.ts';
import { agents, type Agents } from '../support/agents.ts';

type Options = CallOptions<() => unknown>;

/** What can be seen of two calls of `work`, the second one a little later: their events, times and results. */
async function story(options: Options, work: (world: Agents) => unknown): Promise<unknown> {
  const world = agents();
  const { coordinate, clock, kernel, events } = world;
  const agent = coordinate('a', options, () => work(world));
  const calls = [0, 1].map(async (n) => {
    await new Promise<void>((resolve) => {
      clock.schedule(() => {
        resolve();
      }, n);
    });
    return agent().catch((error: unknown) => (error as Error).name);
  });
  await clock.flush();
  const results = await Promise.all(calls);
  await kernel.settled();
  return [results, events.map(({ name, timestamp }) => [name, timestamp]), clock.now()];
}

const sleep = ({ clock }: Agents, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.schedule(() => {
      resolve();
    }, ms);
  });
const slow = (world: Agents): Promise<void> => sleep(world, 10);
const failsFirst = async (): Promise<number> => {
  if (currentCall().attempt === 1) throw new Error('once');
  return currentCall().attempt;
};

const abort = new AbortController();
abort.abort();
const lock: GateRef = 'db';

/** Each option, what it is added to, and work that shows the difference. */
const shows: Record<keyof Options, [added: Options, to: Options, work: (world: Agents) => unknown]> = {
  lock: [{ lock }, {}, slow],
  limits: [{ limits: rateLimiter('api', { limit: 1, per: '1s' }) }, {}, slow],
  acquireTimeout: [{ acquireTimeout: 5 }, { lock }, slow],
  timeout: [{ timeout: 5 }, {}, slow],
  signal: [{ signal: abort.signal }, {}, slow],
  retry: [{ retry: 2 }, {}, failsFirst],
  abandonAfter: [{ abandonAfter: 2 }, { lock, timeout: 5 }, slow],
  collect: [{ collect: toArray() }, {}, () => of(1, 2)],
};

it.each(Object.entries(shows))('%s changes what can be seen', async (_option, [added, to, work]) => {
  expect(await story({ ...to, ...added }, work)).not.toEqual(await story(to, work));
  expect(await story(to, work)).toEqual(await story(to, work));
});

it('these are all options that there are', () => {
  const { coordinate } = agents();
  const unknown = { nobody: 'knows' } as Options;

  expect(() => coordinate('a', unknown, () => 1)).toThrow(`It has: ${Object.keys(shows).join(', ')}.`);
});

it('stand before the function: behind it they would be ignored', () => {
  const { coordinate } = agents();
  const swapped = coordinate as unknown as (name: string, fn: () => number, options: object) => unknown;

  expect(() => swapped('a', () => 1, { lock: 'db' })).toThrow("coordinate('a') takes its options before its function");
});
