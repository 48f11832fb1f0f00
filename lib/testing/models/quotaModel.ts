import type { QuotaSpec } from '../../gates/spec.ts';
import { type History, type Model } from './model.ts';

/** When the period of `at` ends. */
const ends = (spec: QuotaSpec, at: number): number =>
  spec.anchor + (Math.floor((at - spec.anchor) / spec.per) + 1) * spec.per;

/** What was reserved or charged in the period of `now`. Another `per` cuts the running period anew, and what it spent stays spent. */
function spent(history: History<QuotaSpec>, now: number): number {
  let sum = 0;
  let end = Infinity;
  let settings: QuotaSpec | null = null;
  const turn = (at: number): void => {
    if (at >= end) sum = 0;
    if (settings !== null) end = ends(settings, at);
  };
  for (const item of history) {
    turn(item.at);
    if (item.what === 'entry') sum += item.charged ?? item.cost;
    else settings = item.spec;
    turn(item.at);
  }
  turn(now);
  return sum;
}

/** Quotas: what was spent in this period of the calendar, and what is asked, must fit into the limit. */
export const quotaModel: Model<QuotaSpec> = {
  capacity: ({ limit }) => limit,
  admits: (history, spec, cost, now) => spent(history, now) + cost <= spec.limit,
  moments: (_history, spec, _cost, now) => [ends(spec, now)],
};
