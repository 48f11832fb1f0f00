/** What a commit is: whole or not there, in order, as it was in the moment of the call. */
import type { AppendOptions, Durability } from '../../log/EventLog.ts';
import { expectEqual } from '../contract/lab.ts';
import { all, fill, note, notes, outcome, read, refused, refusedAppend, type LogLaws } from './lab.ts';

export const appendLaws: LogLaws = {
  'events are numbered from 1 without a gap, and so are commits': async (lab) => {
    const log = await lab.open();
    const receipts = [
      await log.append('s', notes(1, 2)),
      await log.append('s', notes(3, 3)),
      await log.append('s', notes(4, 6)),
    ];
    expectEqual(
      receipts.map(({ firstSeq, lastSeq, commit }) => [firstSeq, lastSeq, commit]),
      [
        [1, 2, 1],
        [3, 3, 2],
        [4, 6, 3],
      ],
      'receipts',
    );
    const stored = await all(lab, log.read('s'));
    expectEqual(
      stored.map(({ stream, seq, commit, last, event }) => [stream, seq, commit, last, event]),
      [
        ['s', 1, 1, false, note(1)],
        ['s', 2, 1, true, note(2)],
        ['s', 3, 2, true, note(3)],
        ['s', 4, 3, false, note(4)],
        ['s', 5, 3, false, note(5)],
        ['s', 6, 3, true, note(6)],
      ],
      'events',
    );
  },

  'a receipt says what was done, when, and from where to go on': async (lab) => {
    const log = await lab.open();
    const first = await log.append('s', notes(1, 2));
    await lab.advance(lab.unit);
    const second = await log.append('s', [note(3)]);
    const { epoch, replayed, tokens, durability } = second;
    expectEqual([epoch, replayed, tokens], [0, false, {}], 'the receipt of a plain append');
    expectEqual(log.capabilities.durability.includes(durability), true, 'a durability that the log has');
    expectEqual(await read(lab, log, 's', { from: first.position }), [3], 'behind the first commit');
    expectEqual(await read(lab, log, 's', { from: second.position }), [], 'behind the second commit');
    const stored = await all(lab, log.read('s'));
    expectEqual(
      stored.map(({ at }) => at),
      [first.at, first.at, second.at],
      'the moments of the events',
    );
    expectEqual(second.at - first.at >= lab.unit, true, 'that time has passed between them');
  },

  'time never goes back in a log': async (lab) => {
    const log = await lab.open();
    const moments: number[] = [];
    for (let n = 1; n <= 20; n++) {
      moments.push((await log.append(n % 2 ? 's' : 't', [note(n)])).at);
      if (n % 5 === 0) await lab.advance(lab.unit / 10);
    }
    expectEqual(
      moments,
      [...moments].sort((a, b) => a - b),
      'the moments of the commits',
    );
  },

  'each stream is numbered for itself': async (lab) => {
    const log = await lab.open();
    const names = ['a', 'b', 'a b', 'a/b', '../a', 'ä', '\u{1F600}', '__proto__', 'constructor', '@1', 'a\nb', ' '];
    for (const name of names) await log.append(name, [note(1)]);
    for (const name of names) {
      expectEqual((await log.append(name, [note(2)])).firstSeq, 2, `the second event of ${JSON.stringify(name)}`);
    }
    for (const name of names) expectEqual(await read(lab, log, name), [1, 2], `the events of ${JSON.stringify(name)}`);
  },

  'appends go in in the order of their calls, whether anybody waits for them or not': async (lab) => {
    const log = await lab.open();
    const receipts = await Promise.all(notes(1, 200).map((each) => log.append('s', [each])));
    expectEqual(
      receipts.map(({ firstSeq }) => firstSeq),
      notes(1, 200).map(({ n }) => n),
      'the seq of each call',
    );
    expectEqual(
      await read(lab, log, 's'),
      notes(1, 200).map(({ n }) => n),
      'the events',
    );
  },

  'values are taken as they are in the moment of the call': async (lab) => {
    const log = await lab.open();
    const event = { name: 'e', n: 1, list: [1] };
    const events = [event];
    const once = ['first'];
    const effect = { op: 'schedule' as const, index: 'i', member: 'first', due: 0 };
    const options: AppendOptions = { once, effects: [effect] };
    const appended = log.append('s', events, options);
    event.n = 2;
    event.list.push(2);
    events.push(event);
    once[0] = 'second';
    effect.member = 'second';
    await appended;
    const [stored, more] = await all(lab, log.read('s'));
    expectEqual([stored?.event, more], [{ name: 'e', n: 1, list: [1] }, undefined], 'what was appended');
    await refusedAppend(lab, log, 's', { once: ['first'] }, 'RXB_LOG_DUPLICATE');
    await log.append('s', [], { once: ['second'] });
    expectEqual(await log.due('i', { limit: 9 }), [{ member: 'first', due: 0 }], 'the index');
  },

  'readers cannot change what is in the log': async (lab) => {
    const log = await lab.open();
    await log.append('s', [note(1)]);
    for (const stored of await all(lab, log.read('s'))) (stored.event as { n: number }).n = 9;
    expectEqual(await read(lab, log, 's'), [1], 'what the next reader gets');
  },

  'values of all kinds come back equal': async (lab) => {
    const log = await lab.open();
    const value = {
      name: 'v',
      date: new Date(1e12),
      map: new Map([['k', new Set([1, 'two'])]]),
      big: 12345678901234567890n,
      not: [NaN, Infinity, -0, undefined, null],
      text: 'line\nline\u2028 "quoted" \u{1F600} \\',
      bytes: new Uint8Array([0, 255]),
      deep: { $date: 'mine', '': [[[]]] },
    };
    await log.append('s', [value, 'text', 7, null, [1], true]);
    expectEqual(
      (await all(lab, log.read('s'))).map(({ event }) => event),
      [value, 'text', 7, null, [1], true],
      'the values',
    );
  },

  'what cannot be encoded is refused, with all of its commit': async (lab) => {
    const log = await lab.open();
    await log.append('s', [note(1)]);
    await refused(log.append('s', [note(2), { name: 'f', call: () => 1 }]), 'RXB_CODEC', {}, 'a function in an event');
    await log.append('s', [note(3)]);
    expectEqual(await read(lab, log, 's'), [1, 3], 'the events');
  },

  'a commit may have effects or marks and no events': async (lab) => {
    const log = await lab.open();
    await log.append('s', notes(1, 2));
    const bare: AppendOptions[] = [
      { effects: [{ op: 'schedule', index: 'i', member: 'm', due: 0 }] },
      { once: ['key'] },
      { epoch: 3 },
      { close: true },
    ];
    for (const [i, options] of bare.entries()) {
      const { firstSeq, lastSeq, commit } = await log.append('s', [], options);
      expectEqual([firstSeq, lastSeq, commit], [3, 2, i + 2], `a commit of ${Object.keys(options).join()} alone`);
    }
    const head = await log.head('s');
    expectEqual([head?.lastSeq, head?.epoch, head?.closed], [2, 3, true], 'the head');
  },

  'a stream that was begun without events is there': async (lab) => {
    const log = await lab.open();
    await log.append('s', [], { epoch: 2 });
    const head = await log.head('s');
    expectEqual([head?.firstSeq, head?.lastSeq, head?.epoch, head?.closed], [1, 0, 2, false], 'the head');
    expectEqual((await log.append('s', [note(1)], { expectedSeq: 0 })).firstSeq, 1, 'its first event');
  },

  'a durability that the log has is given, and one that it has not is refused': async (lab) => {
    const log = await lab.open();
    const every: Durability[] = ['memory', 'batch', 'sync', 'replicated'];
    const has = every.filter((each) => log.capabilities.durability.includes(each));
    expectEqual(has.length > 0, true, 'that there is one');
    for (const durability of has) {
      const receipt = await log.append('s', [note(1)], { durability });
      expectEqual(every.indexOf(receipt.durability) >= every.indexOf(durability), true, `${durability} or better`);
    }
    for (const durability of every.filter((each) => !has.includes(each))) {
      await refusedAppend(lab, log, 's', { durability }, 'RXB_CONFIG');
    }
  },

  'a commit larger than the log takes is refused, and one that fits is not': async (lab) => {
    const log = await lab.open();
    const { maxCommitBytes } = log.capabilities;
    // Two bytes a sign: who counts signs instead of bytes lets it in.
    const half = 'é'.repeat(maxCommitBytes / 4);
    await log.append('s', [half]);
    await refused(log.append('s', [half, half, half]), 'RXB_LOG_TOO_LARGE', {}, 'a commit of three halves');
    await log.append('s', [note(1)]);
    expectEqual((await log.head('s'))?.lastSeq, 2, 'how many went in');
  },

  'a signal calls off what was not begun, and nothing else': async (lab) => {
    const log = await lab.open();
    const controller = new AbortController();
    await log.append('s', [note(1)], { signal: controller.signal });
    controller.abort('enough');
    await refused(log.append('s', [note(2)], { signal: controller.signal }), 'RXB_ABORTED', {}, 'an aborted signal');
    expectEqual(await read(lab, log, 's'), [1], 'the events');
  },

  'what means nothing is refused': async (lab) => {
    const log = await lab.open();
    const key = { op: 'unlease', key: 'k' };
    const wrong: unknown[] = [
      { expectedSeg: 0 },
      { expectedSeq: -1 },
      { expectedSeq: 1.5 },
      { expectedSeq: '1' },
      { epoch: -1 },
      { epoch: NaN },
      { commitId: '' },
      { commitId: 7 },
      { once: 'key' },
      { once: [''] },
      { once: ['a', 'a'] },
      { guards: [{ key: 'k' }] },
      { guards: [{ key: 'k', token: 0 }] },
      { guards: [{ key: 'k', token: 1, owner: 'me' }] },
      { effects: [{ op: 'rent', key: 'k' }] },
      { effects: [null] },
      { effects: [{ op: 'lease', key: 'k', token: null, ttl: 0, owner: 'me' }] },
      { effects: [{ op: 'lease', key: 'k', token: null, ttl: Infinity, owner: 'me' }] },
      { effects: [{ op: 'lease', key: 'k', ttl: 9, owner: 'me' }] },
      { effects: [{ op: 'lease', key: 'k', token: null, ttl: 9 }] },
      { effects: [{ op: 'schedule', index: 'i', member: 'm', due: NaN }] },
      { effects: [{ op: 'schedule', index: 'i', due: 0 }] },
      { effects: [{ op: 'unschedule', index: '', member: 'm' }] },
      { effects: [{ op: 'unlease', key: 'k', token: 1 }] },
      { effects: [key, key] },
      { once: null },
      { guards: null },
      { effects: null },
      { close: 'yes' },
      { durability: 'forever' },
      { signal: {} },
      null,
    ];
    for (const options of wrong) {
      await refused(log.append('s', [note(1)], options as AppendOptions), 'RXB_CONFIG', {}, JSON.stringify(options));
    }
    await refused(log.append('', [note(1)]), 'RXB_CONFIG', {}, 'a stream without a name');
    await refused(log.append('s', note(1) as never), 'RXB_CONFIG', {}, 'an event that is in no array');
    await refused(log.append('s', []), 'RXB_CONFIG', {}, 'an append of nothing');
    expectEqual(await log.head('s'), null, 'the stream that nobody has appended to');
  },

  'what is refused leaves no gap': async (lab) => {
    const log = await lab.open();
    await log.append('s', [note(1)]);
    const outcomes = await Promise.all([
      outcome(log.append('s', [note(2)])),
      outcome(log.append('s', notes(7, 9), { expectedSeq: 0 })),
      outcome(log.append('s', [note(3)])),
      outcome(log.append('s', [Symbol('no')])),
      outcome(log.append('s', [note(4)])),
    ]);
    expectEqual(outcomes, ['done', 'RXB_LOG_CONFLICT', 'done', 'RXB_CODEC', 'done'], 'what became of each');
    await fill(log, 's', 5, 5);
    expectEqual(await read(lab, log, 's'), [1, 2, 3, 4, 5], 'the events');
  },
};
