import { ConfigError } from '../errors.ts';
import { currentFrame, type Frame } from '../internal/context.ts';
import { show } from '../internal/options.ts';
import type { GateRef } from './gate.ts';
import { type GateHost, hostKey, hostOf } from './host.ts';
import type { GateCore } from './port.ts';

/** What names a gate, checked, with the core it led to last: resolving it again is two comparisons. */
export class Door {
  readonly ref: GateRef;
  readonly key: string | undefined;
  private host: GateHost | null = null;
  private core: GateCore | null = null;

  constructor(ref: GateRef, key: string | undefined) {
    if (typeof ref !== 'string' && (typeof ref !== 'object' || ref === null || !('kind' in ref || 'spec' in ref))) {
      throw new ConfigError(`A gate is a description, a live gate or a name, not ${show(ref)}.`, {
        hint: "For example mutex('db'), or just 'db'.",
      });
    }
    this.ref = ref;
    this.key = key;
  }

  /** The gates that it leads to from a frame. */
  hostFrom(frame: Frame | null): GateHost {
    const { ref } = this;
    return typeof ref === 'object' && hostKey in ref ? (ref[hostKey] as GateHost) : hostOf(frame);
  }

  open(host: GateHost): GateCore {
    if (host !== this.host || this.core === null || this.core.retired) {
      this.core = host.core(this.ref, this.key);
      this.host = host;
    }
    return this.core;
  }

  /** The core for the code that is running. */
  now(): GateCore {
    return this.open(this.hostFrom(currentFrame()));
  }
}
