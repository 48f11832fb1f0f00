/**
 * What the oracle knows of one gate: its settings and who entered, as a history in which nothing is ever summed up. Every
 * answer is worked out from the whole history. That is slow, and leaves nothing that could be updated wrongly.
 */
import type { GateSpec } from '../../gates/spec.ts';

/** Somebody was let in. */
export interface Entry {
  readonly what: 'entry';
  readonly id: string;
  readonly at: number;
  readonly cost: number;
  /** When the lease lapses by itself; `null`: never. */
  readonly until: number | null;
  /** When it was given back or lost; `null`: it is held. */
  readonly end: number | null;
  /** Quotas: what it really cost; `null`: what was reserved. */
  readonly charged: number | null;
}

/** From here on the gate has these settings. */
export interface Setting<S extends GateSpec = GateSpec> {
  readonly what: 'setting';
  readonly at: number;
  readonly spec: S;
}

export type History<S extends GateSpec = GateSpec> = readonly (Entry | Setting<S>)[];

/** What one kind of gate decides. Pure: a history, a request and a moment in, the answer out. */
export interface Model<S extends GateSpec> {
  /** The most that one request can ever be given. */
  capacity(spec: S): number;
  /** Whether the head of the queue may enter. */
  admits(history: History<S>, spec: S, cost: number, now: number): boolean;
  /** The later moments at which time alone may turn the answer. */
  moments(history: History<S>, spec: S, cost: number, now: number): readonly number[];
}

export const entriesOf = (history: History): readonly Entry[] => history.filter((item) => item.what === 'entry');

/** Moments are sums of fractions; what is this close to whole is whole. */
export const tolerance = 1e-6;
