/** Leases and indexes: they change with a commit or not at all. */
import type { Effect } from '../../log/EventLog.ts';
import { expectEqual } from '../contract/lab.ts';
import { lease, note, outcome, refused, refusedAppend, type LogLaws } from './lab.ts';

const plan = (member: string, due: number, index = 'i'): Effect => ({ op: 'schedule', index, member, due });
const drop = (member: string, index = 'i'): Effect => ({ op: 'unschedule', index, member });

export const effectLaws: LogLaws = {
  'a lease that is held is not to be had': async (lab) => {
    const log = await lab.open();
    await lease(log, 'lock', lab.unit, 'anna');
    const take: Effect = { op: 'lease', key: 'lock', token: null, ttl: lab.unit, owner: 'bert' };
    await refusedAppend(lab, log, 's', { effects: [take] }, 'RXB_LOG_GUARD_LOST', { key: 'lock', holder: 'anna' });
    await lease(log, 'other', lab.unit);
  },

  'a lease lapses behind its ttl, and tokens rise from holder to holder, whatever the key': async (lab) => {
    const log = await lab.open();
    const tokens = [await lease(log, 'a', lab.unit)];
    for (const key of ['b', 'a', 'a', 'c', '__proto__']) {
      tokens.push(await lease(log, key, lab.unit));
      await lab.advance(lab.unit);
    }
    expectEqual(
      tokens,
      [...new Set(tokens)].sort((a, b) => a - b),
      'the tokens in order',
    );
  },

  'a renewal of an old lease does not bring tokens back': async (lab) => {
    const log = await lab.open();
    const old = await lease(log, 'old', lab.unit);
    const newer = await lease(log, 'newer', lab.unit);
    await log.append('s', [], { effects: [{ op: 'lease', key: 'old', token: old, ttl: lab.unit, owner: 'me' }] });
    await log.renew([{ key: 'old', token: old, ttl: lab.unit }]);
    expectEqual((await lease(log, 'newest', lab.unit)) > newer, true, 'that the next token is higher');
  },

  'a lease is held to the end of its ttl': async (lab) => {
    const log = await lab.open();
    const token = await lease(log, 'lock', lab.unit);
    await lab.advance(lab.unit / 2);
    await log.append('s', [note(1)], { guards: [{ key: 'lock', token }] });
    await lab.advance(lab.unit / 2);
    await refusedAppend(lab, log, 's', { guards: [{ key: 'lock', token }] }, 'RXB_LOG_GUARD_LOST');
  },

  'a commit may renew a lease with its token, and nobody else can': async (lab) => {
    const log = await lab.open();
    const token = await lease(log, 'lock', lab.unit);
    const renewed = (given: number): Effect => ({
      op: 'lease',
      key: 'lock',
      token: given,
      ttl: 2 * lab.unit,
      owner: 'me',
    });
    await refusedAppend(lab, log, 's', { effects: [renewed(token + 1)] }, 'RXB_LOG_GUARD_LOST', { key: 'lock' });
    const receipt = await log.append('s', [note(1)], { effects: [renewed(token)] });
    expectEqual(receipt.tokens, {}, 'the tokens issued by a renewal');
    await lab.advance(1.5 * lab.unit);
    await log.append('s', [note(2)], { guards: [{ key: 'lock', token }] });
    await lab.advance(lab.unit / 2);
    await refusedAppend(lab, log, 's', { effects: [renewed(token)] }, 'RXB_LOG_GUARD_LOST', { key: 'lock' });
  },

  'a lease that was given up is free at once': async (lab) => {
    const log = await lab.open();
    const token = await lease(log, 'lock', lab.unit);
    await log.append('s', [], { effects: [{ op: 'unlease', key: 'lock' }] });
    await refusedAppend(lab, log, 's', { guards: [{ key: 'lock', token }] }, 'RXB_LOG_GUARD_LOST');
    expectEqual((await lease(log, 'lock', lab.unit)) > token, true, 'that the next token is higher');
    await log.append('s', [], { effects: [{ op: 'unlease', key: 'nobody holds it' }] });
  },

  'renew moves the end of live leases, and says which are lost, in the order of the question': async (lab) => {
    const log = await lab.open();
    const [a, b, c] = [
      await lease(log, 'a', lab.unit),
      await lease(log, 'b', lab.unit),
      await lease(log, 'c', lab.unit / 2),
    ] as const;
    await lab.advance(lab.unit / 2);
    const asked = [
      { key: 'c', token: c, ttl: lab.unit },
      { key: 'a', token: a, ttl: lab.unit },
      { key: 'b', token: a, ttl: lab.unit },
      { key: 'nobody', token: 1, ttl: lab.unit },
    ];
    expectEqual(await log.renew(asked), ['lost', 'ok', 'lost', 'lost'], 'the answers');
    expectEqual(await log.renew([]), [], 'the answer to no question');
    await lab.advance(lab.unit / 2);
    await log.append('s', [note(1)], { guards: [{ key: 'a', token: a }] });
    await refusedAppend(lab, log, 's', { guards: [{ key: 'b', token: b }] }, 'RXB_LOG_GUARD_LOST');
    await lab.advance(lab.unit / 2);
    expectEqual(await log.renew(asked.slice(1, 2)), ['lost'], 'behind the new end');
  },

  'renew refuses what means nothing': async (lab) => {
    const log = await lab.open();
    const token = await lease(log, 'a', lab.unit);
    const wrong: unknown[] = [
      'a',
      [{ key: 'a', token }],
      [{ key: 'a', token, ttl: 0 }],
      [{ key: 'a', token: 'x', ttl: 9 }],
      [{ key: '', token, ttl: 9 }],
      [{ key: 'a', token, ttl: 9, owner: 'me' }],
    ];
    for (const leases of wrong) await refused(log.renew(leases as never), 'RXB_CONFIG', {}, JSON.stringify(leases));
  },

  'due gives what is due now, earliest first, and consumes nothing': async (lab) => {
    const log = await lab.open();
    const { at } = await log.append('s', [note(1)]);
    const members: [string, number][] = [
      ['later', at + lab.unit],
      ['b', at - 5],
      ['a', at - 5],
      ['first', at - 9],
      ['last', at + 2 * lab.unit],
    ];
    await log.append('s', [], { effects: members.map(([member, due]) => plan(member, due)) });
    const early = ['first', 'a', 'b'].map((member) => ({ member, due: new Map(members).get(member) }));
    expectEqual(await log.due('i', { limit: 9 }), early, 'what is due');
    expectEqual(await log.due('i', { limit: 9 }), early, 'what is due, asked again');
    expectEqual(await log.due('i', { limit: 2 }), early.slice(0, 2), 'two of it');
    expectEqual(await log.due('j', { limit: 9 }), [], 'an index that nobody uses');
    await lab.advance(lab.unit);
    expectEqual((await log.due('i', { limit: 9 })).at(-1)?.member, 'later', 'what is due last, when time has passed');
  },

  'a member stands in an index once, and each index is for itself': async (lab) => {
    const log = await lab.open();
    await log.append('s', [], { effects: [plan('m', 5), plan('n', 3), plan('m', 1, 'j')] });
    await log.append('t', [], { effects: [plan('m', 2)] });
    expectEqual(
      await log.due('i', { limit: 9 }),
      [
        { member: 'm', due: 2 },
        { member: 'n', due: 3 },
      ],
      'a member that was moved by another stream',
    );
    await log.append('s', [], { effects: [drop('m'), drop('nobody'), drop('m', 'nowhere')] });
    expectEqual(
      [await log.due('i', { limit: 9 }), await log.due('j', { limit: 9 })],
      [[{ member: 'n', due: 3 }], [{ member: 'm', due: 1 }]],
      'without it',
    );
  },

  'of several effects on one member the last one counts': async (lab) => {
    const log = await lab.open();
    await log.append('s', [], { effects: [plan('m', 1), drop('m'), plan('n', 1), drop('n'), plan('n', 2)] });
    expectEqual(await log.due('i', { limit: 9 }), [{ member: 'n', due: 2 }], 'the index');
  },

  'a thousand members come in order, part by part': async (lab) => {
    const log = await lab.open();
    const due = Array.from({ length: 1_000 }, (_, i) => (i * 7919) % 1_000);
    for (let i = 0; i < 1_000; i += 100) {
      await log.append('s', [], { effects: due.slice(i, i + 100).map((moment, k) => plan(`m${i + k}`, moment)) });
    }
    const given: number[] = [];
    while (given.length < 1_000) {
      const part = await log.due('i', { limit: 130 });
      if (part.length === 0) break;
      given.push(...part.map((each) => each.due));
      await log.append('s', [], { effects: part.map(({ member }) => drop(member)) });
    }
    expectEqual(
      given,
      [...due].sort((a, b) => a - b),
      'the moments in order',
    );
  },

  'a refused append has no effects': async (lab) => {
    const log = await lab.open();
    await log.append('s', [], { effects: [plan('kept', 1)] });
    const token = await lease(log, 'mine', lab.unit);
    const effects: Effect[] = [
      plan('new', 1),
      drop('kept'),
      { op: 'lease', key: 'lock', token: null, ttl: lab.unit, owner: 'me' },
      { op: 'unlease', key: 'mine' },
    ];
    const impossible: Effect = { op: 'lease', key: 'nobody', token: 99, ttl: lab.unit, owner: 'me' };
    for (const options of [{ expectedSeq: 9 }, { guards: [{ key: 'x', token: 1 }] }]) {
      expectEqual((await outcome(log.append('s', [], { ...options, effects }))) !== 'done', true, 'that it is refused');
    }
    await refused(log.append('s', [], { effects: [...effects, impossible] }), 'RXB_LOG_GUARD_LOST', { key: 'nobody' });
    await refused(log.append('s', [() => 1], { effects }), 'RXB_CODEC');
    expectEqual(await log.due('i', { limit: 9 }), [{ member: 'kept', due: 1 }], 'the index');
    await log.append('s', [note(1)], { guards: [{ key: 'mine', token }] });
    await lease(log, 'lock', lab.unit);
  },

  'due refuses what means nothing': async (lab) => {
    const log = await lab.open();
    for (const options of [{ limit: 0 }, { limit: 1.5 }, {}, { limit: 1, by: 'name' }]) {
      await refused(log.due('i', options as never), 'RXB_CONFIG', {}, JSON.stringify(options));
    }
    await refused(log.due('', { limit: 1 }), 'RXB_CONFIG', {}, 'an index without a name');
  },
};
