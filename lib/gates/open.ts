import type { Observable } from 'rxjs';
import { acquire } from './acquire.ts';
import type { AcquireOptions, Gate, Grant } from './gate.ts';
import { currentHost, type GateHost, hostKey } from './host.ts';
import type { GateCore } from './port.ts';
import type { GateState, MaybePromise } from './state.ts';
import type { GateSpec, SpecPatch } from './spec.ts';

/** The live gate of a description or name in these gates, by default those of the current coordinator. */
export function open(gate: GateSpec | string, host: GateHost = currentHost()): Gate {
  return new LiveGate(host, host.core(gate).spec);
}

class LiveGate implements Gate {
  readonly [hostKey]: GateHost;
  readonly spec: GateSpec;

  constructor(host: GateHost, spec: GateSpec) {
    this[hostKey] = host;
    this.spec = spec;
  }

  get name(): string {
    return this.spec.name;
  }

  /** Asked for each time, since a gate at rest may have been forgotten. */
  private core(key?: string): GateCore {
    return this[hostKey].core(this.spec, key);
  }

  acquire(options?: AcquireOptions): Observable<Grant> {
    return acquire(this, options);
  }

  change(patch: SpecPatch): MaybePromise<void> {
    return this.core().change(patch);
  }

  pauseUntil(time: Date | number): MaybePromise<void> {
    return this.change({ pauseUntil: time });
  }

  force(fence: number | 'all', reason: string): MaybePromise<number> {
    return this.core().force(fence, reason);
  }

  inspect(key?: string): MaybePromise<GateState> {
    return this.core(key).inspect();
  }
}
