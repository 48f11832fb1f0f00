/**
 * Places for gates with one fault each. A contract that one of them passes does not say what it means to say.
 */
import { DeadlockError } from '../../lib/errors.ts';
import { memoryBackend } from '../../lib/gates/memoryBackend.ts';
import { type Ask, type GateBackend, QUEUED, RESERVED, type Ticket } from '../../lib/gates/port.ts';
import type { Policy } from '../../lib/gates/policies/policy.ts';
import type { GateSpec } from '../../lib/gates/spec.ts';
import { Turnstile } from '../../lib/gates/turnstile.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A gate as a fault sees it. */
interface Victim extends Omit<Writable<Turnstile>, 'policy'> {
  policy: Writable<Policy>;
}

/** Gates in memory, each spoilt when it is first opened. */
function spoilt(spoil: (gate: Victim) => void): GateBackend {
  const backend = memoryBackend();
  const done = new WeakSet();
  const open: GateBackend['open'] = (...which) => {
    const gate = backend.open(...which);
    if (!done.has(gate)) spoil(gate as unknown as Victim);
    done.add(gate);
    return gate;
  };
  return { ...backend, open };
}

/** Gates that hear something else than what they are asked. */
const misheard = (hear: (ask: Ask) => Ask): GateBackend =>
  spoilt((gate) => {
    gate.enter = (waiter) => {
      (waiter as Writable<typeof waiter>).ask = hear(waiter.ask);
      Turnstile.prototype.enter.call(gate, waiter);
    };
  });

/** Gates that cancel some requests in their own way; `false`: as they should. */
const miscancelled = (cancel: (gate: Victim, ticket: Ticket) => boolean): GateBackend =>
  spoilt((gate) => {
    gate.cancel = (ticket) => {
      if (!cancel(gate, ticket)) Turnstile.prototype.cancel.call(gate, ticket);
    };
  });

let rank = -4096;

/** Each fault, the case that has to catch it, and the place. */
export const saboteurs: readonly (readonly [fault: string, caughtBy: RegExp, make: () => GateBackend])[] = [
  ['lets everybody in', /^mutex: lets one in/, () => spoilt((gate) => (gate.policy.opensAt = () => -Infinity))],
  [
    'lets those wait who wait for themselves',
    /^deadlock: two who want/,
    () => {
      const backend = memoryBackend();
      return { ...backend, open: (spec, key, env) => backend.open(spec, key, Object.assign(env, { deadlock: 'off' })) };
    },
  ],
  [
    'takes everybody who waits for stuck',
    /^deadlock: no alarm where somebody waits/,
    () =>
      spoilt((gate) => {
        gate.enter = (waiter) => {
          Turnstile.prototype.enter.call(gate, waiter);
          const { ticket } = waiter;
          if (ticket?.state !== QUEUED || waiter.frame?.parent == null) return;
          gate.line.remove(ticket);
          gate.refuse(ticket, new DeadlockError('It waits.'));
        };
      }),
  ],
  [
    'grants twice',
    /^mutex: lets one in/,
    () =>
      spoilt((gate) => {
        gate.enter = (waiter) => {
          const { granted } = waiter;
          waiter.granted = function (ticket) {
            granted.call(this, ticket);
            granted.call(this, ticket);
          };
          Turnstile.prototype.enter.call(gate, waiter);
        };
      }),
  ],
  [
    'forgets a waiter',
    /^mutex: lets one in/,
    () =>
      spoilt((gate) => {
        let count = 0;
        gate.enter = (waiter) => {
          if (++count !== 3) Turnstile.prototype.enter.call(gate, waiter);
        };
      }),
  ],
  ['lets the last in first', /^mutex: lets one in/, () => misheard((ask) => ({ ...ask, priority: rank++ }))],
  ['knows no priorities', /^mutex: serves higher priorities/, () => misheard((ask) => ({ ...ask, priority: 0 }))],
  ['takes every request for one', /^lease: a heavy request/, () => misheard((ask) => ({ ...ask, cost: 1 }))],
  ['lets a try wait', /^mutex: lets a try in/, () => misheard((ask) => ({ ...ask, timeout: Infinity }))],
  [
    'lets the light pass the heavy',
    /^lease: a heavy request/,
    () =>
      spoilt((gate) => {
        gate.enter = (waiter) => {
          const { head } = gate.line;
          if (gate.policy.opensAt(waiter.ask.cost, 0, 1) <= 0) gate.line.head = null;
          Turnstile.prototype.enter.call(gate, waiter);
          gate.line.head ??= head;
        };
      }),
  ],
  [
    "releases somebody else's",
    /^mutex: forgets who unsubscribes/,
    () =>
      miscancelled((gate, ticket) => {
        if (ticket.state === QUEUED && gate.held) gate.release(gate.held);
        return false;
      }),
  ],
  [
    'keeps the place of who has left',
    /^mutex: forgets who unsubscribes/,
    () => miscancelled((_, { state }) => state === QUEUED),
  ],
  [
    'loses the race of a grant and a cancel',
    /^synchronous: who leaves between/,
    () => miscancelled((_, { state }) => state === RESERVED),
  ],
  ['keeps what is given back', /^mutex: lets one in/, () => spoilt((gate) => (gate.release = () => undefined))],
  [
    'frees twice what is given back twice',
    /^lease: enter hands/,
    () =>
      spoilt((gate) => {
        gate.release = (ticket) => {
          Turnstile.prototype.release.call(gate, ticket);
          gate.policy.give(ticket.waiter.ask.cost, ticket.mark, 0);
          gate.turn();
        };
      }),
  ],
  [
    'hands over in another job',
    /^synchronous: a free gate/,
    () =>
      spoilt((gate) => {
        gate.turn = () => {
          queueMicrotask(() => Turnstile.prototype.turn.call(gate));
        };
      }),
  ],
  [
    'gives every fence again',
    /^lease: fences rise/,
    () =>
      spoilt((gate) => {
        gate.enter = (waiter) => {
          gate.env.fence = 0;
          Turnstile.prototype.enter.call(gate, waiter);
        };
      }),
  ],
  ['never lets a lease lapse', /^lease: a lease without renewal/, () => spoilt((gate) => (gate.lapses = false))],
  ['does not extend', /^lease: extend/, () => spoilt((gate) => (gate.extend = () => true))],
  ['lets nobody be forced', /^lease: force/, () => spoilt((gate) => (gate.force = () => 0))],
  ['charges nothing', /^quota: a charge settles/, () => spoilt((gate) => (gate.charge = () => undefined))],
  [
    'breaks no barrier when a party leaves',
    /^barrier: a barrier breaks when/,
    () => spoilt((gate) => (gate.settings = { ...gate.settings, onLeave: 'forget' } as GateSpec)),
  ],
  [
    'changes nothing',
    /^mutex: lets nobody in during a pause|^lease: more permits/,
    () => spoilt((gate) => (gate.change = () => undefined)),
  ],
  [
    'knows no keys',
    /^mutex: keeps keys apart/,
    () => ({ ...memoryBackend(), open: (spec, _key, env) => memoryBackend().open(spec, undefined, env) }),
  ],
  [
    'takes only one of several',
    /^joint: several gates/,
    () => ({ ...memoryBackend(), openAll: (shares) => shares[0]?.core ?? null }),
  ],
];
