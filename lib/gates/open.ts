import type { Observable } from 'rxjs';
import { acquire } from './acquire.ts';
import { expected } from '../internal/options.ts';
import type { AcquireOptions, Gate, Grant } from './gate.ts';
import { currentHost, type GateHost, hostKey } from './host.ts';
import type { GateCore } from './port.ts';
import type { GateState, MaybePromise } from './state.ts';
import { type GateSpec, type SpecPatch, unitOf } from './spec.ts';

/** The live gate of a description or name in these gates, by default those of the current coordinator. */
export function open(gate: GateSpec | string, host: GateHost = currentHost()): Gate {
  if (typeof gate === 'object' && (gate as { kind?: string } | null)?.kind === 'all') {
    expected('open()', 'given one gate: open the members of an allOf one by one', gate);
  }
  const { spec } = host.core(gate);
  // Which way into a lock was meant is not the lock's to remember.
  const meant = typeof gate === 'string' ? spec : gate;
  return new LiveGate(host, unitOf(meant) === 1 ? spec : meant);
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
    if (fence !== 'all' && typeof fence !== 'number')
      expected(`${this.name}: the fence of force()`, "a number or 'all'", fence);
    if (typeof reason !== 'string' || reason === '')
      expected(`${this.name}: the reason of force()`, 'a non-empty string', reason);
    return this.core().force(fence, reason);
  }

  inspect(key?: string): MaybePromise<GateState> {
    return this.core(key).inspect();
  }
}
