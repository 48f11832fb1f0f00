/** What becomes of streams and of the log itself: what is known of them, trims, removals, and the end. */
import { lastValueFrom } from 'rxjs';
import { ConfigError } from '../../errors.ts';
import { expectEqual } from '../contract/lab.ts';
import {
  all,
  codeOf,
  collect,
  fill,
  lease,
  namesOf,
  note,
  notes,
  numbers,
  outcome,
  read,
  refused,
  refusedAppend,
  thrownBy,
  type LogLaws,
} from './lab.ts';

export const lifeLaws: LogLaws = {
  'the head says how far a stream has come': async (lab) => {
    const log = await lab.open();
    await log.append('s', notes(1, 3), { epoch: 2 });
    const head = await log.head('s');
    expectEqual([head?.firstSeq, head?.lastSeq, head?.epoch, head?.closed], [1, 3, 2, false], 'the head');
    await log.append('s', [note(4)]);
    expectEqual(await read(lab, log, 's', { from: head?.position ?? 'start' }), [4], 'what comes behind it');
  },

  'streams are told in the order of their names': async (lab) => {
    const log = await lab.open();
    for (const name of ['run-2', 'bus', 'run-10', 'run-1', 'Run']) await log.append(name, [note(1)]);
    await log.append('run-1', [], { close: true });
    await log.append('gone', [note(1)]);
    await log.remove('gone', { expectedSeq: 1 });
    expectEqual(await namesOf(log), ['Run', 'bus', 'run-1', 'run-10', 'run-2'], 'all');
    expectEqual(await namesOf(log, { prefix: 'run-1' }), ['run-1', 'run-10'], 'with a prefix');
    expectEqual(await namesOf(log, { open: true }), ['Run', 'bus', 'run-10', 'run-2'], 'those not closed');
    expectEqual(await namesOf(log, { open: false, prefix: 'run' }), ['run-1'], 'those closed');
    expectEqual(await namesOf(log, { prefix: 'x' }), [], 'none');
  },

  'a trim forgets what is below, and says how much that was': async (lab) => {
    const log = await lab.open();
    await fill(log, 's', 1, 6);
    const stored = await all(lab, log.read('s'));
    expectEqual(await log.trim('s', { before: 3 }), { removed: 2, firstSeq: 3 }, 'by a number');
    expectEqual(await log.trim('s', { before: 2 }), { removed: 0, firstSeq: 3 }, 'of what is gone');
    const fourth = stored[3]?.position;
    if (fourth !== undefined)
      expectEqual(await log.trim('s', { before: fourth }), { removed: 2, firstSeq: 5 }, 'by a position');
    expectEqual([await read(lab, log, 's'), (await log.head('s'))?.firstSeq], [[5, 6], 5], 'what is left');
    expectEqual(await log.trim('s', { before: 99 }), { removed: 2, firstSeq: 7 }, 'of everything');
    const head = await log.head('s');
    expectEqual([await read(lab, log, 's'), head?.firstSeq, head?.lastSeq], [[], 7, 6], 'nothing left');
    expectEqual(await log.trim('nobody', { before: 5 }), { removed: 0, firstSeq: 1 }, 'of a stream that is not there');
    expectEqual(await log.head('nobody'), null, 'which a trim does not make');
  },

  'a seq is never used again, and a trim forgets events only': async (lab) => {
    const log = await lab.open();
    const first = await log.append('s', notes(1, 2), { commitId: 'c', once: ['key'], epoch: 3 });
    await log.append('s', [note(3)]);
    await log.trim('s', { before: 4 });
    await refusedAppend(lab, log, 's', { once: ['key'] }, 'RXB_LOG_DUPLICATE', { seq: 1 });
    await refusedAppend(lab, log, 's', { epoch: 2 }, 'RXB_LOG_FENCED', { epoch: 3 });
    await refusedAppend(lab, log, 's', { expectedSeq: 0 }, 'RXB_LOG_CONFLICT', { seq: 3 });
    const again = await log.append('s', notes(1, 2), { commitId: 'c', once: ['key'], epoch: 3 });
    expectEqual([again.replayed, again.firstSeq], [true, first.firstSeq], 'the commitId');
    const next = await log.append('s', [note(4)], { expectedSeq: 3 });
    expectEqual([next.firstSeq, next.commit], [4, 3], 'the next commit');
    await log.append('s', [], { close: true });
    await log.trim('s', { before: 5 });
    await refusedAppend(lab, log, 's', {}, 'RXB_LOG_CLOSED', { seq: 4 });
  },

  'a trim may end in the middle of a commit': async (lab) => {
    const log = await lab.open();
    await log.append('s', notes(1, 3));
    await log.append('s', [note(4)]);
    await log.trim('s', { before: 3 });
    expectEqual(
      (await all(lab, log.read('s'))).map(({ seq, commit, last }) => [seq, commit, last]),
      [
        [3, 1, true],
        [4, 2, true],
      ],
      'what is left',
    );
  },

  'a stream that was removed is as if it had never been': async (lab) => {
    const log = await lab.open();
    await log.append('s', notes(1, 2), { commitId: 'c', once: ['key'], epoch: 3, close: true });
    const token = await lease(log, 'lock', lab.unit);
    await refused(log.remove('s', { expectedSeq: 1 }), 'RXB_LOG_CONFLICT', { seq: 2 });
    await log.remove('s', { expectedSeq: 2 });
    expectEqual([await log.head('s'), await read(lab, log, 's')], [null, []], 'the stream');
    await log.remove('s', { expectedSeq: 0 });
    await refused(log.remove('s', { expectedSeq: 2 }), 'RXB_LOG_CONFLICT', { seq: 0 });
    const anew = await log.append('s', [note(5)], { commitId: 'c', once: ['key'], epoch: 1, expectedSeq: 0 });
    expectEqual([anew.firstSeq, anew.commit, anew.epoch, anew.replayed], [1, 1, 1, false], 'the new one');
    expectEqual(await read(lab, log, 's'), [5], 'its events');
    await log.remove('leases of lock', { expectedSeq: 0 });
    await log.append('s', [note(6)], { guards: [{ key: 'lock', token }] });
  },

  'what means nothing is refused': async (lab) => {
    const log = await lab.open();
    await fill(log, 's', 1, 2);
    const calls: [string, () => Promise<unknown>][] = [
      ['head without a name', () => log.head('')],
      ['trim without a place', () => log.trim('s', {} as never)],
      ['trim before nothing', () => log.trim('s', { before: 0 })],
      ['trim at a wrong place', () => log.trim('s', { before: 'start' as never })],
      ['trim with a wrong option', () => log.trim('s', { before: 2, force: 1 as never })],
      ['trim with an unknown option', () => log.trim('s', { before: 2, forced: true } as never)],
      ['remove without expectedSeq', () => log.remove('s', {} as never)],
      ['remove with an unknown option', () => log.remove('s', { expectedSeq: 2, force: true } as never)],
      ['close with an unknown option', () => log.close({ wait: 1 } as never)],
      ['close with a wrong deadline', () => log.close({ deadline: -1 })],
    ];
    for (const [what, call] of calls) await refused(call(), 'RXB_CONFIG', {}, what);
    for (const options of [{ prefix: 1 }, { open: 'yes' }, { closed: true }, null]) {
      const thrown = thrownBy(() => log.streams(options as never));
      expectEqual(thrown instanceof ConfigError, true, `a ConfigError for streams(${JSON.stringify(options)})`);
    }
    expectEqual(await read(lab, log, 's'), [1, 2], 'the events');
  },

  'settled resolves when everything that was asked for has been answered': async (lab) => {
    const log = await lab.open();
    const answers: string[] = [];
    const answered = (what: string) => (): unknown => answers.push(what);
    for (const each of notes(1, 50)) void log.append('s', [each]).then(answered('append'), answered('refused'));
    void log.append('s', [note(0)], { expectedSeq: 0 }).catch(answered('conflict'));
    void log.renew([{ key: 'lock', token: 1, ttl: lab.unit }]).then(answered('renew'));
    void log.trim('s', { before: 2 }).then(answered('trim'));
    await log.settled();
    expectEqual([answers.length, answers.filter((each) => each === 'append').length], [53, 50], 'the answers');
    await log.settled();
  },

  'a log that closes answers what is under way, and takes nothing new': async (lab) => {
    const log = await lab.open();
    const appends = notes(1, 20).map((each) => outcome(log.append('s', [each])));
    const closing = log.close();
    const asked: Promise<unknown>[] = [
      log.append('s', [note(99)]),
      log.head('s'),
      log.due('i', { limit: 1 }),
      log.renew([]),
      log.trim('s', { before: 2 }),
      log.remove('s', { expectedSeq: 20 }),
      namesOf(log),
      lastValueFrom(log.read('s'), { defaultValue: null }),
    ];
    const late = await Promise.all(asked.map(outcome));
    expectEqual(
      late,
      late.map(() => 'RXB_CLOSED'),
      'the answers after close()',
    );
    await closing;
    expectEqual(new Set(await Promise.all(appends)), new Set(['done']), 'what became of the appends');
    await log.close();
    await log.close({ deadline: 0 });
    await log.settled();
  },

  'readers have what was there when their log closed, and complete': async (lab) => {
    const log = await lab.open();
    const waiting = collect(lab, log.read('nobody', { follow: true }));
    const follower = collect(lab, log.read('s', { follow: true, maxBuffer: 3 }));
    const appends = fill(log, 's', 1, 50);
    const reader = collect(lab, log.read('s', { maxBuffer: 3 }));
    await log.close();
    await appends;
    for (const each of [waiting, follower, reader]) expectEqual(each.end, 'complete', 'the end of a reader');
    expectEqual(
      numbers(follower.events),
      notes(1, 50).map(({ n }) => n),
      'the events of the follower',
    );
    expectEqual(
      numbers(reader.events),
      notes(1, reader.events.length).map(({ n }) => n),
      'the events of the reader',
    );
  },

  'behind the deadline of close a reader that has not all of it ends with an error, the others complete': async (
    lab,
  ) => {
    const log = await lab.open();
    await fill(log, 's', 1, 50);
    const done = collect(lab, log.read('s', { follow: true, from: 'end' }));
    const behind = collect(lab, log.read('s', { follow: true, maxBuffer: 1 }));
    await log.close({ deadline: 0 });
    await done.completed();
    const error = await behind.ended();
    if (error !== null) expectEqual(codeOf(error), 'RXB_CLOSED', 'the error');
    expectEqual(error === null, behind.events.length === 50, 'that only who has all of them completes');
    expectEqual(
      numbers(behind.events),
      notes(1, behind.events.length).map(({ n }) => n),
      'the events',
    );
  },
};
