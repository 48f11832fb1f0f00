import type { Durability, Receipt } from './EventLog.ts';
import { positionOf } from './position.ts';
import type { CommitRecord, Decided } from './records.ts';

const none: Receipt['tokens'] = Object.freeze({});

// Not by assignment, which would lose the key '__proto__'.
const tokensOf = (effects: readonly Decided[]): Receipt['tokens'] =>
  Object.fromEntries(
    effects.flatMap((effect) => (effect.op === 'lease' && effect.issued === true ? [[effect.key, effect.token]] : [])),
  );

/** The receipt of a commit. */
export function receiptOf(record: CommitRecord, replayed: boolean, durability: Durability): Receipt {
  const { seq, events, commit, epoch, at, effects } = record;
  const lastSeq = seq + events - 1;
  const tokens = effects === undefined ? none : tokensOf(effects);
  return { firstSeq: seq, lastSeq, commit, position: positionOf(lastSeq), epoch, at, replayed, tokens, durability };
}
