/** What the laws of the contract are written with. */
import type { Observable, Subscription } from 'rxjs';
import type { AcquireOptions, Gate, Grant } from '../../gates/gate.ts';
import type { GateState } from '../../gates/state.ts';
import type { GateSpec } from '../../gates/spec.ts';
import { deepEqual } from '../deepEqual.ts';
import { show } from '../show.ts';

/** A backend under test: fresh for each case, with gates that nobody has used. */
export interface GateLab {
  /** The live gate of a description. */
  open(spec: GateSpec): Gate;
  /** Lets time pass, on whatever clock this place goes by. */
  advance(ms: number): Promise<void>;
  /** Resolves when everything that was asked or given back so far has had its effect, no time passing. */
  idle(): Promise<void>;
  /** Milliseconds since 1970, as this place sees them. */
  wall(): number | Promise<number>;
  /** How long the windows, leases and pauses of the cases are, in milliseconds. */
  readonly unit: number;
  /** What was reported because nobody could receive it. */
  readonly reported: readonly unknown[];
  close(): Promise<void>;
}

export type Law = (lab: GateLab) => Promise<void> | void;
export type Laws = Readonly<Record<string, Law>>;

/** Throws with both values when they differ. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (!deepEqual(actual, expected)) throw new Error(`${what}: expected ${show(expected)}, got ${show(actual)}.`);
}

/** For subscriptions that nothing should go wrong with: reported as unhandled, so that the runner sees it. */
export function unexpected(error: unknown): never {
  throw error;
}

/** Somebody who asked for a gate, and what became of it. */
export interface Asked {
  /** `waiting`, then `held` or `spent`; the code of an error; `left`. */
  readonly fate: string;
  readonly grant: Grant;
  readonly error: unknown;
  leave(): void;
}

/** Subscribes to an acquisition and keeps its answers. */
export function follow(acquisition: Observable<Grant>): Asked {
  let fate = 'waiting';
  let grant: Grant | null = null;
  let error: unknown = null;
  const subscription: Subscription = acquisition.subscribe({
    next: (given) => {
      if (grant !== null) fate = 'granted twice';
      else fate = 'held';
      grant = given;
    },
    error: (reason: unknown) => {
      error = reason;
      fate = (reason as { code?: string }).code ?? show(reason);
    },
    complete: () => {
      fate = fate === 'held' ? 'spent' : `completed while ${fate}`;
    },
  });
  return {
    get fate() {
      return fate;
    },
    get grant() {
      if (grant === null) throw new Error(`There is no grant: ${fate}.`);
      return grant;
    },
    get error() {
      return error;
    },
    leave() {
      if (fate === 'waiting' || fate === 'held') fate = 'left';
      subscription.unsubscribe();
    },
  };
}

export const ask = (gate: Gate, options?: AcquireOptions): Asked => follow(gate.acquire(options));

/** Several who ask one after the other, each answered as far as possible before the next. */
export async function line(
  lab: GateLab,
  gate: Gate,
  ...options: readonly (AcquireOptions | undefined)[]
): Promise<Asked[]> {
  const all: Asked[] = [];
  for (const one of options) {
    all.push(ask(gate, one));
    await lab.idle();
  }
  return all;
}

export const fates = (all: readonly Asked[]): string[] => all.map(({ fate }) => fate);

/** Waits for the effect of all that was done, and compares. */
export async function expectFates(
  lab: GateLab,
  all: readonly Asked[],
  expected: readonly string[],
  what: string,
): Promise<void> {
  await lab.idle();
  expectEqual(fates(all), expected, what);
}

export async function stateOf(gate: Gate, key?: string): Promise<GateState> {
  return gate.inspect(key);
}
