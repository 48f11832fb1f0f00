/** What an append may depend on, and in which order that is looked at. */
import type { AppendOptions } from '../../log/EventLog.ts';
import { expectEqual } from '../contract/lab.ts';
import { lease, note, notes, read, refused, refusedAppend, told, type LogLaws } from './lab.ts';

const day = 24 * 60 * 60 * 1000;

export const conditionLaws: LogLaws = {
  'expectedSeq lets in who knows the last event, and nobody else': async (lab) => {
    const log = await lab.open();
    await refusedAppend(lab, log, 's', { expectedSeq: 1 }, 'RXB_LOG_CONFLICT', { stream: 's', seq: 0 });
    await log.append('s', notes(1, 2), { expectedSeq: 0 });
    for (const expectedSeq of [0, 1, 3]) {
      await refusedAppend(lab, log, 's', { expectedSeq }, 'RXB_LOG_CONFLICT', { stream: 's', seq: 2 });
    }
    await log.append('s', [note(3)], { expectedSeq: 2 });
    expectEqual(await read(lab, log, 's'), [1, 2, 3], 'the events');
  },

  'a higher epoch shuts out the lower ones, for good': async (lab) => {
    const log = await lab.open();
    expectEqual((await log.append('s', [note(1)], { epoch: 2 })).epoch, 2, 'the epoch of the receipt');
    await refusedAppend(lab, log, 's', { epoch: 1 }, 'RXB_LOG_FENCED', { stream: 's', epoch: 2 });
    expectEqual((await log.append('s', [note(2)], { epoch: 2 })).epoch, 2, 'the same epoch');
    expectEqual((await log.append('s', [note(3)])).epoch, 2, 'without an epoch');
    await log.append('s', [note(4)], { epoch: 7 });
    await refusedAppend(lab, log, 's', { epoch: 2 }, 'RXB_LOG_FENCED', { epoch: 7 });
    expectEqual([(await log.head('s'))?.epoch, await read(lab, log, 's')], [7, [1, 2, 3, 4]], 'the stream');
  },

  'an append that is refused does not raise the epoch': async (lab) => {
    const log = await lab.open();
    await log.append('s', [note(1)], { epoch: 1, once: ['key'] });
    await refusedAppend(lab, log, 's', { epoch: 5, expectedSeq: 9 }, 'RXB_LOG_CONFLICT');
    await refusedAppend(lab, log, 's', { epoch: 5, once: ['key'] }, 'RXB_LOG_DUPLICATE');
    await log.append('s', [note(2)], { epoch: 1 });
  },

  'a commitId that comes again gives the first receipt and appends nothing': async (lab) => {
    const log = await lab.open();
    const options: AppendOptions = { commitId: 'c', once: ['key'], epoch: 1, expectedSeq: 0 };
    const first = await log.append('s', notes(1, 2), options);
    expectEqual(first.replayed, false, 'replayed, the first time');
    await log.append('s', [note(3)], { epoch: 4 });
    await lab.advance(lab.unit);
    const second = await log.append('s', notes(1, 2), options);
    expectEqual([second.replayed, told(second)], [true, told(first)], 'the second receipt');
    expectEqual(await read(lab, log, 's'), [1, 2, 3], 'the events');
  },

  'a commitId is found again whatever has become of the stream': async (lab) => {
    const log = await lab.open();
    const { token } = { token: await lease(log, 'lock', lab.unit) };
    const guarded: AppendOptions = { commitId: 'c', guards: [{ key: 'lock', token }] };
    const first = await log.append('s', [note(1)], guarded);
    await lab.advance(lab.unit);
    await log.append('s', [note(2)], { close: true, epoch: 3 });
    await log.trim('s', { before: 3 });
    const again = [
      await log.append('s', [note(1)], guarded),
      await log.append('s', [note(1)], { commitId: 'c', expectedSeq: 77 }),
    ];
    for (const each of again) expectEqual([each.replayed, told(each)], [true, told(first)], 'the receipt');
  },

  'a commitId is found again with other conditions, and with nothing said in another way': async (lab) => {
    const log = await lab.open();
    await log.append('s', [note(1)], { commitId: 'c', expectedSeq: 0 });
    const ways: AppendOptions[] = [
      { expectedSeq: 9 },
      { guards: [{ key: 'nobody', token: 9 }] },
      { once: [], effects: [], guards: [] },
      { close: false },
    ];
    for (const options of ways) {
      const { replayed } = await log.append('s', [note(1)], { commitId: 'c', ...options });
      expectEqual(replayed, true, `replayed, with ${JSON.stringify(options)}`);
    }
  },

  'a commitId with other content is a conflict': async (lab) => {
    const log = await lab.open();
    await log.append('s', notes(1, 2), { commitId: 'c', once: ['key'] });
    const others: [unknown[], AppendOptions][] = [
      [[note(1)], { once: ['key'] }],
      [[note(2), note(1)], { once: ['key'] }],
      [[...notes(1, 2), note(3)], { once: ['key'] }],
      [notes(1, 2), {}],
      [notes(1, 2), { once: ['other'] }],
      [notes(1, 2), { once: ['key'], close: true }],
      [notes(1, 2), { once: ['key'], epoch: 1 }],
      [notes(1, 2), { once: ['key'], effects: [{ op: 'schedule', index: 'i', member: 'm', due: 0 }] }],
    ];
    for (const [events, options] of others) {
      const what = JSON.stringify([events, options]);
      await refused(log.append('s', events, { commitId: 'c', ...options }), 'RXB_LOG_CONFLICT', { seq: 2 }, what);
    }
    expectEqual((await log.head('s'))?.lastSeq, 2, 'the last event');
  },

  'a commitId of another stream is another commitId, and one of a refused append is free': async (lab) => {
    const log = await lab.open();
    await refused(log.append('s', [note(1)], { commitId: 'c', expectedSeq: 5 }), 'RXB_LOG_CONFLICT');
    const receipts = [
      await log.append('s', [note(2)], { commitId: 'c' }),
      await log.append('t', [note(3)], { commitId: 'c' }),
    ];
    expectEqual(
      receipts.map(({ replayed }) => replayed),
      [false, false],
      'replayed',
    );
  },

  'a commitId is remembered for a day': async (lab) => {
    const log = await lab.open();
    await log.append('s', [note(1)], { commitId: 'c' });
    await lab.advance(day - 1);
    await log.append('s', [note(2)], { commitId: 'd' });
    expectEqual((await log.append('s', [note(1)], { commitId: 'c' })).replayed, true, 'replayed, after a day');
  },

  'the effects of a commit are not repeated with it': async (lab) => {
    const log = await lab.open();
    const options: AppendOptions = {
      commitId: 'c',
      effects: [
        { op: 'schedule', index: 'i', member: 'm', due: 0 },
        { op: 'lease', key: 'lock', token: null, ttl: lab.unit, owner: 'me' },
      ],
    };
    const first = await log.append('s', [note(1)], options);
    await log.append('s', [], { effects: [{ op: 'unschedule', index: 'i', member: 'm' }] });
    await lab.advance(lab.unit);
    const again = await log.append('s', [note(1)], options);
    expectEqual([again.replayed, again.tokens], [true, first.tokens], 'the receipt');
    expectEqual(await log.due('i', { limit: 9 }), [], 'the index');
    await refusedAppend(
      lab,
      log,
      's',
      { guards: [{ key: 'lock', token: first.tokens['lock'] ?? NaN }] },
      'RXB_LOG_GUARD_LOST',
    );
  },

  'a key may be used once': async (lab) => {
    const log = await lab.open();
    await log.append('s', [note(1)]);
    await log.append('s', notes(2, 3), { once: ['a', 'b'] });
    for (const key of ['a', 'b']) {
      await refusedAppend(lab, log, 's', { once: ['new', key] }, 'RXB_LOG_DUPLICATE', { stream: 's', key, seq: 2 });
    }
    await log.append('s', [note(4)], { once: ['new', '__proto__', 'constructor'] });
    await refusedAppend(lab, log, 's', { once: ['__proto__'] }, 'RXB_LOG_DUPLICATE', { seq: 4 });
    await log.append('t', [note(5)], { once: ['a'] });
  },

  'guards hold while their leases are live with their tokens': async (lab) => {
    const log = await lab.open();
    const [a, b] = [await lease(log, 'a', lab.unit), await lease(log, 'b', 2 * lab.unit)];
    const guards = [
      { key: 'a', token: a },
      { key: 'b', token: b },
    ];
    await log.append('s', [note(1)], { guards });
    const wrong = { key: 'a', token: b };
    await refusedAppend(lab, log, 's', { guards: [wrong] }, 'RXB_LOG_GUARD_LOST', { key: 'a' });
    await refusedAppend(lab, log, 's', { guards: [...guards, { key: 'c', token: 1 }] }, 'RXB_LOG_GUARD_LOST', {
      key: 'c',
    });
    await lab.advance(lab.unit);
    await refusedAppend(lab, log, 's', { guards }, 'RXB_LOG_GUARD_LOST', { key: 'a' });
    await log.append('s', [note(2)], { guards: guards.slice(1) });
    expectEqual((await lease(log, 'a', lab.unit)) > b, true, 'that the next holder has a higher token');
    await refusedAppend(lab, log, 's', { guards: [{ key: 'a', token: a }] }, 'RXB_LOG_GUARD_LOST', { key: 'a' });
  },

  'a stream that was closed takes nothing more': async (lab) => {
    const log = await lab.open();
    const { commit, lastSeq } = await log.append('s', notes(1, 2), { close: true });
    expectEqual([commit, lastSeq], [1, 2], 'the terminal commit');
    await refusedAppend(lab, log, 's', {}, 'RXB_LOG_CLOSED', { stream: 's', seq: 2 });
    await refusedAppend(lab, log, 's', { close: true, epoch: 9 }, 'RXB_LOG_CLOSED');
    await log.append('t', [note(1)]);
    expectEqual([(await log.head('s'))?.closed, (await log.head('t'))?.closed], [true, false], 'closed');
  },

  'conditions are looked at in their order': async (lab) => {
    const log = await lab.open();
    // Each of these is refused alone. Of several of them the first one in this order is said.
    const faults: [code: string, options: AppendOptions][] = [
      ['RXB_LOG_CONFLICT', { commitId: 'used' }],
      ['RXB_LOG_FENCED', { epoch: 1 }],
      ['RXB_LOG_GUARD_LOST', { guards: [{ key: 'lock', token: 99 }] }],
      ['RXB_LOG_DUPLICATE', { once: ['key'] }],
      ['RXB_LOG_CONFLICT', { expectedSeq: 0 }],
      ['RXB_LOG_GUARD_LOST', { effects: [{ op: 'lease', key: 'lock', token: 99, ttl: 9, owner: 'me' }] }],
    ];
    await log.append('s', [note(1)], { commitId: 'used', epoch: 2, once: ['key'] });
    for (let first = 0; first < faults.length; first++) {
      const [code, alone] = faults[first] ?? ['', {}];
      const rest = faults.slice(first).map(([, options]) => options);
      await refusedAppend(lab, log, 's', alone, code);
      await refusedAppend(lab, log, 's', Object.assign({}, ...rest) as AppendOptions, code);
    }
    await log.append('s', [], { close: true });
    const rest = faults.slice(1).map(([, options]) => options);
    await refusedAppend(lab, log, 's', Object.assign({}, ...rest) as AppendOptions, 'RXB_LOG_CLOSED');
    await refusedAppend(lab, log, 's', { commitId: 'used' }, 'RXB_LOG_CONFLICT', { commitId: 'used' });
  },
};
