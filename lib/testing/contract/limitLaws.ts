/** Budgets, paces, meeting points, and several gates together. */
import { acquire } from '../../gates/acquire.ts';
import { allOf } from '../../gates/allOf.ts';
import { cyclicBarrier } from '../../gates/cyclicBarrier.ts';
import { mutex } from '../../gates/mutex.ts';
import { quota } from '../../gates/quota.ts';
import { rateLimiter } from '../../gates/rateLimiter.ts';
import type { LimiterSpec } from '../../gates/spec.ts';
import {
  ask,
  expectEqual,
  expectFates,
  fates,
  follow,
  line,
  stateOf,
  type Asked,
  type GateLab,
  type Laws,
} from './lab.ts';

/** How many of a line have been admitted. */
const admitted = (all: readonly Asked[]): number => all.filter(({ fate }) => fate === 'spent').length;

/** How many of many requests are in at each quarter of `unit`. */
async function pace(lab: GateLab, spec: LimiterSpec, quarters: number): Promise<number[]> {
  const gate = lab.open(spec);
  const all = await line(lab, gate, ...Array.from({ length: 12 }, () => ({})));
  const counts = [admitted(all)];
  for (let i = 0; i < quarters; i++) {
    await lab.advance(lab.unit / 4);
    await lab.idle();
    counts.push(admitted(all));
  }
  return counts;
}

export const quotaLaws: Laws = {
  'a quota is full again at each period': async (lab) => {
    const gate = lab.open(quota('gate', { limit: 3, per: lab.unit, anchor: 7 }));
    await toPeriod(lab, 7);
    const all = await line(lab, gate, { cost: 2 }, { cost: 2 }, {});
    await expectFates(lab, all, ['held', 'waiting', 'waiting'], 'in the first period');
    for (const one of all.slice(0, 1)) one.leave();
    await expectFates(
      lab,
      all,
      ['left', 'waiting', 'waiting'],
      'when the first was given back: what is spent is spent',
    );
    await lab.advance(lab.unit);
    await expectFates(lab, all, ['left', 'held', 'held'], 'in the next period');
  },

  'a charge settles a reservation once, and gives the difference back to its period only': async (lab) => {
    const gate = lab.open(quota('gate', { limit: 4, per: lab.unit }));
    await toPeriod(lab, 0);
    const [a, b] = (await line(lab, gate, { cost: 3 }, { cost: 3 })) as [Asked, Asked];
    await a.grant.charge(1);
    await expectFates(lab, [a, b], ['held', 'held'], 'when less was used');
    await a.grant.charge(0);
    expectEqual((await stateOf(gate)).available, 0, 'what is left after a second charge');
    const c = ask(gate, { cost: 4 });
    await lab.advance(lab.unit);
    await expectFates(lab, [c], ['held'], 'in the next period');
    await b.grant.charge(0);
    expectEqual((await stateOf(gate)).available, 0, 'what is left after a charge for an old period');
  },

  'a charge above the reservation is owed in that period': async (lab) => {
    const gate = lab.open(quota('gate', { limit: 4, per: lab.unit }));
    await toPeriod(lab, 0);
    const a = ask(gate);
    await lab.idle();
    await a.grant.charge(9);
    const b = ask(gate);
    await expectFates(lab, [b], ['waiting'], 'while the period lasts');
    await lab.advance(lab.unit);
    await expectFates(lab, [b], ['held'], 'in the next period');
  },
};

/** Just after the beginning of a period, so that a case does not run into the next one. */
async function toPeriod(lab: GateLab, anchor: number): Promise<void> {
  const into = ((((await lab.wall()) - anchor) % lab.unit) + lab.unit) % lab.unit;
  if (into > 0) await lab.advance(lab.unit - into);
}

