import { linearize, type Linearization } from './linear/linearize.ts';
import type { Operation, SequentialModel, Time } from './linear/sequential.ts';
import { show } from './show.ts';

/**
 * Finds a history that no order explains: in which some answer could not have been given if every operation had taken effect
 * at one moment between its call and its return, as the model says. Each gate of the history is judged by itself. Operations
 * without a return may have taken effect at any time after their call, or never.
 *
 * It looks at all orders. Memory and time grow with how many operations are under way at once, not with the length of the
 * history; each one that never returned stays under way to the end.
 *
 * @throws Error that says up to which answer the history can be explained, how, and which answer does not fit.
 * @throws ConfigError when an operation returned before its call, or times are of two kinds.
 * @example A lock that was granted twice
 * ```ts
 * const history: Operation<LeaseOp, LeaseResult>[] = [
 *   { process: 1, op: { do: 'acquire', id: 'a' }, call: 0, return: 1e6, result: { fence: 1 } },
 *   { process: 2, op: { do: 'acquire', id: 'b' }, call: 2e6, return: 3e6, result: { fence: 2 } },
 * ];
 * linearizable(sequentialLease({ ttl: '30s' }), history); // throws: no order explains { fence: 2 }
 * ```
 */
export function linearizable<State, Op, Result>(
  model: SequentialModel<State, Op, Result>,
  history: readonly Operation<Op, Result>[],
): void {
  const gates = new Set(history.map(({ gate }) => gate));
  for (const gate of gates) {
    const operations = history.filter((operation) => operation.gate === gate);
    const found = linearize(model, operations);
    if (!found.linearizable) throw new Error(explain(gate, operations, found));
  }
}

function explain<State, Op, Result>(
  gate: string | undefined,
  history: readonly Operation[],
  { misfit, fits, deadEnds }: Extract<Linearization<State, Op, Result>, { linearizable: false }>,
): string {
  const start = history.reduce<Time>((least, { call }) => (call < least ? call : least), misfit.call);
  const line = (operation: Operation): string => tell(operation, start);
  const states = deadEnds.map(({ state }) => show(state));
  const count =
    fits === 0 ? 'not even the first answer fits' : `after ${fits} answers that fit comes one that does not`;
  return [
    `${gate === undefined ? 'The history' : `'${gate}'`} is not linearizable: ${count}:`,
    line(misfit),
    ...(deadEnds[0]?.order.length ? ['What was before can be explained by:', ...deadEnds[0].order.map(line)] : []),
    `which leaves: ${states[0] ?? 'nothing'}`,
    ...states.slice(1).map((state) => `another order: ${state}`),
  ].join('\n');
}

/** One line: who, what, the answer, and when. */
function tell({ process, op, result, call, return: end }: Operation, start: Time): string {
  const answer = result === undefined ? '' : ` -> ${show(result)}`;
  const until = end === null ? 'never heard of' : `until ${since(start, end)} ms`;
  return `  ${process}: ${show(op)}${answer}, from ${since(start, call)} ms, ${until}`;
}

const since = (start: Time, time: Time): string =>
  (Number(typeof time === 'bigint' ? time - BigInt(start) : time - Number(start)) / 1e6).toFixed(3);
