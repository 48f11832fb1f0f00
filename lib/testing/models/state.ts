/** What the oracle knows, as plain data, and how to read it. */
import type { GateSpec } from '../../gates/spec.ts';
import type { Entry, History } from './model.ts';

export interface Waiting {
  readonly id: string;
  readonly gates: readonly string[];
  readonly cost: number;
  readonly priority: number;
}

export interface GateRecord {
  readonly history: History;
  readonly pausedUntil: number;
  /** Barriers: when the first of those who wait arrived; `null` while nobody waits. */
  readonly since: number | null;
}

/** Everything the oracle knows: plain data, never changed. */
export interface OracleState {
  readonly now: number;
  readonly gates: Readonly<Record<string, GateRecord>>;
  /** In order of arrival. */
  readonly waiting: readonly Waiting[];
}

/** What came of a command. `index`: how many went through the barrier in the same generation before. */
export type OracleOutcome =
  | { readonly id: string; readonly at: number; readonly outcome: 'granted'; readonly index: number }
  | {
      readonly id: string;
      readonly at: number;
      readonly outcome: 'refused';
      readonly reason: 'impossible' | 'busy' | 'broken';
    }
  | { readonly id: string; readonly at: number; readonly outcome: 'lost'; readonly reason: 'expired' | 'forced' };

export interface OracleAnswer {
  readonly state: OracleState;
  /** In the order in which it happened. */
  readonly outcomes: readonly OracleOutcome[];
}

export function recordOf({ gates }: OracleState, gate: string): GateRecord {
  const found = gates[gate];
  if (!found) throw new Error(`The oracle has no gate '${gate}'.`);
  return found;
}

/** The settings of now. */
export function specOf({ history }: GateRecord): GateSpec {
  const setting = history.findLast((item) => item.what === 'setting');
  if (!setting) throw new Error('A gate without settings.');
  return setting.spec;
}

/** Those who wait at a gate, in the order in which they will be served. */
export function queueOf({ waiting }: OracleState, gate: string): readonly Waiting[] {
  return waiting.filter(({ gates }) => gates.includes(gate)).sort((a, b) => b.priority - a.priority);
}

/** What is held of a gate, in the order in which it was granted. */
export function heldOf(state: OracleState, gate: string): readonly Entry[] {
  return recordOf(state, gate).history.filter((item) => item.what === 'entry' && item.end === null) as readonly Entry[];
}

export function withRecord(state: OracleState, gate: string, change: Partial<GateRecord>): OracleState {
  return { ...state, gates: { ...state.gates, [gate]: { ...recordOf(state, gate), ...change } } };
}

/** One step after the other, all outcomes in their order. */
export function inTurn(state: OracleState, ...steps: readonly ((state: OracleState) => OracleAnswer)[]): OracleAnswer {
  return steps.reduce<OracleAnswer>(
    (before, step) => {
      const after = step(before.state);
      return { state: after.state, outcomes: [...before.outcomes, ...after.outcomes] };
    },
    { state, outcomes: [] },
  );
}
