import { currentFrame, type Frame } from '../internal/context.ts';
import { askOf } from './ask.ts';
import { Door } from './door.ts';
import type { AcquireOptions, GateRef } from './gate.ts';
import { LiveGrant } from './grant.ts';
import type { GateHost } from './host.ts';
import type { Ask } from './port.ts';
import { expected } from '../internal/options.ts';

/** A request for a gate, checked once and made any number of times. */
export class GateRequest {
  readonly ask: Ask;
  readonly door: Door;
  readonly signal: AbortSignal | undefined;
  private readonly owner: Frame | null;

  constructor(ref: GateRef, options: AcquireOptions | undefined, owner: string, more?: readonly string[]) {
    this.door = new Door(ref, options?.key);
    this.ask = askOf(options, owner, more);
    this.signal = options?.signal;
    this.owner = options?.owner === undefined ? null : LiveGrant.frame(options.owner);
    if (typeof ref === 'object' && 'kind' in ref && ref.kind === 'all' && options?.cost !== undefined) {
      expected(`${owner}.cost`, "left out for an allOf, whose members have a 'cost' each", options.cost);
    }
  }

  /** For whom it is made: the owner it names, else the code that is running. */
  parent(): Frame | null {
    return this.owner ?? currentFrame();
  }

  host(parent: Frame | null): GateHost {
    return this.door.hostFrom(parent);
  }
}
