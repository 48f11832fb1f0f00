/** What a reader gets of what is there. */
import { take } from 'rxjs';
import type { Position, ReadOptions, Stored } from '../../log/EventLog.ts';
import { ConfigError } from '../../errors.ts';
import { expectEqual } from '../contract/lab.ts';
import { all, collect, fill, note, notes, numbers, read, refused, thrownBy, type LogLaws } from './lab.ts';

const positionsOf = (stored: readonly Stored[]): Position[] => stored.map(({ position }) => position);

export const readLaws: LogLaws = {
  'a number is inclusive, a position exclusive': async (lab) => {
    const log = await lab.open();
    const { position: beginning } = await log.append('s', [], { once: ['begun'] });
    const receipts = [await log.append('s', notes(1, 3)), await log.append('s', notes(4, 5))];
    const [one, two, , four] = positionsOf(await all(lab, log.read('s')));
    const cases: [ReadOptions['from'], number[]][] = [
      [undefined, [1, 2, 3, 4, 5]],
      ['start', [1, 2, 3, 4, 5]],
      [1, [1, 2, 3, 4, 5]],
      [3, [3, 4, 5]],
      [5, [5]],
      [6, []],
      [99, []],
      [beginning, [1, 2, 3, 4, 5]],
      [one, [2, 3, 4, 5]],
      [two, [3, 4, 5]],
      [four, [5]],
      [receipts[0]?.position, [4, 5]],
      [receipts[1]?.position, []],
      [(await log.head('s'))?.position, []],
      ['end', []],
    ];
    for (const [from, expected] of cases) {
      const options = from === undefined ? {} : { from };
      expectEqual(await read(lab, log, 's', options), expected, `from ${JSON.stringify(from)}`);
    }
  },

  'the end is inclusive, whichever way it is said': async (lab) => {
    const log = await lab.open();
    await log.append('s', notes(1, 3));
    await log.append('s', notes(4, 5));
    const [, two] = positionsOf(await all(lab, log.read('s')));
    const cases: [ReadOptions, number[]][] = [
      [{ to: 0 }, []],
      [{ to: 1 }, [1]],
      [{ to: 4 }, [1, 2, 3, 4]],
      [{ to: 99 }, [1, 2, 3, 4, 5]],
      [{ to: two as Position }, [1, 2]],
      [{ from: 2, to: 4 }, [2, 3, 4]],
      [{ from: two as Position, to: 3 }, [3]],
      [{ from: 4, to: 2 }, []],
    ];
    for (const [options, expected] of cases) {
      expectEqual(await read(lab, log, 's', options), expected, JSON.stringify(options));
    }
  },

  'a stream that nobody has appended to has no events': async (lab) => {
    const log = await lab.open();
    await log.append('other', [note(1)]);
    expectEqual(await read(lab, log, 's'), [], 'the events');
    expectEqual(await log.head('s'), null, 'the head');
  },

  'only the names that are asked for': async (lab) => {
    const log = await lab.open();
    const events = [
      { name: 'a', n: 1 },
      { n: 2, name: 'a' },
      { name: 'b', n: 3, inner: { name: 'a' } },
      { name: 'a"b', n: 4 },
      { name: 'ab', n: 5 },
      { name: 'ä\u2028', n: 6 },
      { name: ['a'], n: 7 },
      { n: 8, data: '{"name":"a"}' },
    ];
    await log.append('s', [...events, 'a', null, 7, ['a']]);
    const cases: [string[], number[]][] = [
      [['a'], [1, 2]],
      [
        ['a', 'b'],
        [1, 2, 3],
      ],
      [['a"b'], [4]],
      [['ä\u2028'], [6]],
      [['a"'], []],
      [['c'], []],
      [[], []],
    ];
    for (const [names, expected] of cases) {
      expectEqual(await read(lab, log, 's', { names }), expected, `the names ${JSON.stringify(names)}`);
    }
    expectEqual(await read(lab, log, 's', { names: ['a', 'b'], from: 2, to: 2 }), [2], 'within a range');
  },

  'a reader that does not follow ends at the head that it found': async (lab) => {
    const log = await lab.open();
    await fill(log, 's', 1, 3);
    const collected = collect(lab, log.read('s'));
    await fill(log, 's', 4, 6);
    await collected.completed();
    expectEqual(numbers(collected.events), [1, 2, 3], 'the events');
  },

  'each subscription reads for itself, when it is made': async (lab) => {
    const log = await lab.open();
    const reading = log.read('s');
    expectEqual(numbers(await all(lab, reading)), [], 'before');
    await fill(log, 's', 1, 2);
    const [one, two] = [collect(lab, reading), collect(lab, reading)];
    await Promise.all([one.completed(), two.completed()]);
    expectEqual(
      [numbers(one.events), numbers(two.events)],
      [
        [1, 2],
        [1, 2],
      ],
      'after',
    );
  },

  'whoever unsubscribes gets no more, wherever that is': async (lab) => {
    const log = await lab.open();
    await log.append('s', notes(1, 100));
    for (const count of [1, 2, 50, 99]) {
      const collected = collect(lab, log.read('s', { maxBuffer: 10 }).pipe(take(count)));
      await collected.completed();
      expectEqual(collected.events.length, count, 'how many came');
    }
    const left = collect(lab, log.read('s', { follow: true }), ({ seq }) => {
      if (seq === 5) left.leave();
    });
    await left.until(5);
    await fill(log, 's', 101, 101);
    await read(lab, log, 's');
    expectEqual(numbers(left.events), [1, 2, 3, 4, 5], 'what came until then');
  },

  'a small buffer changes nothing in what comes': async (lab) => {
    const log = await lab.open();
    for (let n = 1; n <= 300; n += 3) await log.append('s', notes(n, n + 2));
    const expected = notes(1, 300).map(({ n }) => n);
    for (const maxBuffer of [1, 7, 300]) {
      expectEqual(await read(lab, log, 's', { maxBuffer }), expected, `with a maxBuffer of ${maxBuffer}`);
    }
  },

  'who has stopped goes on from the last position without a gap or a duplicate': async (lab) => {
    const log = await lab.open();
    for (let n = 1; n <= 60; n += 4) await log.append('s', notes(n, n + 3));
    const seen: (number | null)[] = [];
    let from: Position | 'start' = 'start';
    for (const count of [1, 3, 4, 9, 20, 99]) {
      const part = await all(lab, log.read('s', { from }).pipe(take(count)));
      seen.push(...numbers(part));
      from = part.at(-1)?.position ?? from;
    }
    expectEqual(
      seen,
      notes(1, 60).map(({ n }) => n),
      'what came in parts',
    );
  },

  'a commit is never seen in part': async (lab) => {
    const log = await lab.open();
    const reads: Promise<readonly Stored[]>[] = [];
    const appends: Promise<unknown>[] = [];
    for (let n = 1; n <= 200; n += 5) {
      appends.push(log.append('s', notes(n, n + 4)));
      reads.push(all(lab, log.read('s', { maxBuffer: 2 })));
      if (n % 3 === 0) await Promise.all(appends);
      reads.push(all(lab, log.read('s', { maxBuffer: 3 })));
    }
    await Promise.all(appends);
    for (const stored of await Promise.all(reads)) {
      expectEqual(
        numbers(stored),
        notes(1, stored.length).map(({ n }) => n),
        'what a reader saw',
      );
      if (stored.length > 0) expectEqual(stored.at(-1)?.last, true, 'whether its last event ends a commit');
    }
  },

  'what was trimmed away is said, not left out': async (lab) => {
    const log = await lab.open();
    await log.append('s', notes(1, 6));
    const [, two] = positionsOf(await all(lab, log.read('s')));
    await log.trim('s', { before: 4 });
    for (const from of [1, 3, two as Position]) {
      const collected = collect(lab, log.read('s', { from }));
      await refused(collected.completed(), 'RXB_LOG_TRIMMED', { firstSeq: 4 });
      expectEqual(collected.events.length, 0, 'how many came before');
    }
    expectEqual(await read(lab, log, 's'), [4, 5, 6], 'from the start');
    expectEqual(await read(lab, log, 's', { from: 4 }), [4, 5, 6], 'from the first that is there');
  },

  'what means nothing is refused where it is asked': async (lab) => {
    const log = await lab.open();
    const wrong: unknown[] = [
      { form: 1 },
      { from: 0 },
      { from: -1 },
      { from: 1.5 },
      { from: 'beginning' },
      { from: null },
      { to: -1 },
      { to: 'end' },
      { names: 'a' },
      { names: [7] },
      { follow: 1 },
      { maxBuffer: 0 },
    ];
    for (const options of wrong) {
      const thrown = thrownBy(() => log.read('s', options as ReadOptions));
      expectEqual(thrown instanceof ConfigError, true, `a ConfigError for ${JSON.stringify(options)}`);
    }
  },
};
