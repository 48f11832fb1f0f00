/** What the answers of scripts are called in errors. */
import {
  BackendUnavailableError,
  BarrierBrokenError,
  BusyError,
  LimitImpossibleError,
  SpecConflictError,
} from '../../lib/errors.ts';
import { span } from '../../lib/gates/describe.ts';
import type { GateCore } from '../../lib/gates/port.ts';
import { titleOf } from '../../lib/gates/spec.ts';
import { describedBy } from './protocol.ts';

/** @param opensIn Microseconds, -1: not by time. */
export function busy(gate: GateCore, waiting: number, opensIn: number): BusyError {
  const opens = opensIn > 0 ? `opens in ${span(opensIn / 1000)}` : '';
  const others = waiting > 0 ? `${waiting} waiting` : '';
  const why = [opens, others].filter(Boolean).join('; ') || 'somebody holds it';
  return new BusyError(`${titleOf(gate)} is not free: ${why}.`, { details: { gate: titleOf(gate), waiting } });
}

export function impossible(gate: GateCore, cost: number, capacity: number): LimitImpossibleError {
  return new LimitImpossibleError(`${cost} of ${titleOf(gate)} can never be had at once: it has ${capacity}.`, {
    hint: `Ask for at most ${capacity}, or raise its limit.`,
    details: { gate: titleOf(gate), cost, capacity },
  });
}

/** @param there The terms that are in use, as `protocol.ts` writes them. */
export function otherSpec(gate: GateCore, there: string): SpecConflictError {
  const spec = describedBy(there);
  return new SpecConflictError(
    `'${gate.spec.name}' is in use as ${JSON.stringify(spec)}, by this process or another, and was now asked for as ${JSON.stringify(gate.spec)}.`,
    {
      hint: 'Share one description, or change the live gate with its change().',
      details: { name: gate.spec.name, there: spec, asked: gate.spec },
    },
  );
}

/** Why a barrier broke, as `lua/barrier.ts` says it. */
export function broken(gate: GateCore, code: string, note: string): BarrierBrokenError {
  const { spec } = gate;
  const [arrived = '', parties = ''] = note.split(' ');
  const reasons: Readonly<Record<string, string>> = {
    left: `${note} left`,
    silent: `${note} no longer answers`,
    late: `only ${arrived} of ${parties} arrived in ${span('timeout' in spec ? spec.timeout : 0)}`,
    'data-loss': 'Redis has lost those who waited at it',
  };
  const reason = reasons[code] ?? code;
  return new BarrierBrokenError(`The barrier ${titleOf(gate)} is broken: ${reason}.`, {
    details: { gate: titleOf(gate), reason },
  });
}

export function unavailable(
  what: string,
  outcome: 'not-applied' | 'unknown',
  cause: unknown,
  patience: number,
): BackendUnavailableError {
  const long = patience < Infinity ? ` for ${span(patience)}` : '';
  return new BackendUnavailableError(`Redis could not be reached${long} for ${what}.`, {
    hint: "Look after the server, or let requests wait for it: redisBackend({ onUnavailable: 'wait' }).",
    details: { outcome },
    cause,
  });
}
