import { dancingList } from './dancingList.ts';
import { memory } from './memory.ts';
import type { Operation, SequentialModel } from './sequential.ts';
import { timeline } from './timeline.ts';

/** A way to explain a history up to the answer that cannot be explained. */
export interface DeadEnd<State, Op, Result> {
  /** What took effect, in this order. */
  readonly order: readonly Operation<Op, Result>[];
  /** The state after it. */
  readonly state: State;
}

/** Whether an order explains a history. Operations are as the model has prepared them. */
export type Linearization<State, Op, Result> =
  | { readonly linearizable: true; readonly order: readonly Operation<Op, Result>[] }
  | {
      readonly linearizable: false;
      /** The first to return of which no order explains the answer together with all answers before it. */
      readonly misfit: Operation<Op, Result>;
      /** How many returned before: these do fit. */
      readonly fits: number;
      /** How to explain these, in up to five ways with different states. */
      readonly deadEnds: readonly DeadEnd<State, Op, Result>[];
    };

/** A state that the search has reached, and how far the ways on from there have been tried. */
interface Level<State> {
  readonly state: State;
  /** The calls that can take effect next, as places in the timeline, and how many of them have been tried. */
  readonly calls: readonly number[];
  turn: number;
  /** The states that the last of these can lead to, and how many of them have been tried. */
  outcomes: readonly State[];
  tried: number;
}

const shown = 5;

/**
 * Looks for an order of the operations on one object that its model allows, where each takes effect at one moment between its
 * call and its return. Those without a return take effect at any time after the call, or never.
 *
 * This is the search of Wing and Gong with the memory of Lowe: operations take effect in the order of their returns, those
 * without one last, until the next thing on the timeline is the return of one that has not; then it goes back and tries
 * another order. The same operations with the same state after them are never looked at twice.
 *
 * @throws ConfigError when an operation returned before its call, or times are of two kinds.
 */
export function linearize<State, Op, Result>(
  model: SequentialModel<State, Op, Result>,
  history: readonly Operation<Op, Result>[],
): Linearization<State, Op, Result> {
  const marks = timeline(model.prepare?.(history) ?? history);
  const returns = new Map(marks.flatMap((mark, place) => (mark.returns ? [[mark.step, place]] : [])));
  const open = marks.map(({ step }) => !returns.has(step));
  const endOf = (call: number): number => returns.get(marks[call]!.step) ?? marks.length;
  const list = dancingList(marks.length);
  const known = memory(model, open);
  const path: Level<State>[] = [];
  let unanswered = returns.size;
  let furthest = -1;
  let deadEnds = new Map<string, DeadEnd<State, Op, Result>>();

  const callOf = ({ calls, turn }: Level<State>): number => calls[turn - 1]!;
  const order = (): Operation<Op, Result>[] => path.slice(0, -1).map((level) => marks[callOf(level)]!.operation);

  function enter(state: State): void {
    const calls: number[] = [];
    let place = list.after(list.start);
    for (; unanswered > 0 && !marks[place]!.returns; place = list.after(place)) calls.push(place);
    calls.sort((a, b) => endOf(a) - endOf(b));
    path.push({ state, calls, turn: 0, outcomes: [], tried: 0 });
    if (unanswered > 0) stopAt(place, state);
  }

  /** Whether something else can take effect here, and does. */
  function goOn(level: Level<State>): boolean {
    for (;;) {
      while (level.tried < level.outcomes.length) {
        const state = level.outcomes[level.tried++]!;
        const call = callOf(level);
        known.flip(call);
        if (known.isNew(state)) {
          takeOut(call);
          enter(state);
          return true;
        }
        known.flip(call);
      }
      if (level.turn === level.calls.length) return false;
      level.outcomes = model.step(level.state, marks[level.calls[level.turn++]!]!.step);
      level.tried = 0;
    }
  }

  /** This far it goes, if nobody who comes before this return can take effect. */
  function stopAt(place: number, state: State): void {
    if (place > furthest) deadEnds = new Map();
    furthest = Math.max(furthest, place);
    if (place < furthest || deadEnds.size === shown) return;
    const key = model.key(state);
    if (!deadEnds.has(key)) deadEnds.set(key, { order: order(), state });
  }

  function takeOut(call: number): void {
    const end = returns.get(marks[call]!.step);
    list.takeOut(call);
    if (end === undefined) return;
    list.takeOut(end);
    unanswered--;
  }

  function giveBack(call: number): void {
    const end = returns.get(marks[call]!.step);
    known.flip(call);
    if (end !== undefined) {
      list.putBack(end);
      unanswered++;
    }
    list.putBack(call);
  }

  enter(model.initial);
  while (unanswered > 0) {
    if (goOn(path.at(-1)!)) continue;
    path.pop();
    if (path.length === 0) {
      const fits = marks.slice(0, furthest).filter((mark) => mark.returns).length;
      return { linearizable: false, misfit: marks[furthest]!.operation, fits, deadEnds: [...deadEnds.values()] };
    }
    giveBack(callOf(path.at(-1)!));
  }
  return { linearizable: true, order: order() };
}
