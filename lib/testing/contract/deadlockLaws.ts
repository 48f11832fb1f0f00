/** Who would wait for ever is told so at once, and nobody else is. */
import type { AcquireOptions, Gate, Grant } from '../../gates/gate.ts';
import { mutex } from '../../gates/mutex.ts';
import { quota } from '../../gates/quota.ts';
import { readWriteLock } from '../../gates/readWriteLock.ts';
import { semaphore } from '../../gates/semaphore.ts';
import type { WaitEdge } from '../../gates/state.ts';
import type { CoordinationError } from '../../errors.ts';
import { ask, expectEqual, expectFates, type Asked, type GateLab, type Laws } from './lab.ts';

const names = (lab: GateLab, ...all: readonly string[]): Gate[] => all.map((name) => lab.open(mutex(name)));

async function asked(lab: GateLab, gate: Gate | undefined, options?: AcquireOptions): Promise<Asked> {
  const one = ask(gate!, options);
  await lab.idle();
  return one;
}

/** Somebody who works under this grant, and asks for more. */
const inside = (lab: GateLab, { grant }: { readonly grant: Grant }, gate: Gate | undefined, more?: AcquireOptions) =>
  asked(lab, gate, { owner: grant, ...more });

export const deadlockLaws: Laws = {
  'two who want what the other has: the second is refused, and the first goes on': async (lab) => {
    const [a, b] = names(lab, 'a', 'b');
    const [one, two] = [await asked(lab, a, { label: 'one' }), await asked(lab, b, { label: 'two' })];
    const first = await inside(lab, one, b, { label: 'one inside' });
    const second = await inside(lab, two, a, { label: 'two inside' });
    await expectFates(lab, [first, second], ['waiting', 'RXB_DEADLOCK'], 'the two');
    const { message, details } = second.error as CoordinationError;
    const told = 'two inside waits for a, held by one; one inside waits for b, held by two.';
    expectEqual(message.startsWith(`two inside would wait for a for ever: ${told}`), true, `the message, ${message}`);
    const cycle = (details['cycle'] as WaitEdge[]).map(({ waiter, gate }) => [waiter, gate]);
    expectEqual(
      cycle,
      [
        ['two inside', 'a'],
        ['one inside', 'b'],
      ],
      'the cycle',
    );
    two.leave();
    await expectFates(lab, [first], ['held'], 'the first, afterwards');
    expectEqual(lab.reported, [], 'what was reported');
  },

  'three in a ring': async (lab) => {
    const [a, b, c] = names(lab, 'a', 'b', 'c');
    const [one, two, three] = [await asked(lab, a), await asked(lab, b), await asked(lab, c)];
    const all = [await inside(lab, one, b), await inside(lab, two, c), await inside(lab, three, a)];
    await expectFates(lab, all, ['waiting', 'waiting', 'RXB_DEADLOCK'], 'the three');
  },

  'behind somebody who cannot go on either': async (lab) => {
    const [a, b] = names(lab, 'a', 'b');
    const [one, two] = [await asked(lab, a), await asked(lab, b)];
    const waiting = [await inside(lab, two, a), await asked(lab, b), await inside(lab, one, b)];
    await expectFates(lab, waiting, ['waiting', 'waiting', 'RXB_DEADLOCK'], 'those who wait');
  },

  'a request with a timeout is refused too, and a try is answered as ever': async (lab) => {
    const [a, b] = names(lab, 'a', 'b');
    const [one, two] = [await asked(lab, a), await asked(lab, b)];
    const first = await inside(lab, one, b);
    const tried = await inside(lab, two, a, { timeout: 0 });
    const second = await inside(lab, two, a, { timeout: '1h' });
    await expectFates(lab, [first, tried, second], ['waiting', 'RXB_BUSY', 'RXB_DEADLOCK'], 'those who ask');
  },

  'permits, when everybody who has one waits for one': async (lab) => {
    const pool = lab.open(semaphore('pool', { permits: 2 }));
    const [one, two] = [await asked(lab, pool), await asked(lab, pool)];
    const all = [await inside(lab, one, pool), await inside(lab, two, pool)];
    await expectFates(lab, all, ['waiting', 'RXB_DEADLOCK'], 'the two');
  },

  'permits, and the one who blocks the rest of them': async (lab) => {
    const pool = lab.open(semaphore('pool', { permits: 3 }));
    const two = await asked(lab, pool, { cost: 2 });
    await expectFates(lab, [await inside(lab, two, pool, { cost: 2 })], ['RXB_DEADLOCK'], 'it');
  },

  'permits, as many as there are now': async (lab) => {
    const pool = lab.open(semaphore('pool', { permits: 3 }));
    await pool.change({ permits: 2 });
    const [one, two] = [await asked(lab, pool), await asked(lab, pool)];
    const all = [await inside(lab, one, pool), await inside(lab, two, pool)];
    await expectFates(lab, all, ['waiting', 'RXB_DEADLOCK'], 'the two');
  },

  'permits are no deadlock while somebody who has one can go on': async (lab) => {
    const pool = lab.open(semaphore('pool', { permits: 2 }));
    const [a] = names(lab, 'a');
    const [free, one, other] = [await asked(lab, pool), await asked(lab, a), await asked(lab, pool)];
    const waiting = [await inside(lab, one, pool), await inside(lab, other, a)];
    await expectFates(lab, waiting, ['waiting', 'waiting'], 'while it works');
    free.leave();
    await expectFates(lab, waiting, ['held', 'waiting'], 'when it has gone');
    waiting[0]!.leave();
    one.leave();
    await expectFates(lab, waiting, ['left', 'held'], 'in the end');
  },

  'readers and a writer': async (lab) => {
    const lock = readWriteLock('lock');
    const [read, write] = [lab.open(lock.read), lab.open(lock.write)];
    const [a] = names(lab, 'a');
    const [reader, other, writer] = [await asked(lab, read), await asked(lab, read), await asked(lab, a)];
    const waiting = [await inside(lab, reader, a), await inside(lab, writer, write)];
    await expectFates(lab, waiting, ['waiting', 'RXB_DEADLOCK'], 'a reader waits for who waits to write');
    expectEqual(other.fate, 'held', 'the other reader');
    const third = await inside(lab, writer, read);
    await expectFates(lab, [third], ['held'], 'to read there');
  },

  'no alarm where somebody waits who holds nothing that is waited for': async (lab) => {
    const [a, b, c] = names(lab, 'a', 'b', 'c');
    const [one, two, three] = [await asked(lab, a), await asked(lab, b), await asked(lab, c)];
    const waiting = [await inside(lab, one, b), await inside(lab, two, c), await asked(lab, a)];
    await expectFates(lab, waiting, ['waiting', 'waiting', 'waiting'], 'in a row');
    three.leave();
    await expectFates(lab, waiting, ['waiting', 'held', 'waiting'], 'one step on');
  },

  'no alarm for who asked for the same in the same order': async (lab) => {
    const [a, b] = names(lab, 'a', 'b');
    const one = await asked(lab, a);
    const two = await asked(lab, a);
    const inner = await inside(lab, one, b);
    one.leave();
    await lab.idle();
    const second = await inside(lab, two, b);
    await expectFates(lab, [inner, second], ['held', 'waiting'], 'both');
    inner.leave();
    await expectFates(lab, [second], ['held'], 'the second');
  },

  'no alarm where the one who waited has left': async (lab) => {
    const [a, b] = names(lab, 'a', 'b');
    const [one, two] = [await asked(lab, a), await asked(lab, b)];
    const first = await inside(lab, one, b);
    first.leave();
    await lab.idle();
    const second = await inside(lab, two, a);
    await expectFates(lab, [second], ['waiting'], 'the second');
    one.leave();
    await expectFates(lab, [second], ['held'], 'the second, in the end');
  },

  'no alarm where what is waited for was given back': async (lab) => {
    const [a, b, c] = names(lab, 'a', 'b', 'c');
    const [one, two, three] = [await asked(lab, a), await asked(lab, b), await asked(lab, c)];
    const waits = await inside(lab, one, b);
    const chain = await inside(lab, three, a);
    two.leave();
    await expectFates(lab, [waits, chain], ['held', 'waiting'], 'the two');
    const again = await inside(lab, waits, c, { timeout: 0 });
    await expectFates(lab, [again], ['RXB_BUSY'], 'a try');
    waits.leave();
    one.leave();
    await expectFates(lab, [chain], ['held'], 'the last');
  },

  'no alarm for siblings': async (lab) => {
    const [a, b] = names(lab, 'a', 'b');
    const one = await asked(lab, a);
    const siblings = [await inside(lab, one, b), await inside(lab, one, b)];
    await expectFates(lab, siblings, ['held', 'waiting'], 'the two');
    siblings[0]!.leave();
    await expectFates(lab, siblings, ['left', 'held'], 'the second');
  },

  'no alarm for a lease that lapses, and for budgets': async (lab) => {
    const short = lab.open(mutex('short', { ttl: 20 * lab.unit, renew: false }));
    const hours = lab.open(quota('hours', { limit: 1, per: '1h' }));
    const [a] = names(lab, 'a');
    const [one, two, three] = [await asked(lab, short), await asked(lab, a), await asked(lab, hours)];
    const waiting = [await inside(lab, one, a), await inside(lab, two, short), await inside(lab, three, hours)];
    await expectFates(lab, waiting, ['waiting', 'waiting', 'waiting'], 'those who wait');
    await lab.advance(20 * lab.unit + 1);
    await expectFates(lab, waiting.slice(1), ['held', 'waiting'], 'when it has lapsed');
  },
};
