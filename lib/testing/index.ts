export { marbles } from './marbles.ts';
export type { MarblesHelpers, MarblesOptions } from './marbles.ts';
export { heldOf, queueOf } from './models/state.ts';
export type { OracleAnswer, OracleOutcome, OracleState } from './models/state.ts';
export { consult, oracle } from './oracle.ts';
export type { OracleCommand } from './oracle.ts';
export { virtualTime } from './virtualTime.ts';
export type { VirtualTime, VirtualTimeOptions } from './virtualTime.ts';
