import { inspect, type GateRef, type GateState } from '../../lib/index.ts';

/** A gate in memory as it is now. */
export const stateOf = (gate: GateRef, key?: string): GateState => inspect(gate, key) as GateState;

/** What is left of a gate that everybody has left. */
export const nobody = { holders: [], waiting: [] } as const;