export const limiterLaws: Laws = {
  'a sliding window never holds more than its limit': async (lab) => {
    expectEqual(
      await pace(lab, rateLimiter('gate', { limit: 4, per: lab.unit }), 8),
      [4, 4, 4, 4, 8, 8, 8, 8, 12],
      'sliding window',
    );
  },
  'a token bucket lets a burst go, then one each interval': async (lab) => {
    const bucket = rateLimiter('gate', { limit: 4, per: lab.unit, strategy: 'token-bucket', burst: 2 });
    expectEqual(await pace(lab, bucket, 8), [2, 3, 4, 5, 6, 7, 8, 9, 10], 'token bucket');
  },
  'a fixed window opens with its first admission': async (lab) => {
    await lab.advance(lab.unit / 4);
    const window = rateLimiter('gate', { limit: 4, per: lab.unit, strategy: 'fixed-window' });
    expectEqual(await pace(lab, window, 8), [4, 4, 4, 4, 8, 8, 8, 8, 12], 'fixed window');
  },
  'a leaky bucket lets one go, then one each interval': async (lab) => {
    const bucket = rateLimiter('gate', { limit: 4, per: lab.unit, strategy: 'leaky-bucket' });
    expectEqual(await pace(lab, bucket, 8), [1, 2, 3, 4, 5, 6, 7, 8, 9], 'leaky bucket');
  },

  'cost counts': async (lab) => {
    const [a, b, c] = (await line(
      lab,
      lab.open(rateLimiter('gate', { limit: 4, per: lab.unit })),
      { cost: 3 },
      { cost: 2 },
      {},
    )) as [Asked, Asked, Asked];
    await expectFates(lab, [a, b, c], ['spent', 'waiting', 'waiting'], 'three of four are spent');
    await lab.advance(lab.unit);
    await expectFates(lab, [b, c], ['spent', 'spent'], 'in the next window');
  },

  'counted from the release, a call stays in the window while it runs and for a window after': async (lab) => {
    const gate = lab.open(rateLimiter('gate', { limit: 1, per: lab.unit, from: 'release' }));
    const [a, b] = (await line(lab, gate, {}, {})) as [Asked, Asked];
    await lab.advance(lab.unit * 2);
    await expectFates(lab, [a, b], ['held', 'waiting'], 'while the first runs');
    a.leave();
    await lab.advance(lab.unit / 2);
    await expectFates(lab, [b], ['waiting'], 'half a window after its end');
    await lab.advance(lab.unit / 2);
    await expectFates(lab, [b], ['held'], 'a window after its end');
  },

  'other limits hold at once for those who wait': async (lab) => {
    const gate = lab.open(rateLimiter('gate', { limit: 1, per: lab.unit * 4 }));
    const all = await line(lab, gate, {}, {}, {}, {});
    await gate.change({ limit: 2 });
    await lab.idle();
    expectEqual(admitted(all), 2, 'admitted with limit 2');
    await gate.change({ per: lab.unit });
    await lab.advance(lab.unit);
    await lab.idle();
    expectEqual(admitted(all), 4, 'admitted with the shorter window');
  },
};

