import { ConfigError } from '../errors.ts';
import { type Frame, living } from '../internal/context.ts';
import { frameHere } from '../internal/scope.ts';
import { show } from '../internal/options.ts';
import { askOf, checkCost, checkReading, plainAsk } from './ask.ts';
import type { AcquireOptions, GateRef, Grant } from './gate.ts';
import { type GateHost, hostKey, hostOf } from './host.ts';
import { joining } from './joining.ts';
import { type Ask, type GateCore, Ticket } from './port.ts';
import { unitOf } from './spec.ts';

/** A request for a gate: checked once, made any number of times. It remembers the core it led to last. */
export class GateRequest {
  readonly ask: Ask;
  readonly signal: AbortSignal | undefined;
  private readonly ref: GateRef;
  private readonly key: string | undefined;
  private readonly owner: Grant | undefined;
  /** A live gate brings its host along. */
  private readonly home: GateHost | null;
  private host: GateHost | null = null;
  private last: GateCore | null = null;

  constructor(ref: GateRef, options: AcquireOptions | undefined, caller: string, more?: readonly string[]) {
    this.ref = ref;
    this.key = options?.key;
    this.owner = options?.owner;
    this.signal = options?.signal;
    this.home = homeOf(ref, caller);
    const ask = options === undefined ? plainAsk : wishesOf(ref, options, caller, more);
    const unit = unitOfRef(ref);
    this.ask = unit === 1 ? ask : { ...ask, cost: unit };
    if (unit !== 1) checkReading(ask.cost, caller);
  }

  /** For whom it is made. */
  parent(): Frame | null {
    return this.owner === undefined ? asker() : askerOf(this.owner);
  }

  /** The live core, for somebody in this frame. */
  core(parent: Frame | null): GateCore {
    const host = this.home ?? hostOf(parent);
    return host === this.host && !this.last!.retired ? this.last! : this.find(host);
  }

  private find(host: GateHost): GateCore {
    const core = host.core(this.ref, this.key);
    checkCost(core, this.ask.cost);
    this.last = core;
    this.host = host;
    return core;
  }
}

/** For whom somebody asks: the owner that is named, else the code that is running. */
export const askerOf = (owner: Grant | undefined): Frame | null =>
  owner === undefined ? asker() : living(Ticket.frameOf(owner));

function asker(): Frame | null {
  const frame = frameHere();
  return frame === null ? null : living(frame);
}

/** What somebody asks of a gate, checked. */
export const requestOf = (ref: GateRef, options: AcquireOptions | undefined, caller: string): GateRequest =>
  options === undefined ? plainRequest(ref, caller) : new GateRequest(ref, options, caller);

let lastRef: unknown = Symbol('none');
let lastRequest: GateRequest | null = null;

/** A request without wishes. Who asks again and again asks for the same gate as a rule, and gets the same request. */
function plainRequest(ref: GateRef, caller: string): GateRequest {
  if (ref !== lastRef) {
    lastRequest = new GateRequest(ref, undefined, caller);
    lastRef = ref;
  }
  return lastRequest!;
}

/** What options ask for, checked; of whom is not known yet. */
export function checked(options: AcquireOptions, caller: string, more?: readonly string[]): Ask {
  const ask = askOf(options, caller, more);
  if (options.owner !== undefined) Ticket.frameOf(options.owner);
  return ask;
}

function wishesOf(ref: GateRef, options: AcquireOptions, caller: string, more: readonly string[] | undefined): Ask {
  const ask = checked(options, caller, more);
  if (typeof ref === 'object' && 'kind' in ref && ref.kind === 'all') joining().check(options, caller);
  return ask;
}

/** What one of it costs. */
export function unitOfRef(ref: GateRef): number {
  if (typeof ref === 'string' || ('kind' in ref && ref.kind === 'all')) return 1;
  return unitOf('spec' in ref ? ref.spec : ref);
}

function homeOf(ref: GateRef, caller: string): GateHost | null {
  if (typeof ref === 'object' && ref !== null) {
    if ('kind' in ref) return ref.kind === 'all' ? joining().home(ref, (gate) => homeOf(gate, caller), caller) : null;
    if (hostKey in ref) return ref[hostKey] as GateHost;
  }
  if (typeof ref === 'string' && ref !== '') return null;
  return noGate(ref, caller);
}

function noGate(ref: unknown, caller: string): never {
  throw new ConfigError(`${caller} needs a gate: a description, a live gate or a name, not ${show(ref)}.`, {
    hint: "For example mutex('db'), or just 'db'.",
  });
}
