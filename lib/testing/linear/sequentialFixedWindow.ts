import { knownOptions, positiveNumber } from '../../internal/options.ts';
import { tolerance } from '../models/model.ts';
import { earliest, nanoseconds, type SequentialModel } from './sequential.ts';
import type { LimiterOp } from './sequentialBucket.ts';
import type { SequentialWindowOptions } from './sequentialSlidingWindow.ts';

export interface FixedWindowState {
  /** The earliest moment that it can be. */
  readonly now: number;
  /** The earliest and the latest moment at which the window can have opened; `null`: none has. */
  readonly opened: { readonly early: number; readonly late: number } | null;
  readonly used: number;
}

/**
 * A limiter whose window of `per` opens with the first admission and lets in `limit`, with the answers and the bounds of
 * `sequentialBucket`.
 *
 * @throws ConfigError for options that are unknown or mean nothing.
 * @example
 * ```ts
 * linearizable(sequentialFixedWindow({ limit: 10, per: '1s' }), historyOf(readFileSync(file, 'utf8')));
 * ```
 */
export function sequentialFixedWindow(
  options: SequentialWindowOptions,
): SequentialModel<FixedWindowState, LimiterOp, boolean> {
  knownOptions('sequentialFixedWindow', options, ['limit', 'per', 'drift']);
  const limit = positiveNumber(options.limit, 'sequentialFixedWindow.limit');
  const per = nanoseconds(options.per, 'sequentialFixedWindow.per');
  const drift = nanoseconds(options.drift ?? 1, 'sequentialFixedWindow.drift', { zero: true });

  return {
    initial: { now: 0, opened: null, used: 0 },
    key: ({ opened, used }) => (opened === null ? '' : String(used)),
    covers: (a, b) =>
      a.now <= b.now &&
      (!a.opened || !b.opened || (a.opened.early <= b.opened.early && a.opened.late >= b.opened.late)),
    step: earliest((state, { op, result, to }) => {
      const { now, opened, used } = state;
      if (op.do === 'wipe') return [{ now, opened: null, used: 0 }];
      const { cost = 1 } = op;
      const isOpen = opened !== null && now < opened.late + per + drift;
      const fits = used + cost <= limit + tolerance;
      const refused = result !== true && ((isOpen && !fits) || cost > limit) ? [state] : [];
      if (cost > limit || result === false) return refused;
      const at = opened === null ? now : Math.max(now, opened.early + per - drift);
      return [
        ...(isOpen && fits ? [{ now, opened: { ...opened, late: Math.min(opened.late, to) }, used: used + cost }] : []),
        { now: at, opened: { early: at, late: to }, used: cost },
        ...refused,
      ];
    }),
  };
}
