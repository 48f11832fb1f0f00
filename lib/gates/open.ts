import type { Observable } from 'rxjs';
import { acquire } from './acquire.ts';
import { Door } from './door.ts';
import type { AcquireOptions, Gate, GateRef, Grant } from './gate.ts';
import { currentHost, type GateHost, hostKey } from './host.ts';
import type { GateState, MaybePromise } from './port.ts';
import type { GateSpec, SpecPatch } from './spec.ts';

/** The live gate of a description or name in these gates, by default those of the current coordinator. */
export function open(gate: GateSpec | string, host: GateHost = currentHost()): Gate {
  return new LiveGate(host, host.core(gate).spec);
}

class LiveGate implements Gate {
  readonly [hostKey]: GateHost;
  readonly spec: GateSpec;
  readonly #door: Door;

  constructor(host: GateHost, spec: GateSpec) {
    this[hostKey] = host;
    this.spec = spec;
    this.#door = new Door(spec, undefined);
  }

  get name(): string {
    return this.spec.name;
  }

  acquire(options?: AcquireOptions): Observable<Grant> {
    return acquire(this, options);
  }

  change(patch: SpecPatch): MaybePromise<void> {
    return this.#door.open(this[hostKey]).change(patch);
  }

  pauseUntil(time: Date | number): MaybePromise<void> {
    return this.change({ pauseUntil: time });
  }

  force(fence: number | 'all', reason: string): MaybePromise<number> {
    return this.#door.open(this[hostKey]).force(fence, reason);
  }

  inspect(key?: string): MaybePromise<GateState> {
    return new Door(this as GateRef, key).open(this[hostKey]).inspect();
  }
}
