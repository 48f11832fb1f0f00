import { ConfigError } from '../errors.ts';
import type { AcquireOptions, AllOf, GateRef } from './gate.ts';
import type { BackendEnv, GateBackend, GateCore } from './port.ts';

/** What is different where several gates are asked for as one. */
export interface Joining {
  /** Refuses the options that each member has for itself. */
  check(options: AcquireOptions, caller: string): void;
  /** Where they all live, if a live gate among them knows. */
  home<Home>(all: AllOf, homeOf: (gate: GateRef) => Home | null, caller: string): Home | null;
  /** The live core of all of them. */
  core(all: AllOf, gates: Gates): GateCore;
  /** The same, in the memory of this process. */
  inMemory(shares: Shares, env: BackendEnv): GateCore;
}

/** The gates of one coordinator, as far as that needs them. */
export interface Gates {
  readonly env: BackendEnv;
  readonly backend: GateBackend;
  core(ref: GateRef, key?: string): GateCore;
}

/** Several gates, and how much is wanted of each. */
export type Shares = readonly { readonly core: GateCore; readonly cost: number }[];

let taught: Joining | null = null;

/** Whoever describes several gates as one says how they are taken, so that a program without `allOf` does not carry it. */
export function teachJoining(how: Joining): void {
  taught = how;
}

/** How several gates are taken as one. */
export function joining(): Joining {
  if (taught === null) throw new ConfigError('Several gates are taken together with allOf(...).');
  return taught;
}
