import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AppendRequest } from '../../lib/log/appendRequest.ts';
import type { AppendOptions, Effect } from '../../lib/log/EventLog.ts';
import { Ledger, rememberedFor } from '../../lib/log/Ledger.ts';
import type { LogRecord } from '../../lib/log/records.ts';
import { runs } from '../support/runs.ts';

const request = (stream: string, options: AppendOptions = {}, events = 1): AppendRequest => ({
  stream,
  events,
  options,
  digest: options.commitId === undefined ? undefined : 'd',
});

const take = (key: string, ttl: number): Effect => ({ op: 'lease', key, token: null, ttl, owner: 'me' });

/** Decides and applies at once. */
function commit(ledger: Ledger, now: number, stream: string, options?: AppendOptions, events?: number): LogRecord {
  const { record, replayed } = ledger.decide(request(stream, options, events), now);
  if (!replayed) ledger.apply(record);
  return record;
}

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** All that a ledger says of itself. */
const said = (ledger: Ledger, now: number) => ({
  names: ledger.names(),
  heads: ledger.names().map((name) => ledger.head(name)),
  due: ['i', 'j'].map((index) => ledger.due(index, 99, now)),
  leases: ['k', 'l'].flatMap((key) => Array.from({ length: 9 }, (_, token) => renewed(ledger, key, token, now))),
});

const renewed = (ledger: Ledger, key: string, token: number, now: number): unknown =>
  ledger.renewal([{ key, token, ttl: 1 }], now).answers[0];

const effect = fc.oneof(
  fc.record({
    op: fc.constant('lease' as const),
    key: fc.constantFrom('k', 'l'),
    token: fc.constant(null),
    ttl: fc.constantFrom(5, 50),
    owner: fc.constant('me'),
  }),
  fc.record({ op: fc.constant('unlease' as const), key: fc.constantFrom('k', 'l') }),
  fc.record({
    op: fc.constant('schedule' as const),
    index: fc.constantFrom('i', 'j'),
    member: fc.constantFrom('m', 'n'),
    due: fc.nat(99),
  }),
  fc.record({
    op: fc.constant('unschedule' as const),
    index: fc.constantFrom('i', 'j'),
    member: fc.constantFrom('m', 'n'),
  }),
);
const stream = fc.constantFrom('s', 't');
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      stream,
      events: fc.nat(3),
      once: fc.array(fc.constantFrom('x', 'y'), { maxLength: 1 }),
      epoch: fc.nat(3),
      commitId: fc.constantFrom('a', 'b', 'c'),
      effects: fc.array(effect, { maxLength: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('trim' as const), stream, before: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), stream }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('renew' as const), key: fc.constantFrom('k', 'l'), token: fc.nat(5) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(3, 30, rememberedFor) }) },
);

