import fc from 'fast-check';
import type { Effect } from '../../lib/log/EventLog.ts';
import type { AppendCommand, LogCommand, ModelOptions, Part } from '../../lib/testing/log/command.ts';
import { note } from '../../lib/testing/log/lab.ts';

const pick = <T>(...values: T[]) => fc.constantFrom(...values);
/** Few of each, so that they meet. */
const stream = pick('s', 't', 'u');
const key = pick('k', 'l');
const member = pick('m', 'n', 'o');
const index = pick('i', 'j');
const token = fc.integer({ min: 1, max: 6 });
const ttl = pick(20, 50, 100);
const seq = fc.nat(12);
const some = <T>(arbitrary: fc.Arbitrary<T>, weight = 1): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight, arbitrary });

const taking: fc.Arbitrary<Effect> = fc.record({
  op: pick('lease' as const),
  key,
  token: fc.constant(null),
  ttl,
  owner: pick('anna', 'bert'),
});
const planning: fc.Arbitrary<Effect> = fc.oneof(
  fc.record({ op: pick('schedule' as const), index, member, due: fc.nat(60) }),
  fc.record({ op: pick('unschedule' as const), index, member }),
);
const renewing: fc.Arbitrary<Effect> = fc.record({
  op: pick('lease' as const),
  key,
  token,
  ttl,
  owner: pick('anna', 'bert'),
});
const leaving: fc.Arbitrary<Effect> = fc.record({ op: pick('unlease' as const), key });

const keyOf = (effect: Effect): string => ('key' in effect ? effect.key : `${effect.index} ${effect.member}`);

/** @param tokens Whether it may name tokens: who asks several things at once does not know those that they will give. */
function append(tokens: boolean): fc.Arbitrary<AppendCommand> {
  const effect = tokens ? fc.oneof(taking, planning, planning, renewing, leaving) : fc.oneof(taking, planning);
  const guard = fc.record({ key, token });
  const options = fc
    .record({
      expectedSeq: some(seq),
      epoch: some(fc.nat(3)),
      commitId: some(pick('a', 'b'), 2),
      once: some(fc.uniqueArray(pick('x', 'y', 'z'), { maxLength: 2 })),
      guards: some(fc.array(guard, { maxLength: tokens ? 2 : 0 })),
      effects: some(fc.uniqueArray(effect, { maxLength: 3, selector: keyOf }), 3),
      close: some(fc.nat(5).map((n) => n === 0)),
    })
    .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as ModelOptions);
  const events = fc.array(fc.integer({ min: 1, max: 5 }).map(note), { minLength: 1, maxLength: 4 });
  return fc.record({ do: pick('append' as const), stream, events, options });
}

const part: fc.Arbitrary<Part> = fc
  .record({
    stream,
    from: fc.oneof(pick<'start' | 'end'>('start', 'end'), fc.integer({ min: 1, max: 12 }), fc.record({ after: seq })),
    to: some(seq),
    names: some(fc.array(pick('n1', 'n2', 'n3'), { maxLength: 2 })),
  })
  .map(({ to, names, ...rest }) => ({ ...rest, ...(to === undefined ? {} : { to }), ...(names && { names }) }));

const open = some(fc.boolean(), 4).map((value) => (value === undefined ? {} : { open: value }));

/** What may happen to a log. @param restarts Whether it may be closed and opened again. */
export function logCommands({ restarts, handles }: { restarts: boolean; handles: number }): fc.Arbitrary<LogCommand[]> {
  type Step = LogCommand extends infer C ? (C extends unknown ? Omit<C, 'handle'> : never) : never;
  const step = <T extends Step>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });
  const steps = fc.oneof(
    step(12, append(true)),
    step(
      3,
      fc.record({ do: pick('burst' as const), appends: fc.array(append(false), { minLength: 2, maxLength: 6 }) }),
    ),
    step(
      3,
      part.map((which) => ({ do: 'read' as const, ...which })),
    ),
    step(
      3,
      part.map((which) => ({ do: 'follow' as const, ...which })),
    ),
    step(1, fc.record({ do: pick('head' as const), stream })),
    step(2, fc.record({ do: pick('due' as const), index, limit: fc.integer({ min: 1, max: 4 }) })),
    step(
      2,
      fc.record({ do: pick('renew' as const), leases: fc.array(fc.record({ key, token, ttl }), { maxLength: 3 }) }),
    ),
    step(
      1,
      fc.tuple(pick('', 's', 'x'), open).map(([prefix, rest]) => ({ do: 'streams' as const, prefix, ...rest })),
    ),
    step(2, fc.record({ do: pick('trim' as const), stream, before: seq.map((n) => n + 1), force: fc.boolean() })),
    step(1, fc.record({ do: pick('remove' as const), stream, expectedSeq: seq })),
    step(3, fc.record({ do: pick('advance' as const), ms: pick(1, 10, 30, 60) })),
    step(restarts ? 1 : 0, fc.constant({ do: 'reopen' as const })),
  );
  const command = fc.tuple(fc.nat(handles - 1), steps).map(([handle, what]) => ({ handle, ...what }));
  return fc.array(command, { maxLength: 40, size: 'max' });
}
