import type { Operation } from '../../lib/testing/linear/sequential.ts';
import type { LeaseOp, LeaseResult } from '../../lib/testing/linear/sequentialLease.ts';
import { simulation } from './simulation.ts';

/** Ways in which a place for leases can be wrong. */
export type LeaseMutant = 'owner' | 'twice' | 'queue' | 'fence' | 'early' | 'weight';

export interface LeaseWorld {
  readonly permits: number;
  readonly ttl: number;
  readonly processes: number;
  readonly rounds: number;
  /** Whether clients hear what came of their releases. */
  readonly hears: boolean;
  readonly mutant?: LeaseMutant;
}

interface Waiter {
  readonly id: string;
  readonly cost: number;
  readonly granted?: (fence: number) => void;
}

/** What processes saw of a server with leases that lapse, a queue and fences: delays, stalls, lost answers and crashes included. */
export function leaseHistory(seed: number, world: LeaseWorld): Operation<LeaseOp, LeaseResult>[] {
  const { permits, ttl, processes, rounds, hears, mutant } = world;
  const { now, random, later, at, run } = simulation(seed);
  const history: Operation<LeaseOp, LeaseResult>[] = [];
  const held = new Map<number, { readonly id: string; readonly cost: number; until: number }>();
  let queue: Waiter[] = [];
  const cancelled = new Set<string>();
  let fence = 0;

  const free = (): number => permits - [...held.values()].reduce((sum, { cost }) => sum + cost, 0);
  const fits = ({ cost }: Waiter): boolean =>
    (mutant === 'weight' ? 1 : cost) <= free() || (mutant === 'twice' && random() < 0.2);

  function grant({ id, cost, granted }: Waiter): number {
    const own = mutant === 'fence' && fence > 0 && random() < 0.3 ? fence : ++fence;
    held.set(own, { id, cost, until: now() + ttl * (mutant === 'early' ? 0.7 : 1) });
    at(held.get(own)!.until, sweep);
    granted?.(own);
    return own;
  }
  function sweep(): void {
    for (const [own, lease] of held) if (lease.until <= now()) held.delete(own);
    while (queue.length > 0) {
      const next = queue[mutant === 'queue' ? queue.length - 1 : 0]!;
      if (!fits(next)) return;
      queue = queue.filter((waiter) => waiter !== next);
      grant(next);
    }
  }
  function enter(waiter: Waiter, queued: () => void): void {
    sweep();
    if (cancelled.has(waiter.id)) return;
    queue.push(waiter);
    sweep();
    if (queue.includes(waiter)) queued();
  }
  function tryEnter(waiter: Waiter): number | null {
    sweep();
    return queue.length === 0 && fits(waiter) ? grant(waiter) : null;
  }
  function release(own: number): boolean {
    sweep();
    const target = mutant === 'owner' && !held.has(own) ? [...held.keys()][0] : own;
    const had = target !== undefined && held.delete(target);
    sweep();
    return had;
  }
  function renew(own: number): boolean {
    sweep();
    const lease = held.get(own);
    if (lease) {
      lease.until = now() + ttl;
      at(lease.until, sweep);
    }
    return lease !== undefined;
  }
  function cancel(id: string): void {
    cancelled.add(id);
    queue = queue.filter((waiter) => waiter.id !== id);
    for (const [own, lease] of held) if (lease.id === id) held.delete(own);
    sweep();
  }

  /** A call that arrives after a while, and whose answer does; one in twenty answers is lost. `end` is told once. */
  function call<R>(
    process: number,
    op: LeaseOp,
    serve: () => R,
    heard: (answer: R) => LeaseResult | undefined,
    end: (answer: R | null) => void,
  ): void {
    const place = history.push({ process, op, call: now() * 1e6, return: null }) - 1;
    const lost = random() < 0.05;
    later(2, () => {
      const answer = serve();
      later(2, () => {
        const result = lost ? undefined : heard(answer);
        if (!lost)
          history[place] = { ...history[place]!, return: now() * 1e6, ...(result === undefined ? {} : { result }) };
        end(lost ? null : answer);
      });
    });
  }

  function acquire(process: number, id: string, end: (fence: number | null) => void): void {
    const cost = Math.ceil(random() * permits);
    const op = { do: 'acquire', id, cost } as const;
    if (random() < 0.2) {
      call<number | null>(
        process,
        op,
        () => tryEnter({ id, cost }),
        (own) => (own === null ? 'busy' : { fence: own }),
        end,
      );
      return;
    }
    const place = history.push({ process, op, call: now() * 1e6, return: null }) - 1;
    const patience = random() < 0.15 ? random() * 8 : Infinity;
    let over = false;
    const note = (part: Partial<Operation<LeaseOp, LeaseResult>>): void => {
      history[place] = { ...history[place]!, ...part };
    };
    const granted = (own: number): void =>
      later(2, () => {
        if (over) return;
        over = true;
        note({ return: now() * 1e6, result: { fence: own } });
        end(own);
      });
    const queued = (): void => later(1, () => over || note({ queued: now() * 1e6 }));
    later(2, () => enter({ id, cost, granted }, queued));
    if (patience === Infinity) return;
    // Gives up; sometimes it says so and waits for the answer.
    at(now() + patience, () => {
      if (over) return;
      over = true;
      const known = { process, op: { do: 'cancel', id } as const, call: now() * 1e6, return: null };
      const cancelPlace = random() < 0.5 ? history.push(known) - 1 : null;
      later(2, () => {
        cancel(id);
        later(2, () => {
          if (cancelPlace !== null) history[cancelPlace] = { ...known, return: now() * 1e6 };
          end(null);
        });
      });
    });
  }

  function live(process: number, round: number): void {
    if (round === rounds) return;
    const next = (): void => later(3, () => live(process, round + 1));
    acquire(process, `${process}.${round}`, (own) => {
      // One in thirty is killed while it holds.
      if (own === null || random() < 0.03) {
        next();
        return;
      }
      const give = (): void =>
        call(
          process,
          { do: 'release', fence: own },
          () => release(own),
          (was) => (hears ? was : undefined),
          next,
        );
      const hold = random() < 0.2 ? ttl * (0.5 + random()) : random() * 2;
      const renewFirst = (): void =>
        call(
          process,
          { do: 'renew', fence: own },
          () => renew(own),
          (was) => was,
          (was) => (was === true ? later(2, give) : next()),
        );
      at(now() + hold, random() < 0.7 ? give : renewFirst);
    });
  }
  for (let process = 0; process < processes; process++) later(3, () => live(process, 0));
  run();
  return history;
}
