/** Several who want the same: one gets it. Where a log has one handle only, they race on that. */
import type { AppendOptions, EventLog, Receipt } from '../../log/EventLog.ts';
import { expectEqual } from '../contract/lab.ts';
import { all, codeOf, lease, note, outcome, read, told, type LogLab, type LogLaws } from './lab.ts';

const rounds = 30;

const open = (lab: LogLab, count: number): Promise<EventLog[]> =>
  Promise.all(Array.from({ length: count }, () => lab.open()));

/** Lets all of them try at once, in another order each time. The receipts of those who won, and why the others did not. */
async function compete(
  logs: readonly EventLog[],
  round: number,
  attempt: (log: EventLog, who: number) => Promise<Receipt>,
): Promise<{ readonly won: Receipt[]; readonly lost: string[] }> {
  const won: Receipt[] = [];
  const lost: string[] = [];
  const order = logs.map((_, i) => (i * 3 + round) % logs.length);
  await Promise.all(
    [...new Set(order)].map((who) =>
      attempt(logs[who] as EventLog, who).then(
        (receipt) => won.push(receipt),
        (error: unknown) => lost.push(codeOf(error)),
      ),
    ),
  );
  return { won, lost };
}

/** Exactly one of five wins each round, and the others hear this. */
async function oneWins(lab: LogLab, code: string, options: (round: number) => AppendOptions): Promise<void> {
  const logs = await open(lab, 5);
  for (let round = 0; round < rounds; round++) {
    const { won, lost } = await compete(logs, round, (log, who) => log.append('s', [note(who)], options(round)));
    expectEqual(
      [won.length, lost],
      [1, Array.from({ length: 4 }, () => code)],
      `who won round ${round}, and what the others heard`,
    );
    expectEqual(won[0]?.firstSeq, round + 1, 'the seq of the winner');
  }
  expectEqual((await read(lab, logs[0] as EventLog, 's')).length, rounds, 'how many events there are');
}

export const raceLaws: LogLaws = {
  'of several who expect the same last event one wins': (lab) =>
    oneWins(lab, 'RXB_LOG_CONFLICT', (round) => ({ expectedSeq: round })),

  'of several who use a key once one wins': (lab) =>
    oneWins(lab, 'RXB_LOG_DUPLICATE', (round) => ({ once: [`key ${round}`] })),

  'of several who want a lease one gets it': (lab) =>
    oneWins(lab, 'RXB_LOG_GUARD_LOST', (round) => ({
      effects: [{ op: 'lease', key: `lock ${round}`, token: null, ttl: lab.unit, owner: 'somebody' }],
    })),

  'of several who deliver one commit one appends it, and all get its receipt': async (lab) => {
    const logs = await open(lab, 5);
    for (let round = 0; round < rounds; round++) {
      const { won, lost } = await compete(logs, round, (log) =>
        log.append('s', [note(round)], { commitId: `c${round}` }),
      );
      expectEqual(lost, [], 'who was refused');
      expectEqual(won.filter(({ replayed }) => !replayed).length, 1, 'how many have appended');
      for (const receipt of won) expectEqual(told(receipt), told(won[0] as Receipt), 'a receipt');
    }
    expectEqual((await read(lab, logs[0] as EventLog, 's')).length, rounds, 'how many events there are');
  },

  'of several who close a stream one does, and nobody appends behind it': async (lab) => {
    const logs = await open(lab, 5);
    for (let round = 0; round < rounds; round++) {
      const stream = `s${round}`;
      const { won, lost } = await compete(logs, round, (log, who) => log.append(stream, [note(who)], { close: true }));
      expectEqual([won.length, new Set(lost)], [1, new Set(['RXB_LOG_CLOSED'])], 'who closed it');
      expectEqual((await logs[0]?.head(stream))?.lastSeq, 1, 'the last event');
    }
  },

  'a writer that was shut out changes nothing': async (lab) => {
    const logs = await open(lab, 5);
    const receipts: Receipt[] = [];
    for (let round = 0; round < rounds; round++) {
      const { won, lost } = await compete(logs, round, async (log, who) => {
        const epoch = round * 2 + (who % 3);
        const receipt = await log.append('s', [note(who)], { epoch });
        expectEqual(receipt.epoch, epoch, 'the epoch of a writer that was let in');
        return receipt;
      });
      expectEqual(
        [...new Set(lost)].filter((code) => code !== 'RXB_LOG_FENCED'),
        [],
        'why others were refused',
      );
      expectEqual(
        won.some(({ epoch }) => epoch === round * 2 + 2),
        true,
        'that the highest epoch got in',
      );
      receipts.push(...won);
    }
    const bySeq = receipts.sort((a, b) => a.firstSeq - b.firstSeq);
    const epochs = bySeq.map(({ epoch }) => epoch);
    expectEqual(
      epochs,
      [...epochs].sort((a, b) => a - b),
      'the epochs, which only rise',
    );
    const stored = await all(lab, (logs[0] as EventLog).read('s'));
    expectEqual(
      stored.map(({ seq, event }) => [seq, event]),
      bySeq.map(({ firstSeq, epoch }) => [firstSeq, stored[firstSeq - 1]?.event, epoch].slice(0, 2)),
      'one event for each receipt',
    );
  },

  'a holder that lost its lease to another changes nothing': async (lab) => {
    const [one, two] = (await open(lab, 2)) as [EventLog, EventLog];
    let holder = await lease(one, 'lock', lab.unit);
    for (let round = 1; round <= 5; round++) {
      await one.append('s', [note(round)], { guards: [{ key: 'lock', token: holder }] });
      await lab.advance(lab.unit);
      const next = lease(two, 'lock', lab.unit);
      const late = outcome(one.append('s', [note(666)], { guards: [{ key: 'lock', token: holder }] }));
      expectEqual(await late, 'RXB_LOG_GUARD_LOST', 'what the old holder hears');
      holder = await next;
    }
    expectEqual(await read(lab, one, 's'), [1, 2, 3, 4, 5], 'the events');
  },

  'everything that several append is there once, and in the order of each': async (lab) => {
    const logs = await open(lab, 4);
    const receipts = await Promise.all(
      logs.flatMap((log, who) =>
        Array.from({ length: 50 }, (_, i) =>
          log.append('s', [
            { who, i },
            { who, i: i + 0.5 },
          ]),
        ),
      ),
    );
    const stored = await all(lab, (logs[0] as EventLog).read('s'));
    expectEqual(
      stored.map(({ seq }) => seq),
      stored.map((_, i) => i + 1),
      'the seqs',
    );
    expectEqual(stored.length, 400, 'how many events there are');
    expectEqual(new Set(receipts.map(({ firstSeq }) => firstSeq)).size, 200, 'how many places were given');
    for (const who of logs.keys()) {
      const mine = stored.map(({ event }) => event as { who: number; i: number }).filter((event) => event.who === who);
      expectEqual(
        mine.map(({ i }) => i),
        Array.from({ length: 100 }, (_, i) => i / 2),
        `the events of handle ${who}`,
      );
    }
  },
};
