/** The gates of one coordinator: resolves whatever names a gate to its one live core. */
import { ConfigError, SpecConflictError } from '../errors.ts';
import { type Clock, hostClock, hostRandom, reportUnhandled } from '../internal/env.ts';
import { type Frame, nearest } from '../internal/context.ts';
import { show } from '../internal/options.ts';
import { frameHere } from '../internal/scope.ts';
import type { GateRef } from './gate.ts';
import { joining } from './joining.ts';
import { memoryBackend } from './memoryBackend.ts';
import type { BackendEnv, GateBackend, GateCore } from './port.ts';
import { mutex } from './mutex.ts';
import { gateOf, type GateSpec, sameSpec } from './spec.ts';

export interface GateHost {
  readonly env: BackendEnv;
  readonly backend: GateBackend;
  /** Whether holds are frames of the causal context, for deadlocks and `currentCall`. */
  readonly tracks: boolean;
  core(ref: GateRef, key?: string): GateCore;
  /** Pins the settings of a name. */
  define(spec: GateSpec): void;
}

/** Where a live gate keeps the host that it belongs to. */
export const hostKey: unique symbol = Symbol('host');

export interface HostOptions {
  readonly backend?: GateBackend;
  readonly clock?: Clock;
  readonly tracks?: boolean;
  readonly deadlock?: 'error' | 'report' | 'off';
  readonly random?: () => string;
  readonly report?: (error: unknown) => void;
}

/** A clock with a calendar: a virtual clock's own time is its calendar. */
export function withWall(clock: Clock): Clock & { wall(): number } {
  return clock.wall === undefined
    ? { ...clock, now: () => clock.now(), schedule: clock.schedule.bind(clock), wall: () => clock.now() }
    : (clock as Clock & { wall(): number });
}

/** Makes the gates of one coordinator. */
export function createHost(options: HostOptions = {}): GateHost {
  const { backend = memoryBackend(), clock, tracks = true, deadlock = 'error' } = options;
  const { random = () => hostRandom().toString(36).slice(2), report = reportUnhandled } = options;
  const env: BackendEnv = {
    clock: clock === undefined ? hostClock : withWall(clock),
    random,
    activity: null,
    deadlock,
    tracks,
    fence: 0,
    report,
  };
  const defined = new Map<string, GateSpec>();

  const specOf = (name: string): GateSpec => backend.find(name)?.spec ?? defined.get(name) ?? mutex(name);

  const agree = (spec: GateSpec, other: GateSpec | undefined, why: string): void => {
    if (other === undefined || sameSpec(spec, other)) return;
    throw new SpecConflictError(`'${spec.name}' is ${why} as ${show(other)}, and was now asked for as ${show(spec)}.`, {
      hint: 'Share one description, or change the live gate with its change().',
      details: { name: spec.name, there: other, asked: spec },
    });
  };

  const open = (wanted: GateSpec, key: string | undefined): GateCore => {
    const spec = gateOf(wanted);
    if (defined.size > 0) agree(spec, defined.get(spec.name), 'defined');
    const can = backend.supports(spec);
    if (can !== true) throw new ConfigError(can);
    let core = backend.open(spec, key, env);
    if (core.spec !== spec && !sameSpec(core.spec, spec)) {
      if (!backend.forget(core)) agree(spec, core.spec, 'in use');
      core = backend.open(spec, key, env);
    }
    return core;
  };

  const host: GateHost = {
    env,
    backend,
    tracks,
    core(ref, key) {
      if (typeof ref === 'string') return open(specOf(ref), key);
      if (typeof ref !== 'object' || ref === null || !('kind' in ref || 'spec' in ref)) {
        throw new ConfigError(`A gate is a description, a live gate or a name, not ${show(ref)}.`, {
          hint: "For example mutex('db'), or just 'db'.",
        });
      }
      if ('spec' in ref) return open(ref.spec, key);
      if (ref.kind === 'all') return joining().core(ref, host);
      return open(ref, key);
    },
    define(given) {
      if (typeof given !== 'object' || given === null || !('kind' in given) || typeof given.name !== 'string') {
        throw new ConfigError(`define() takes a description, not ${show(given)}.`, {
          hint: "For example mutex('db').",
        });
      }
      const spec = gateOf(given);
      agree(spec, defined.get(spec.name), 'defined');
      const live = backend.find(spec.name);
      if (live !== null && !sameSpec(live.spec, spec) && !backend.forget(live)) agree(spec, live.spec, 'in use');
      defined.set(spec.name, spec);
    },
  };
  return host;
}

let fallback: GateHost | null = null;

/** The gates of the default coordinator, made on first use. */
export function defaultHost(): GateHost {
  return (fallback ??= createHost());
}

/** Whether somebody has used the default gates. */
export const defaultHostInUse = (): boolean => fallback !== null;

/** Replaces the gates of the default coordinator; `null`: the next use makes new ones. */
export function setDefaultHost(host: GateHost | null): void {
  fallback = host;
}

/** The gates that bare names and descriptions resolve to for the work of this frame. */
export function hostOf(frame: Frame | null): GateHost {
  return frame === null ? defaultHost() : hostAbove(frame);
}

function hostAbove(frame: Frame): GateHost {
  const coordinator = nearest(frame, 'coordinator') as { readonly gates: GateHost } | null;
  return coordinator === null ? defaultHost() : coordinator.gates;
}

/** The gates of the code that is running. */
export const currentHost = (): GateHost => hostOf(frameHere());
