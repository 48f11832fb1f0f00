/** Histories as plain data, and what a model says about them. */
import { milliseconds, type Duration } from '../../time/duration.ts';

/** Nanoseconds of one clock that all processes share, as `process.hrtime.bigint()` counts them on one host. */
export type Time = number | bigint;

/** Something that a process asked for, and what it heard. */
export interface Operation<Op = unknown, Result = unknown> {
  /** Who asked. A label: one process may have several operations under way. */
  readonly process: string | number;
  /** Each gate is judged by itself. Default: all operations are on the same one. */
  readonly gate?: string;
  readonly op: Op;
  readonly call: Time;
  /** When it was first known to wait in the queue; after `call`. Only where a model says that it looks at it. */
  readonly queued?: Time;
  /** `null`: the outcome was never heard of, so it took effect at any later time, or never does. */
  readonly return: Time | null;
  /** Left out: nobody heard it. */
  readonly result?: Result;
}

/** An operation as a model sees it: it takes effect at one moment from `from` to `to`, in nanoseconds since the history began. */
export interface Step<Op, Result> {
  readonly op: Op;
  /** `undefined`: nobody heard it. */
  readonly result: Result | undefined;
  readonly from: number;
  /** `Infinity`: the outcome was never heard of. */
  readonly to: number;
}

/** What an object does when nothing happens at the same time. Pure, over plain data. */
export interface SequentialModel<State, Op, Result> {
  readonly initial: State;
  /**
   * All states in which it can be after this operation with this result; none: it cannot give it. An operation of which
   * nobody heard may also never happen: that is no state to list here.
   */
  step(state: State, step: Step<Op, Result>): readonly State[];
  /** A text for a state. Without `covers`, the same text is the same state. */
  key(state: State): string;
  /** Of two states with the same key: whether all that can follow the second can follow the first. */
  covers?(state: State, other: State): boolean;
  /** What to look for an order of, instead of the operations themselves: an operation that waits may have two moments. */
  prepare?(history: readonly Operation<Op, Result>[]): readonly Operation<Op, Result>[];
}

/**
 * A step of a model with a clock: it happens as early as the order allows, and not at all if that is too late. Early moments
 * suffice where time only ever forbids that something comes too soon: what fits later fits then.
 */
export const earliest =
  <State extends { readonly now: number }, Op, Result>(
    step: SequentialModel<State, Op, Result>['step'],
  ): SequentialModel<State, Op, Result>['step'] =>
  (state, request) =>
    step({ ...state, now: Math.max(state.now, request.from) }, request).filter(({ now }) => now <= request.to);

/** Nanoseconds of a duration, for models. */
export const nanoseconds = (value: Duration, option: string, bounds?: { zero?: boolean; infinite?: boolean }): number =>
  milliseconds(value, option, bounds) * 1e6;
