import { ConfigError } from '../errors.ts';
import type { Frame } from '../internal/context.ts';
import { frameHere } from '../internal/scope.ts';
import { expected, show } from '../internal/options.ts';
import { askOf } from './ask.ts';
import type { AcquireOptions, GateRef } from './gate.ts';
import { LiveGrant } from './grant.ts';
import { type GateHost, hostKey, hostOf } from './host.ts';
import type { Ask, GateCore } from './port.ts';

/** A request for a gate: checked once, made any number of times. It remembers the core it led to last. */
export class GateRequest {
  readonly ask: Ask;
  readonly signal: AbortSignal | undefined;
  private readonly ref: GateRef;
  private readonly key: string | undefined;
  private readonly owner: Frame | null;
  /** A live gate brings its host along. */
  private readonly home: GateHost | null;
  private host: GateHost | null = null;
  private last: GateCore | null = null;

  constructor(ref: GateRef, options: AcquireOptions | undefined, caller: string, more?: readonly string[]) {
    this.ref = ref;
    this.ask = askOf(options, caller, more);
    this.signal = options?.signal;
    this.key = options?.key;
    this.owner = options?.owner === undefined ? null : LiveGrant.frame(options.owner);
    this.home = homeOf(ref, caller);
    if (options?.cost !== undefined && typeof ref === 'object' && 'kind' in ref && ref.kind === 'all') {
      expected(`${caller}.cost`, "left out for an allOf, whose members have a 'cost' each", options.cost);
    }
  }

  /** For whom it is made: the owner it names, else the code that is running. */
  parent(): Frame | null {
    return this.owner ?? frameHere();
  }

  /** The live core, for somebody in this frame. */
  core(parent: Frame | null): GateCore {
    const host = this.home ?? hostOf(parent);
    if (host !== this.host || this.last === null || this.last.retired) {
      this.last = host.core(this.ref, this.key);
      this.host = host;
    }
    return this.last;
  }
}

function homeOf(ref: GateRef, caller: string): GateHost | null {
  if (typeof ref === 'string') return null;
  if (typeof ref === 'object' && ref !== null) {
    if ('kind' in ref) return null;
    if (hostKey in ref) return ref[hostKey] as GateHost;
  }
  throw new ConfigError(`${caller} needs a gate: a description, a live gate or a name, not ${show(ref)}.`, {
    hint: "For example mutex('db'), or just 'db'.",
  });
}
