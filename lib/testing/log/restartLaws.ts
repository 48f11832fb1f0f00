/** What a log still knows when it was closed and opened again. */
import { expectEqual } from '../contract/lab.ts';
import {
  all,
  collect,
  lease,
  namesOf,
  note,
  notes,
  numbers,
  read,
  refusedAppend,
  told,
  type LogLab,
  type LogLaws,
} from './lab.ts';

function reopen(lab: LogLab): ReturnType<LogLab['open']> {
  if (lab.reopen === undefined) throw new Error('The option `restarts` needs a lab with `reopen`.');
  return lab.reopen();
}

export const restartLaws: LogLaws = {
  'events are as they were, and go on': async (lab) => {
    const log = await lab.open();
    await log.append('s', notes(1, 2));
    await log.append('t', [{ name: 'v', map: new Map([[1n, new Date(0)]]) }]);
    await log.append('s', [note(3)]);
    const before = [await all(lab, log.read('s')), await all(lab, log.read('t')), await log.head('s')];
    const again = await reopen(lab);
    expectEqual(
      [await all(lab, again.read('s')), await all(lab, again.read('t')), await again.head('s')],
      before,
      'all',
    );
    expectEqual(await namesOf(again), ['s', 't'], 'the streams');
    const follower = collect(lab, again.read('s', { follow: true }));
    const { firstSeq, commit } = await again.append('s', [note(4)], { expectedSeq: 3 });
    expectEqual([firstSeq, commit], [4, 3], 'the next commit');
    await follower.until(4);
    expectEqual(numbers(follower.events), [1, 2, 3, 4], 'the events');
    follower.leave();
  },

  'positions stay good': async (lab) => {
    const log = await lab.open();
    const { position } = await log.append('s', notes(1, 2));
    await log.append('s', [note(3)]);
    expectEqual(await read(lab, await reopen(lab), 's', { from: position }), [3], 'the events behind it');
  },

  'epochs, keys, commitIds and closed marks stay, also behind a trim': async (lab) => {
    const log = await lab.open();
    const first = await log.append('s', notes(1, 2), { commitId: 'c', once: ['key'], epoch: 3 });
    await log.append('s', [note(3)], { close: true });
    await log.append('t', notes(1, 2), { once: ['key'], epoch: 5 });
    await log.trim('s', { before: 4 });
    await log.trim('t', { before: 2 });
    const again = await reopen(lab);
    const replayed = await again.append('s', notes(1, 2), { commitId: 'c', once: ['key'], epoch: 3 });
    expectEqual([replayed.replayed, told(replayed)], [true, told(first)], 'the receipt');
    await refusedAppend(lab, again, 's', {}, 'RXB_LOG_CLOSED', { seq: 3 });
    await refusedAppend(lab, again, 't', { once: ['key'] }, 'RXB_LOG_DUPLICATE', { seq: 1 });
    await refusedAppend(lab, again, 't', { epoch: 4 }, 'RXB_LOG_FENCED', { epoch: 5 });
    expectEqual([await read(lab, again, 's'), await read(lab, again, 't')], [[], [2]], 'what was not trimmed');
  },

  'leases, their tokens and indexes stay': async (lab) => {
    const log = await lab.open();
    const token = await lease(log, 'lock', lab.unit);
    const gone = await lease(log, 'gone', lab.unit);
    await log.append('s', [], {
      effects: [
        { op: 'unlease', key: 'gone' },
        { op: 'schedule', index: 'i', member: 'b', due: 2 },
        { op: 'schedule', index: 'i', member: 'a', due: 1 },
        { op: 'schedule', index: 'i', member: 'c', due: 0 },
        { op: 'unschedule', index: 'i', member: 'c' },
      ],
    });
    await lab.advance(lab.unit / 2);
    await log.renew([{ key: 'lock', token, ttl: lab.unit }]);
    const again = await reopen(lab);
    await lab.advance(lab.unit * 0.75);
    await again.append('s', [note(1)], { guards: [{ key: 'lock', token }] });
    await refusedAppend(lab, again, 's', { guards: [{ key: 'gone', token: gone }] }, 'RXB_LOG_GUARD_LOST');
    expectEqual(
      await again.due('i', { limit: 9 }),
      [
        { member: 'a', due: 1 },
        { member: 'b', due: 2 },
      ],
      'the index',
    );
    await lab.advance(lab.unit / 4);
    await refusedAppend(lab, again, 's', { guards: [{ key: 'lock', token }] }, 'RXB_LOG_GUARD_LOST');
    expectEqual((await lease(again, 'new', lab.unit)) > gone, true, 'that tokens go on rising');
  },

  'a stream that was removed stays away': async (lab) => {
    const log = await lab.open();
    await log.append('s', notes(1, 3), { once: ['key'], epoch: 9 });
    await log.remove('s', { expectedSeq: 3 });
    await log.append('t', notes(1, 3));
    await log.remove('t', { expectedSeq: 3 });
    await log.append('t', [note(7)]);
    const again = await reopen(lab);
    expectEqual([await again.head('s'), await read(lab, again, 't')], [null, [7]], 'the streams');
    await again.append('s', [note(1)], { once: ['key'], epoch: 1, expectedSeq: 0 });
  },

  'time does not go back': async (lab) => {
    const log = await lab.open();
    await lab.advance(lab.unit);
    const { at } = await log.append('s', [note(1)]);
    const again = await reopen(lab);
    expectEqual((await again.append('s', [note(2)])).at >= at, true, 'that the next commit is no earlier');
  },
};
