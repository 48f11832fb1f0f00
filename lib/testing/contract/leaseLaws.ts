/** What is held: leases of mutexes and semaphores, their fences, their ends, and the work that runs under them. */
import { firstValueFrom, Observable, throwError } from 'rxjs';
import type { CoordinationError } from '../../errors.ts';
import { enter } from '../../gates/enter.ts';
import { hold } from '../../gates/hold.ts';
import { run } from '../../gates/run.ts';
import { mutex } from '../../gates/mutex.ts';
import { semaphore } from '../../gates/semaphore.ts';
import { ask, expectEqual, expectFates, line, stateOf, unexpected, type Asked, type Laws } from './lab.ts';

export const leaseLaws: Laws = {
  'a lease stays open until its holder unsubscribes': async (lab) => {
    const gate = lab.open(mutex('gate'));
    const a = ask(gate);
    await lab.advance(lab.unit);
    await expectFates(lab, [a], ['held'], 'after a while');
    expectEqual([a.grant.valid(), a.grant.gate, a.grant.index], [true, 'gate', 0], 'the grant');
    a.leave();
    expectEqual(a.grant.valid(), false, 'valid() after the release');
  },

  'fences rise with every grant, across gates': async (lab) => {
    const db = lab.open(mutex('db'));
    const pool = lab.open(semaphore('pool', { permits: 9 }));
    const fences: number[] = [];
    for (const gate of [db, pool, pool, db, pool]) {
      const one = ask(gate);
      await lab.idle();
      fences.push(one.grant.fence ?? NaN);
      if (gate === db) one.leave();
      await lab.idle();
    }
    expectEqual([fences, rising(fences)], [fences, true], 'fences, and whether they rise');
  },

  'the signal of a grant aborts when it is given back': async (lab) => {
    const a = ask(lab.open(mutex('gate')));
    await lab.idle();
    const { signal } = a.grant;
    expectEqual(signal.aborted, false, 'while it is held');
    a.leave();
    expectEqual([signal.aborted, a.grant.signal.aborted], [true, true], 'when it was given back');
  },

  'a grant says how long it waited': async (lab) => {
    const gate = lab.open(mutex('gate'));
    const [a, b] = (await line(lab, gate, {}, {})) as [Asked, Asked];
    await lab.advance(lab.unit);
    a.leave();
    await lab.idle();
    expectEqual([a.grant.waited, b.grant.waited >= lab.unit], [0, true], 'waited');
  },

  'a heavy request at the head is not overtaken, and its leaving lets the others in': async (lab) => {
    const pool = lab.open(semaphore('pool', { permits: 3 }));
    const [a, heavy, light, lighter] = (await line(lab, pool, { cost: 2 }, { cost: 2 }, {}, {})) as [
      Asked,
      Asked,
      Asked,
      Asked,
    ];
    await expectFates(
      lab,
      [a, heavy, light, lighter],
      ['held', 'waiting', 'waiting', 'waiting'],
      'behind a heavy request',
    );
    heavy.leave();
    await expectFates(lab, [light, lighter], ['held', 'waiting'], 'when it has left');
    a.leave();
    await expectFates(lab, [lighter], ['held'], 'when there is room again');
  },

  'a try does not pass by those who wait': async (lab) => {
    const pool = lab.open(semaphore('pool', { permits: 3 }));
    const all = await line(lab, pool, { cost: 2 }, { cost: 2 }, { timeout: 0 });
    await expectFates(lab, all, ['held', 'waiting', 'RXB_BUSY'], 'one permit is free, but somebody waits');
  },

  'a lease without renewal is lost when its ttl lapses, and the next holder has the higher fence': async (lab) => {
    const gate = lab.open(mutex('gate', { ttl: lab.unit, renew: false }));
    const [a, b] = (await line(lab, gate, {}, {})) as [Asked, Asked];
    const { signal } = a.grant;
    await lab.advance(lab.unit / 2);
    await expectFates(lab, [a, b], ['held', 'waiting'], 'before the ttl');
    await lab.advance(lab.unit / 2);
    await expectFates(lab, [a, b], ['RXB_LEASE_LOST', 'held'], 'after the ttl');
    expectEqual([a.grant.valid(), signal.aborted], [false, true], 'the lost grant');
    expectEqual((b.grant.fence ?? 0) > (a.grant.fence ?? 0), true, 'a higher fence');
    expectEqual(await a.grant.extend(), false, 'extend() of a lost lease');
  },

  'a lease with renewal is kept as long as its work runs': async (lab) => {
    const gate = lab.open(mutex('gate', { ttl: lab.unit }));
    const [a, b] = (await line(lab, gate, {}, {})) as [Asked, Asked];
    await lab.advance(lab.unit * 3);
    await expectFates(lab, [a, b], ['held', 'waiting'], 'after three times the ttl');
    a.leave();
    await expectFates(lab, [b], ['held'], 'the next one');
  },

  'extend moves the end of a lease, by its ttl if nothing else is said': async (lab) => {
    const gate = lab.open(mutex('gate', { ttl: lab.unit, renew: false }));
    const [a, b] = (await line(lab, gate, {}, {})) as [Asked, Asked];
    await lab.advance(lab.unit / 2);
    expectEqual(await a.grant.extend(lab.unit * 2), true, 'extend() of a lease');
    await lab.advance(lab.unit * 1.5);
    await expectFates(lab, [a, b], ['held', 'waiting'], 'after the old end');
    expectEqual(await a.grant.extend(), true, 'extend() by the ttl');
    await lab.advance(lab.unit * 0.75);
    await expectFates(lab, [a, b], ['held', 'waiting'], 'after the end it had before');
    await lab.advance(lab.unit * 0.25);
    await expectFates(lab, [a, b], ['RXB_LEASE_LOST', 'held'], 'after the new end');
  },

  'force takes a lease away from its holder, and says how many': async (lab) => {
    const pool = lab.open(semaphore('pool', { permits: 2 }));
    const [a, b, c, d] = (await line(lab, pool, {}, {}, {}, {})) as [Asked, Asked, Asked, Asked];
    expectEqual(await pool.force(b.grant.fence ?? NaN, 'stuck'), 1, 'how many were forced');
    await expectFates(lab, [a, b, c, d], ['held', 'RXB_LEASE_LOST', 'held', 'waiting'], 'after one was forced');
    expectEqual((b.error as Error).message.includes('stuck'), true, 'the reason in the message');
    expectEqual(await pool.force(b.grant.fence ?? NaN, 'again'), 0, 'a lease that is gone');
    expectEqual(await pool.force('all', 'everybody'), 2, 'how many were forced');
    await expectFates(lab, [a, c, d], ['RXB_LEASE_LOST', 'RXB_LEASE_LOST', 'held'], 'after all were forced');
  },

  'more permits let more in; fewer take nothing away, and refuse what can never be': async (lab) => {
    const pool = lab.open(semaphore('pool', { permits: 2 }));
    const [a, b, heavy, c] = (await line(lab, pool, { cost: 2 }, {}, { cost: 3, timeout: lab.unit * 99 }, {})) as [
      Asked,
      Asked,
      Asked,
      Asked,
    ];
    await expectFates(
      lab,
      [a, b, heavy, c],
      ['held', 'waiting', 'RXB_LIMIT_IMPOSSIBLE', 'waiting'],
      'with two permits',
    );
    await pool.change({ permits: 4 });
    await expectFates(lab, [a, b, c], ['held', 'held', 'held'], 'with four permits');
    const [d, e] = (await line(lab, pool, { cost: 2 }, {})) as [Asked, Asked];
    await pool.change({ permits: 1 });
    await expectFates(
      lab,
      [a, b, c, d, e],
      ['held', 'held', 'held', 'RXB_LIMIT_IMPOSSIBLE', 'waiting'],
      'with one permit',
    );
    for (const one of [a, b]) one.leave();
    await expectFates(lab, [c, e], ['held', 'waiting'], 'while the only permit is held');
    c.leave();
    await expectFates(lab, [e], ['held'], 'when it is free');
  },

  'of a hundred who want one lock all get it in order but those who give up': async (lab) => {
    const gate = lab.open(mutex('gate'));
    const controllers = Array.from({ length: 100 }, () => new AbortController());
    const all = await line(lab, gate, ...controllers.map(({ signal }) => ({ signal })));
    for (const [i, one] of all.entries()) {
      if (i % 4 === 1) one.leave();
      if (i % 4 === 3) controllers[i]?.abort();
    }
    await lab.idle();
    const patient = all.filter((_, i) => i % 2 === 0);
    for (const [i, one] of patient.entries()) {
      expectEqual(patient.filter(({ fate }) => fate === 'held').length, 1, 'how many hold it');
      expectEqual(one.fate, 'held', `the one in place ${i + 1} of those who stayed`);
      one.leave();
      await lab.idle();
    }
    const { holders, waiting } = await stateOf(gate);
    expectEqual([holders.length, waiting.length], [0, 0], 'who is left');
  },

  'nobody who leaves twice frees what is not theirs': async (lab) => {
    const gate = lab.open(mutex('gate'));
    const [a, b, c] = (await line(lab, gate, {}, {}, {})) as [Asked, Asked, Asked];
    a.leave();
    a.leave();
    await expectFates(lab, [b, c], ['held', 'waiting'], 'after the first has left twice');
  },

  'work is torn down before the next one enters, whichever way it ends': async (lab) => {
    const gate = lab.open(mutex('gate'));
    for (const end of ['complete', 'error', 'unsubscribe', 'throw'] as const) {
      const log: string[] = [];
      const first = hold(gate.acquire(), () => {
        if (end === 'throw') throw new Error('on purpose');
        return new Observable<never>((work) => {
          log.push('work');
          ends = () => (end === 'complete' ? work.complete() : work.error(new Error('on purpose')));
          return () => log.push('work gone');
        });
      });
      let ends: () => void = () => undefined;
      const subscription = first.subscribe({
        error: () => log.push('error heard'),
        complete: () => log.push('complete heard'),
      });
      await lab.idle();
      const second = gate.acquire().subscribe({ next: () => log.push('next'), error: unexpected });
      await lab.idle();
      if (end === 'unsubscribe') subscription.unsubscribe();
      else ends();
      await lab.idle();
      second.unsubscribe();
      await lab.idle();
      const heard = end === 'unsubscribe' ? [] : [end === 'complete' ? 'complete heard' : 'error heard'];
      const expected = end === 'throw' ? ['error heard', 'next'] : ['work', 'work gone', ...heard, 'next'];
      expectEqual(log, expected, `when the work ends with ${end}`);
    }
  },

  'a lost lease stops its work and errors': async (lab) => {
    const gate = lab.open(mutex('gate', { ttl: lab.unit, renew: false }));
    const log: string[] = [];
    hold(gate.acquire(), () => new Observable<never>(() => () => log.push('work gone'))).subscribe({
      error: (error: unknown) => log.push((error as CoordinationError).code),
    });
    await lab.idle();
    await lab.advance(lab.unit);
    await lab.idle();
    expectEqual(log, ['work gone', 'RXB_LEASE_LOST'], 'what happened');
    expectEqual((await stateOf(gate)).available, 1, 'what is free');
  },

  'a promise keeps its lease until it has settled, and its signal aborts at once': async (lab) => {
    const gate = lab.open(mutex('gate'));
    let finish: () => void = () => undefined;
    let signal: AbortSignal | undefined;
    const running = hold(gate.acquire(), (grant) => {
      signal = grant.signal;
      return new Promise<void>((resolve) => (finish = resolve));
    }).subscribe();
    await lab.idle();
    const next = ask(gate);
    await lab.idle();
    running.unsubscribe();
    await expectFates(lab, [next], ['waiting'], 'while the promise is pending');
    expectEqual(signal?.aborted, true, 'the signal');
    finish();
    await expectFates(lab, [next], ['held'], 'when the promise has settled');
  },

  'run gives back whichever way its function ends, and passes on how': async (lab) => {
    const gate = lab.open(mutex('gate'));
    const failure = new Error('on purpose');
    const results = [
      await run(gate, () => 1),
      await run(gate, () => Promise.resolve(2)),
      await run(gate, () => Promise.reject(failure)).catch((error: unknown) => error),
      await run(gate, () => {
        throw failure;
      }).catch((error: unknown) => error),
    ];
    expectEqual(results, [1, 2, failure, failure], 'the results');
    await lab.idle();
    expectEqual((await stateOf(gate)).available, 1, 'what is free');
  },

  'enter hands a lease over until it is released, once, however often that is said': async (lab) => {
    const gate = lab.open(mutex('gate'));
    const first = await enter(gate);
    const [b, c] = (await line(lab, gate, {}, {})) as [Asked, Asked];
    expectEqual([first.valid(), b.fate], [true, 'waiting'], 'while it is entered');
    first.release();
    first.release();
    await first[Symbol.asyncDispose]();
    await expectFates(lab, [b, c], ['held', 'waiting'], 'when it was released more than once');
    expectEqual(first.valid(), false, 'valid() after the release');
  },

  'a lease that is given back inside its own first notification is reported': async (lab) => {
    const gate = lab.open(mutex('gate'));
    await firstValueFrom(gate.acquire(), { defaultValue: null });
    await lab.idle();
    expectEqual(
      lab.reported.map((error) => (error as CoordinationError).code),
      ['RXB_GRANT_DISCARDED'],
      'what was reported',
    );
    expectEqual((await stateOf(gate)).available, 1, 'what is free');
  },

  'an error of the work is passed on after the lease went back': async (lab) => {
    const gate = lab.open(mutex('gate'));
    const failure = new Error('on purpose');
    const errors: unknown[] = [];
    hold(gate.acquire(), () => throwError(() => failure)).subscribe({ error: (error: unknown) => errors.push(error) });
    await lab.idle();
    expectEqual([errors, (await stateOf(gate)).available], [[failure], 1], 'errors, and what is free');
  },
};

const rising = (fences: readonly number[]): boolean =>
  fences.every((fence, i) => i === 0 || fence > (fences[i - 1] ?? NaN));
