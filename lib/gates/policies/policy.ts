import type { Clock } from '../../internal/env.ts';
import type { GateSpec } from '../spec.ts';

/** Fractions of cost add up to a little more or less than they should. */
export const rounding = 1e-9;

/**
 * The whole difference between one gate and another: when may the head of the queue enter, and what is the account
 * afterwards? The turnstile owns all the rest. One object for each gate: its settings and its account.
 */
export interface Policy {
  /** Whether time alone can open it, so that the turnstile must read the clock before it asks. */
  readonly timed: boolean;
  /** Whether an entry is held until it is given back; else it is a token, spent at once. */
  readonly lease: boolean;
  /** The most that one request can ever get. */
  readonly capacity: number;
  /**
   * The earliest time at which a request of this cost may enter, given how many wait (itself included). At or before `now`:
   * at once. `Infinity`: not before somebody leaves or arrives. Changes nothing that can be seen.
   */
  opensAt(cost: number, now: number, waiting: number): number;
  /** Books an entry; returns the mark by which the account finds it again. */
  take(cost: number, now: number): number;
  /** The lease of an entry is over. */
  give(cost: number, mark: number, now: number): void;
  /** The entry was booked but never told to anybody. */
  undo(cost: number, mark: number): void;
  /** The entry has just been told to its waiter. Only where the time of that matters to the account. */
  dispatched?(mark: number, now: number): void;
  /** What a reservation really cost. */
  charge?(cost: number, mark: number, actual: number): void;
  /** Units that could be taken now. */
  available(now: number): number;
  /** Whether the account is as if nobody had ever come. */
  fresh(now: number): boolean;
  /** The account as one number, for keys nobody uses at the moment; `load` takes it back. */
  readonly packed?: number | undefined;
  load?(packed: number): void;
  /** Takes new settings. */
  change(settings: Settings, now: number): void;
}

/** The settings that can change: the spec with a patch applied. */
export type Settings = GateSpec;

export type MakePolicy = (spec: GateSpec, clock: Clock & { wall(): number }) => Policy;
