import type { Operation } from '../../lib/testing/linear/sequential.ts';
import type { BarrierOp, BarrierResult } from '../../lib/testing/linear/sequentialBarrier.ts';
import type { LimiterOp } from '../../lib/testing/linear/sequentialBucket.ts';
import { simulation } from './simulation.ts';

/** When a request may go that comes at `now`: at once, or later. Books it if it is to. */
export type Limiter = (now: number, cost: number) => { readonly opensAt: number; readonly take: () => void };

export const bucket = (interval: number, burst: number, smooth = false): Limiter => {
  let level = 0;
  return (now, cost) => ({
    opensAt: smooth ? level : level - (burst - cost) * interval,
    take: () => (level = Math.max(level, now) + cost * interval),
  });
};

export const slidingWindow = (limit: number, per: number): Limiter => {
  const log: { readonly at: number; readonly cost: number }[] = [];
  return (now, cost) => {
    const inside = log.filter(({ at }) => at + per > now);
    let over = inside.reduce((sum, one) => sum + one.cost, cost) - limit;
    let opensAt = now;
    for (const one of inside) {
      if (over <= 0) break;
      opensAt = one.at + per;
      over -= one.cost;
    }
    return { opensAt, take: () => log.push({ at: now, cost }) };
  };
};

export const fixedWindow = (limit: number, per: number): Limiter => {
  let opened = -Infinity;
  let used = 0;
  return (now, cost) => {
    const isOpen = opened + per > now;
    return {
      opensAt: isOpen && used + cost > limit ? opened + per : now,
      take() {
        if (!isOpen) [opened, used] = [now, 0];
        used += cost;
      },
    };
  };
};

/** What eight processes saw of a limiter: tries that are refused and requests that wait, some answers lost. */
export function limiterHistory(seed: number, limiter: Limiter): Operation<LimiterOp, boolean>[] {
  const { now, random, later, at, run } = simulation(seed);
  const history: Operation<LimiterOp, boolean>[] = [];
  function live(process: number, round: number): void {
    if (round === 5) return;
    const cost = 1 + Math.floor(random() * 2);
    const waits = random() < 0.5;
    const place = history.push({ process, op: { do: 'admit', cost }, call: now() * 1e6, return: null }) - 1;
    const answer = (result: boolean): void =>
      later(2, () => {
        if (random() > 0.05) history[place] = { ...history[place]!, return: now() * 1e6, result };
        later(10, () => live(process, round + 1));
      });
    const serve = (): void => {
      const { opensAt, take } = limiter(now(), cost);
      const free = opensAt <= now();
      if (free) take();
      if (free || !waits) answer(free);
      else at(opensAt, serve);
    };
    later(2, serve);
  }
  for (let process = 0; process < 8; process++) later(10, () => live(process, 0));
  run();
  return history;
}

export type BarrierMutant = 'early' | 'index' | 'split' | 'impatient';

/** What processes saw of a barrier with a timeout: some arrive late, some answers are lost. */
export function barrierHistory(
  seed: number,
  parties: number,
  timeout: number,
  mutant?: BarrierMutant,
): Operation<BarrierOp, BarrierResult>[] {
  const { now, random, later, at, run } = simulation(seed);
  const history: Operation<BarrierOp, BarrierResult>[] = [];
  let waiting: ((result: BarrierResult) => void)[] = [];
  let generation = 0;

  function arrive(answer: (result: BarrierResult) => void): void {
    waiting.push(answer);
    const mine = waiting;
    if (waiting.length === 1)
      at(now() + timeout * (mutant === 'impatient' ? 0.5 : 1), () => {
        if (waiting !== mine) return;
        waiting = [];
        for (const hear of mine) hear({ broken: 'timeout' });
      });
    if (waiting.length < (mutant === 'early' && random() < 0.3 ? parties - 1 : parties)) return;
    waiting = [];
    const number = generation++;
    mine.forEach((hear, index) => {
      if (mutant === 'split' && random() < 0.1) hear({ broken: 'forced' });
      else hear({ index: mutant === 'index' && random() < 0.2 ? 0 : index, generation: number });
    });
  }
  function live(process: number, round: number): void {
    if (round === 5) return;
    const place =
      history.push({ process, op: { do: 'arrive', id: `${process}.${round}` }, call: now() * 1e6, return: null }) - 1;
    later(2, () =>
      arrive((result) =>
        later(2, () => {
          if (random() > 0.05) history[place] = { ...history[place]!, return: now() * 1e6, result };
          later(8, () => live(process, round + 1));
        }),
      ),
    );
  }
  for (let process = 0; process < 8; process++) later(8, () => live(process, 0));
  run();
  return history;
}
