import {
  acquire,
  createCoordinator,
  inspect,
  within,
  type AcquireOptions,
  type CoordinationError,
  type Coordinator,
  type CoordinatorOptions,
  type Gate,
  type GateActivity,
  type GateRef,
  type GateSpec,
  type GateState,
} from 'rxbaton';
import { virtualTime, type VirtualTime } from '../../lib/testing/index.ts';
import { follow, type Asked } from '../../lib/testing/contract/lab.ts';

/** A coordinator on a virtual clock, and short words for what specs of gates say again and again. */
export interface GateWorld {
  readonly clock: VirtualTime;
  readonly coordinator: Coordinator;
  /** Errors that nobody else received. */
  readonly problems: readonly CoordinationError[];
  open(gate: GateSpec | string): Gate;
  /** Runs `fn` so that names and descriptions mean this coordinator. */
  within<T>(fn: () => T): T;
  /** Asks, and keeps the answer. */
  ask(gate: GateRef, options?: AcquireOptions): Asked;
  /** A gate as it is now. */
  state(gate: GateRef, key?: string): GateState;
  /** What is said at `rxbaton.gate.*` from now on. */
  activity(): readonly GateActivity[];
}

export function gateWorld({ epoch = 0, ...options }: CoordinatorOptions & { readonly epoch?: number } = {}): GateWorld {
  const clock = virtualTime({ epoch });
  const problems: CoordinationError[] = [];
  const coordinator = createCoordinator({
    clock,
    onError: (error) => problems.push(error as CoordinationError),
    ...options,
  });
  return {
    clock,
    coordinator,
    problems,
    open: (gate) => coordinator.open(gate),
    within: (fn) => within(coordinator, fn),
    ask: (gate, wishes) => within(coordinator, () => follow(acquire(gate, wishes))),
    state: (gate, key) => within(coordinator, () => inspect(gate, key)) as GateState,
    activity: () => {
      const seen: GateActivity[] = [];
      coordinator.when('rxbaton.gate.*', (data) => seen.push(data));
      return seen;
    },
  };
}

/** The error that a function throws, or a promise rejects with. */
export async function errorOf(fails: Promise<unknown> | (() => unknown)): Promise<CoordinationError> {
  try {
    await (typeof fails === 'function' ? fails() : fails);
  } catch (error) {
    return error as CoordinationError;
  }
  throw new Error('Nothing went wrong.');
}