export const barrierLaws: Laws = {
  'a barrier lets all in when the last has arrived, with their order, again and again': async (lab) => {
    const gate = lab.open(cyclicBarrier('gate', { parties: 3 }));
    for (let generation = 0; generation < 2; generation++) {
      const [a, b] = (await line(lab, gate, {}, {})) as [Asked, Asked];
      expectEqual([a.fate, b.fate], ['waiting', 'waiting'], 'before the last');
      const c = ask(gate);
      await expectFates(lab, [a, b, c], ['spent', 'spent', 'spent'], 'with the last');
      expectEqual(
        [a, b, c].map(({ grant }) => grant.index),
        [0, 1, 2],
        'their order',
      );
    }
  },

  'a barrier breaks for all who wait when its time is over, and then begins anew': async (lab) => {
    const gate = lab.open(cyclicBarrier('gate', { parties: 3, timeout: lab.unit }));
    const a = ask(gate);
    await lab.advance(lab.unit / 2);
    const b = ask(gate);
    await lab.advance(lab.unit / 2);
    await expectFates(lab, [a, b], ['RXB_BARRIER_BROKEN', 'RXB_BARRIER_BROKEN'], 'after the time of the first');
    const all = await line(lab, gate, {}, {}, {});
    await expectFates(lab, all, ['spent', 'spent', 'spent'], 'the next generation');
    expectEqual(
      all.map(({ grant }) => grant.index),
      [0, 1, 2],
      'their order',
    );
  },

  'a barrier breaks when a party leaves, for whatever reason': async (lab) => {
    const gate = lab.open(cyclicBarrier('gate', { parties: 3 }));
    const [a, b] = (await line(lab, gate, {}, {})) as [Asked, Asked];
    a.leave();
    await expectFates(lab, [b], ['RXB_BARRIER_BROKEN'], 'when one has unsubscribed');
    const [c, d] = (await line(lab, gate, {}, { timeout: lab.unit })) as [Asked, Asked];
    await lab.advance(lab.unit);
    await expectFates(
      lab,
      [c, d],
      ['RXB_BARRIER_BROKEN', 'RXB_ACQUIRE_TIMEOUT'],
      'when one did not want to wait longer',
    );
    const all = await line(lab, gate, {}, {}, {});
    await expectFates(lab, all, ['spent', 'spent', 'spent'], 'the next generation');
  },

  'a barrier that forgets waits for somebody else instead': async (lab) => {
    const gate = lab.open(cyclicBarrier('gate', { parties: 3, onLeave: 'forget' }));
    const [a, b] = (await line(lab, gate, {}, {})) as [Asked, Asked];
    a.leave();
    const [c, d] = (await line(lab, gate, {}, {})) as [Asked, Asked];
    await expectFates(lab, [b, c, d], ['spent', 'spent', 'spent'], 'with another one');
    expectEqual(
      [b, c, d].map(({ grant }) => grant.index),
      [0, 1, 2],
      'their order',
    );
  },

  'a try breaks no barrier, and opens it when it is the last': async (lab) => {
    const gate = lab.open(cyclicBarrier('gate', { parties: 2 }));
    const [early, a, late] = (await line(lab, gate, { timeout: 0 }, {}, { timeout: 0 })) as [Asked, Asked, Asked];
    await expectFates(lab, [early, a, late], ['RXB_BUSY', 'spent', 'spent'], 'a try, a party, a try');
  },
};

export const jointLaws: Laws = {
  'several gates are taken together or not at all': async (lab) => {
    const db = lab.open(mutex('db'));
    const api = lab.open(rateLimiter('api', { limit: 1, per: lab.unit }));
    const together = acquire(allOf(db, api));
    const first = follow(together);
    await expectFates(lab, [first], ['held'], 'when both are free');
    const second = follow(together);
    const [lock] = (await line(lab, db, {})) as [Asked];
    await expectFates(lab, [second, lock], ['waiting', 'waiting'], 'while both are taken');
    first.leave();
    await expectFates(
      lab,
      [second, lock],
      ['waiting', 'waiting'],
      'when only the lock is free: who came later waits behind',
    );
    expectEqual((await stateOf(db)).holders.length, 0, 'locks held while the token is not due');
    await lab.advance(lab.unit);
    await expectFates(lab, [second, lock], ['held', 'waiting'], 'when the token is due too');
    second.leave();
    await expectFates(lab, [lock], ['held'], 'the one behind');
  },

  'a joint request that leaves gives up all of its places': async (lab) => {
    const [one, two] = [lab.open(mutex('one')), lab.open(mutex('two'))];
    const [a] = (await line(lab, one, {})) as [Asked];
    const both = follow(acquire(allOf(one, two)));
    const [b] = (await line(lab, two, {})) as [Asked];
    expectEqual(fates([a, both, b]), ['held', 'waiting', 'waiting'], 'behind a joint request');
    both.leave();
    await expectFates(lab, [b], ['held'], 'when it has left');
  },

  'joint requests that want what the others have: the last is refused, and what it had lets the other in': async (
    lab,
  ) => {
    const [a, b, c] = [lab.open(mutex('a')), lab.open(mutex('b')), lab.open(mutex('c'))];
    const asked = async (...wanted: Parameters<typeof acquire>): Promise<Asked> => {
      const one = follow(acquire(...wanted));
      await lab.idle();
      return one;
    };
    const [one, two] = [await asked(a), await asked(allOf(b, lab.open(mutex('d'))))];
    const first = await asked(allOf(b, c), { owner: one.grant });
    const second = await asked(allOf(a, lab.open(mutex('e'))), { owner: two.grant });
    await expectFates(lab, [first, second], ['waiting', 'RXB_DEADLOCK'], 'the two');
    two.leave();
    await expectFates(lab, [first], ['held'], 'the first, afterwards');
  },
};
