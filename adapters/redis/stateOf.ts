import type { GateState, HolderState, WaiterState } from '../../lib/gates/state.ts';
import { type GateSpec, modeOf } from '../../lib/gates/spec.ts';
import type { Reply } from './Link.ts';

/** What `inspect` answers, as people see it. Leases and waiters are written as `lua/account.ts` says. */
export function stateOf(spec: GateSpec, key: string | undefined, renews: boolean, reply: Reply): GateState {
  const [, now, holders, waiting, available, opensIn, pausedFor, generation, limit, per, burst] = reply as readonly [
    number,
    number,
    readonly string[],
    readonly string[],
    string,
    string,
    string,
    number,
    string,
    string,
    string,
  ];
  return {
    name: spec.name,
    ...(key === undefined ? null : { key }),
    kind: spec.kind,
    spec: settingsOf(spec, Number(limit), Number(per) / 1000, Number(burst)),
    holders: holders
      .map((packed) => holderState(spec, packed, renews, now))
      .sort((a, b) => (a.fence ?? 0) - (b.fence ?? 0)),
    waiting: waiting.map((packed) => waiterState(spec, packed, now)),
    available: spec.kind === 'readWriteLock' ? Math.floor(Number(available)) : Number(available),
    opensIn: millisecondsOf(opensIn),
    pausedFor: millisecondsOf(pausedFor),
    ...(spec.kind === 'barrier' ? { generation } : null),
  };
}

/** Below 0: for ever. */
const millisecondsOf = (micros: string): number => (Number(micros) < 0 ? Infinity : Number(micros) / 1000);

/** The description with what was changed since. */
export function settingsOf(spec: GateSpec, limit: number, per: number, burst: number): GateSpec {
  switch (spec.kind) {
    case 'mutex':
    case 'readWriteLock':
      return spec;
    case 'semaphore':
      return { ...spec, permits: limit };
    case 'barrier':
      return { ...spec, parties: limit };
    case 'quota':
      return { ...spec, limit, per };
    case 'limiter':
      return { ...spec, limit, per, burst };
  }
}

function holderState(spec: GateSpec, packed: string, renews: boolean, now: number): HolderState {
  const [cost, fence, ends, since, , ...who] = packed.split(' ');
  return {
    who: who.join(' '),
    fence: Number(fence),
    cost: Number(cost),
    ...modeOf(spec, Number(cost)),
    held: Math.max(0, now - Number(since)) / 1000,
    left: renews ? Infinity : Math.max(0, Number(ends) - now) / 1000,
  };
}

function waiterState(spec: GateSpec, packed: string, now: number): WaiterState {
  const [score, cost, since, , ...who] = packed.split(' ');
  // The place in the queue begins with the priority, and the ticket is below it.
  const priority = 4095 - Math.floor(Number(score) / 2 ** 40);
  return {
    who: who.join(' '),
    cost: Number(cost),
    ...modeOf(spec, Number(cost)),
    priority,
    waited: Math.max(0, now - Number(since)) / 1000,
  };
}