describe('Ledger', () => {
  it('is a fold: its records, and its snapshots, as JSON give the same ledger again', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        let now = 1_000;
        const ledger = new Ledger();
        let restored = new Ledger();
        const records: LogRecord[] = [];
        const put = (record: LogRecord | null): void => {
          if (record === null) return;
          records.push(record);
          ledger.apply(record);
        };
        for (const each of steps) {
          if (each.do === 'wait') now += each.ms;
          else if (each.do === 'trim') put(ledger.trimming(each.stream, each.before, now).record);
          else if (each.do === 'remove') put(ledger.removal(each.stream, ledger.facts(each.stream)?.last ?? 0, now));
          else if (each.do === 'renew') put(ledger.renewal([{ ...each, ttl: 20 }], now).record);
          else {
            const { stream: name, events, once, epoch, commitId, effects } = each;
            const asked = request(name, { once, epoch, commitId, effects }, events);
            const decide = (by: Ledger): unknown => {
              try {
                return by.decide(asked, now);
              } catch (error) {
                return String(error);
              }
            };
            // A ledger that was restored on the way decides as one that was not.
            expect(json(decide(restored))).toEqual(json(decide(ledger)));
            const decided = decide(ledger);
            if (typeof decided === 'object') {
              const { record, replayed } = decided as ReturnType<Ledger['decide']>;
              if (!replayed) put(record);
            }
          }
          restored = Ledger.from(json(ledger.snapshot()));
          expect(said(restored, now)).toEqual(said(ledger, now));
        }
        const folded = new Ledger();
        for (const record of json(records)) folded.apply(record);
        expect(said(folded, now)).toEqual(said(ledger, now));
        expect(folded.snapshot()).toEqual(json(ledger.snapshot()));
      }),
      { numRuns: runs(100) },
    );
  });

  it('decides without changing anything', () => {
    const ledger = new Ledger();
    commit(ledger, 0, 's', { effects: [take('k', 50)] });
    const before = json(ledger.snapshot());
    ledger.decide(request('s', { once: ['x'], commitId: 'c', epoch: 9, close: true, effects: [take('l', 9)] }), 10);
    ledger.renewal([{ key: 'k', token: 1, ttl: 99 }], 10);
    ledger.trimming('s', 2, 10);
    ledger.removal('s', 1, 10);
    expect(ledger.snapshot()).toEqual(before);
  });

  it('never lets time go back, whatever the clock says', () => {
    const ledger = new Ledger();
    expect(commit(ledger, 500, 's').at).toBe(500);
    expect(commit(ledger, 300, 't').at).toBe(500);
    expect(Ledger.from(ledger.snapshot()).moment(100)).toBe(500);
  });

  it('forgets commitIds behind their time, those of streams that have gone quiet too', () => {
    const ledger = new Ledger();
    for (let i = 0; i < 10; i++) commit(ledger, i, `quiet-${i}`, { commitId: 'c' });
    commit(ledger, rememberedFor, 's', { commitId: 'c' });
    expect(ledger.facts('quiet-0')?.ids.size).toBe(1);
    commit(ledger, rememberedFor + 9, 's', { commitId: 'd' });
    expect(Array.from({ length: 10 }, (_, i) => ledger.facts(`quiet-${i}`)?.ids.size)).toEqual([
      0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
    ]);
    expect(ledger.facts('s')?.ids.size).toBe(2);
    const { streams } = ledger.snapshot();
    expect(streams.flatMap(([, { ids }]) => ids).length).toBe(3);
  });

  it('forgets them in the order of their age when it was restored, too', () => {
    const ledger = new Ledger();
    commit(ledger, 0, 'a', { commitId: 'old' });
    commit(ledger, 0, 'b', { commitId: 'old' });
    commit(ledger, 500, 'a', { commitId: 'new' });
    const restored = Ledger.from(json(ledger.snapshot()));
    commit(restored, rememberedFor + 100, 'c', { commitId: 'c' });
    expect([...(restored.facts('a')?.ids.keys() ?? [])]).toEqual(['new']);
    expect(restored.facts('b')?.ids.size).toBe(0);
  });

  it('remembers a commitId that was used again behind its time', () => {
    const ledger = new Ledger();
    commit(ledger, 0, 's', { commitId: 'c' });
    commit(ledger, rememberedFor + 1, 's', { commitId: 'c' });
    commit(ledger, rememberedFor + 2, 's', { commitId: 'd' });
    expect(ledger.decide(request('s', { commitId: 'c' }), rememberedFor + 3)).toMatchObject({
      replayed: true,
      record: { commit: 2 },
    });
  });

  it('brings nothing back, and trims nothing that is still to come, whatever a record says', () => {
    const ledger = new Ledger();
    commit(ledger, 0, 's', {}, 5);
    const firsts = [4, 2, 99].map((before) => {
      ledger.apply({ op: 'trim', stream: 's', before, at: 0 });
      return ledger.head('s')?.firstSeq;
    });
    ledger.apply({ op: 'trim', stream: 'nobody', before: 3, at: 0 });
    expect([firsts, ledger.head('nobody')]).toEqual([[4, 4, 6], null]);
  });

  it('has no record of what changes nothing', () => {
    const ledger = new Ledger();
    commit(ledger, 0, 's', {}, 3);
    ledger.apply(ledger.trimming('s', 3, 0).record as LogRecord);
    expect([ledger.trimming('s', 2, 0).record, ledger.trimming('nobody', 2, 0).record]).toEqual([null, null]);
    expect(ledger.renewal([{ key: 'k', token: 1, ttl: 1 }], 0).record).toBeNull();
    expect(ledger.removal('nobody', 0, 0)).toBeNull();
  });
});
