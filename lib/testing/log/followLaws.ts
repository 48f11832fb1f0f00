/** Where history meets what is live. */
import { take } from 'rxjs';
import { expectEqual } from '../contract/lab.ts';
import {
  all,
  codeOf,
  collect,
  fill,
  note,
  notes,
  numbers,
  outcome,
  read,
  type Collected,
  type LogLaws,
} from './lab.ts';

const upTo = (n: number): number[] => notes(1, n).map((each) => each.n);

export const followLaws: LogLaws = {
  'a follower gets history, and then what is live': async (lab) => {
    const log = await lab.open();
    await fill(log, 's', 1, 3);
    const follower = collect(lab, log.read('s', { follow: true }));
    await follower.until(3);
    expectEqual([numbers(follower.events), follower.end], [upTo(3), 'open'], 'history');
    await log.append('s', notes(4, 5));
    await fill(log, 's', 6, 6);
    await follower.until(6);
    expectEqual([numbers(follower.events), follower.end], [upTo(6), 'open'], 'with what came later');
    expectEqual(
      follower.events.slice(3).map(({ seq, commit, last }) => [seq, commit, last]),
      [
        [4, 4, false],
        [5, 4, true],
        [6, 5, true],
      ],
      'the live ones',
    );
    follower.leave();
  },

  'there is no gap and no duplicate at the live edge, whenever somebody begins to follow': async (lab) => {
    const log = await lab.open();
    const followers: Collected[] = [];
    const appends: Promise<unknown>[] = [];
    for (let n = 1; n <= 300; n++) {
      appends.push(log.append('s', [note(n)]));
      if (n % 10 === 0) followers.push(collect(lab, log.read('s', { follow: true, maxBuffer: 1 + (n % 7) })));
      if (n % 25 === 0) await appends[n - 20];
      if (n % 10 === 5) followers.push(collect(lab, log.read('s', { follow: true, from: 7 })));
    }
    await Promise.all(appends);
    await log.append('s', [note(301)], { close: true });
    for (const follower of followers) {
      await follower.completed();
      const [first] = numbers(follower.events);
      expectEqual(numbers(follower.events), upTo(301).slice((first ?? 0) - 1), 'what a follower got');
      expectEqual(first === 1 || first === 7, true, 'that it began where it should');
    }
  },

  'from the end there is only what comes later': async (lab) => {
    const log = await lab.open();
    await fill(log, 's', 1, 3);
    const follower = collect(lab, log.read('s', { from: 'end', follow: true }));
    await fill(log, 's', 4, 5);
    await follower.until(2);
    expectEqual(numbers(follower.events), [4, 5], 'the events');
    follower.leave();
  },

  'to follow from beyond the end is to wait until it comes': async (lab) => {
    const log = await lab.open();
    await fill(log, 's', 1, 2);
    const follower = collect(lab, log.read('s', { from: 5, follow: true }));
    await log.append('s', notes(3, 6));
    await follower.until(2);
    expectEqual(numbers(follower.events), [5, 6], 'the events');
    follower.leave();
  },

  'a stream may be followed before it is there': async (lab) => {
    const log = await lab.open();
    const followers = (['start', 'end', 1] as const).map((from) => collect(lab, log.read('s', { from, follow: true })));
    await log.append('other', [note(9)]);
    await fill(log, 's', 1, 2);
    for (const follower of followers) {
      await follower.until(2);
      expectEqual(numbers(follower.events), [1, 2], 'the events');
      follower.leave();
    }
  },

  'a follower completes behind the terminal commit, whatever it looks for': async (lab) => {
    const log = await lab.open();
    await fill(log, 's', 1, 2);
    const follower = collect(lab, log.read('s', { follow: true }));
    const chooser = collect(lab, log.read('s', { follow: true, names: ['n2'] }));
    const late = collect(lab, log.read('s', { follow: true, from: 'end' }));
    const beyond = collect(lab, log.read('s', { follow: true, from: 99 }));
    await log.append('s', notes(3, 4), { close: true });
    for (const each of [follower, chooser, late, beyond]) await each.completed();
    expectEqual(
      [follower, chooser, late, beyond].map(({ events }) => numbers(events)),
      [[1, 2, 3, 4], [2], [3, 4], []],
      'the events',
    );
    expectEqual(await read(lab, log, 's', { follow: true }), [1, 2, 3, 4], 'who comes when it is closed');
  },

  'a terminal commit without events completes followers too': async (lab) => {
    const log = await lab.open();
    await fill(log, 's', 1, 2);
    const follower = collect(lab, log.read('s', { follow: true }));
    await follower.until(2);
    await log.append('s', [], { close: true });
    await follower.completed();
    expectEqual(numbers(follower.events), [1, 2], 'the events');
  },

  'a follower with an end completes there': async (lab) => {
    const log = await lab.open();
    await fill(log, 's', 1, 2);
    const follower = collect(lab, log.read('s', { follow: true, to: 4 }));
    const chooser = collect(lab, log.read('s', { follow: true, to: 4, names: ['n1'] }));
    const past = collect(lab, log.read('s', { follow: true, to: 2 }));
    await past.completed();
    await log.append('s', notes(3, 6));
    await follower.completed();
    await chooser.completed();
    expectEqual(
      [follower, chooser, past].map(({ events }) => numbers(events)),
      [[1, 2, 3, 4], [1], [1, 2]],
      'the events',
    );
  },

  'names are chosen among what is live too': async (lab) => {
    const log = await lab.open();
    await fill(log, 's', 1, 3);
    const chooser = collect(lab, log.read('s', { follow: true, names: ['n2', 'n5', 'n7'] }));
    await fill(log, 's', 4, 7);
    await chooser.until(3);
    expectEqual(numbers(chooser.events), [2, 5, 7], 'the events');
    chooser.leave();
  },

  'followers of one stream hear nothing of another': async (lab) => {
    const log = await lab.open();
    const follower = collect(lab, log.read('s', { follow: true }));
    for (let n = 1; n <= 20; n++) await log.append(n % 2 ? 't' : 's', [note(n)]);
    await follower.until(10);
    expectEqual(
      follower.events.map(({ stream, seq, event }) => [stream, seq, event]),
      notes(1, 10).map(({ n }) => ['s', n, note(2 * n)]),
      'the events',
    );
    follower.leave();
  },

  'what a follower appends while it reads comes behind, however long the chain': async (lab) => {
    const log = await lab.open();
    const length = 2_000;
    const appends: Promise<unknown>[] = [];
    const follower = collect(lab, log.read('s', { follow: true }), ({ seq }) => {
      if (seq < length) appends.push(log.append('s', [note(seq + 1)]));
    });
    await log.append('s', [note(1)]);
    await follower.until(length);
    await Promise.all(appends);
    expectEqual(numbers(follower.events), upTo(length), 'the events');
    follower.leave();
  },

  'a hundred followers get the same, and one that leaves harms no other': async (lab) => {
    const log = await lab.open();
    const followers = notes(1, 100).map(({ n }) =>
      collect(lab, n % 5 === 0 ? log.read('s', { follow: true }).pipe(take(3)) : log.read('s', { follow: true })),
    );
    await fill(log, 's', 1, 10);
    await log.append('s', [], { close: true });
    for (const [i, follower] of followers.entries()) {
      await follower.completed();
      expectEqual(numbers(follower.events), upTo(i % 5 === 4 ? 3 : 10), 'the events');
    }
  },

  'a trim that nobody forces takes nothing away from a reader': async (lab) => {
    const log = await lab.open();
    await fill(log, 's', 1, 50);
    const trims: Promise<string>[] = [];
    const reader = collect(lab, log.read('s', { follow: true, maxBuffer: 1 }), ({ seq }) => {
      if (seq % 10 === 1) trims.push(outcome(log.trim('s', { before: seq + 20 })));
    });
    await reader.until(50);
    for (const each of await Promise.all(trims)) {
      expectEqual(each === 'RXB_LOG_CONFLICT' || each === 'done', true, `that a trim is refused or done: ${each}`);
    }
    await log.append('s', [note(51)], { close: true });
    await reader.completed();
    expectEqual(numbers(reader.events), upTo(51), 'the events');
  },

  'a trim that is forced may end a reader with an error, never with a gap': async (lab) => {
    const log = await lab.open();
    await fill(log, 's', 1, 50);
    let trimmed: Promise<unknown> | undefined;
    const reader = collect(lab, log.read('s', { maxBuffer: 1 }), ({ seq }) => {
      if (seq === 5) trimmed = log.trim('s', { before: 40, force: true });
    });
    const error = await reader.ended();
    await trimmed;
    expectEqual(numbers(reader.events), upTo(reader.events.length), 'the events');
    if (error === null) expectEqual(reader.events.length, 50, 'how many came to a reader that completed');
    else expectEqual(codeOf(error), 'RXB_LOG_TRIMMED', 'the error');
    expectEqual((await all(lab, log.read('s'))).length, 11, 'how many are left');
  },

  'a follower of a stream that is removed completes, and sees nothing of the next one of its name': async (lab) => {
    const log = await lab.open();
    await fill(log, 's', 1, 3);
    const follower = collect(lab, log.read('s', { follow: true }));
    await follower.until(3);
    await log.remove('s', { expectedSeq: 3 });
    await fill(log, 's', 11, 15);
    await follower.completed();
    expectEqual(numbers(follower.events), [1, 2, 3], 'the events');
    expectEqual(await read(lab, log, 's', { follow: true, to: 5 }), [11, 12, 13, 14, 15], 'the next stream');
  },
};
